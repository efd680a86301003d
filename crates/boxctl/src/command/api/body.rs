//! What is sent: text, a file or stdin. What is small goes with the request, the rest after it, piece by piece.

use std::{
    fs::File,
    io::{self, Cursor, Read as _},
};

use boxd_client::{ApiRequestBody, Piece, Source};

use crate::failure::Failure;

/// What is longer does not go with the request: that is one frame, which headers need room in too.
const SMALL: usize = 24 * 1024;

/// A body whose beginning is known.
pub(super) struct Data {
    beginning: Vec<u8>,
    /// What follows the beginning, if that is not all.
    rest: Option<Source>,
    length: Option<u64>,
}

impl Data {
    /// Opens what `-d` names.
    pub(super) fn open(given: &str) -> Result<Self, Failure> {
        let unreadable = |name: &str, error: io::Error| {
            Failure::usage(
                format!("{name} cannot be read: {error}"),
                "-d takes the data itself, @FILE for what is in a file, or @- for stdin",
            )
        };
        if given == "-" {
            return Err(Failure::usage("-d - would send a dash", "-d @- sends what comes on stdin"));
        }
        match given.strip_prefix('@') {
            None => Self::begin(Box::new(Cursor::new(given.as_bytes().to_vec())), Some(given.len()))
                .map_err(|error| unreadable("the body", error)),
            Some("-") => Self::begin(Box::new(io::stdin()), None).map_err(|error| unreadable("stdin", error)),
            Some(name) => {
                let opened = File::open(name).and_then(|file| {
                    let metadata = file.metadata()?;
                    // Only a regular file has the length that it says.
                    let length = metadata.is_file().then(|| usize::try_from(metadata.len()).ok()).flatten();
                    Self::begin(Box::new(file), length)
                });
                opened.map_err(|error| unreadable(name, error))
            }
        }
    }

    fn begin(mut source: Source, length: Option<usize>) -> io::Result<Self> {
        let mut beginning = Vec::new();
        let most = u64::try_from(SMALL + 1).unwrap_or(u64::MAX);
        source.by_ref().take(most).read_to_end(&mut beginning)?;
        let rest = (beginning.len() > SMALL).then_some(source);
        // Files of /proc, and of some file systems, have more in them than they say.
        let length = length.filter(|length| *length >= beginning.len());
        Ok(Self { beginning, rest, length: length.and_then(|length| u64::try_from(length).ok()) })
    }

    /// Whether it begins as an object or array does.
    pub(super) fn looks_like_json(&self) -> bool {
        let first = self.beginning.iter().find(|byte| !byte.is_ascii_whitespace());
        matches!(first, Some(b'{' | b'['))
    }
}

/// The body as it goes with the request, and what is sent after that.
pub(super) fn split(data: Option<Data>) -> (ApiRequestBody, Option<Source>) {
    match data {
        None => (ApiRequestBody::None, None),
        Some(Data { beginning, rest: None, .. }) => (ApiRequestBody::Whole(Piece::new(beginning)), None),
        Some(Data { beginning, rest: Some(rest), length }) => {
            let source: Source = Box::new(Cursor::new(beginning).chain(rest));
            (ApiRequestBody::Streamed { length }, Some(source))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_small_goes_along_and_the_rest_is_streamed() {
        let (body, source) = split(Some(Data::open("{\"a\":1}").unwrap()));
        assert!(matches!(body, ApiRequestBody::Whole(piece) if piece.as_bytes() == b"{\"a\":1}"));
        assert!(source.is_none());
        let long = "x".repeat(SMALL + 100);
        let (body, source) = split(Some(Data::open(&long).unwrap()));
        assert_eq!(body, ApiRequestBody::Streamed { length: Some(long.len() as u64) });
        let mut text = String::new();
        source.unwrap().read_to_string(&mut text).unwrap();
        assert!(text == long);
        assert!(Data::open("@/nowhere/at/all").is_err());
        assert!(Data::open("-").is_err(), "whoever writes this means stdin");
    }

    #[test]
    fn a_length_that_is_too_short_is_none() {
        let long = || Box::new(Cursor::new(vec![7_u8; SMALL + 100])) as Source;
        let told = |said| match split(Some(Data::begin(long(), Some(said)).unwrap())).0 {
            ApiRequestBody::Streamed { length } => length,
            other => panic!("{other:?}"),
        };
        assert_eq!(told(SMALL + 100), Some((SMALL + 100) as u64));
        assert_eq!(told(0), None, "a file of /proc says that it is empty");
    }

    #[test]
    fn json_is_known_by_its_beginning() {
        assert!(Data::open(" \n{}").unwrap().looks_like_json());
        assert!(Data::open("[1]").unwrap().looks_like_json());
        assert!(!Data::open("a=b").unwrap().looks_like_json());
        assert!(!Data::open("").unwrap().looks_like_json());
    }
}
