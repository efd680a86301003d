//! The few parts of the D-Bus wire format that a keyring needs (D-Bus Specification, "Type system" and "Message
//! format"): little-endian, written and read front to back.

use zeroize::Zeroizing;

/// No message of a keyring is longer: more is not read.
pub(super) const LONGEST: usize = 1024 * 1024;
/// Message types.
pub(super) const METHOD_CALL: u8 = 1;
pub(super) const METHOD_RETURN: u8 = 2;
pub(super) const ERROR: u8 = 3;
/// Header fields.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;
/// Bytes of a header's fixed part, the length of its fields included.
pub(super) const FIXED: usize = 16;

/// The bytes do not follow the format.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("its answer cannot be understood")]
pub(super) struct Malformed;

/// A method call's address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method<'a> {
    pub(super) destination: &'a str,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) member: &'a str,
}

/// Puts values one after another, aligned as their types want. Wiped when dropped.
#[derive(Default)]
pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Room for what may hold a secret: a buffer that grows leaves copies behind.
    pub(super) fn reserve(&mut self) {
        self.0.reserve(2048);
    }

    fn align(&mut self, to: usize) {
        let length = self.0.len().next_multiple_of(to);
        self.0.resize(length, 0);
    }

    pub(super) fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        self.align(4);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn length(&mut self, length: usize) -> &mut Self {
        // Nothing of ours comes near 4 GiB.
        self.u32(u32::try_from(length).unwrap_or(u32::MAX))
    }

    /// A string or an object path.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
        self.u8(0)
    }

    pub(super) fn signature(&mut self, signature: &str) -> &mut Self {
        self.u8(u8::try_from(signature.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(signature.as_bytes());
        self.u8(0)
    }

    pub(super) fn byte_array(&mut self, bytes: &[u8]) -> &mut Self {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
        self
    }

    /// The beginning of a struct or dict entry.
    pub(super) fn structure(&mut self) -> &mut Self {
        self.align(8);
        self
    }

    /// An array of elements that are aligned to `alignment`; its length does not count the padding before the first.
    pub(super) fn array(&mut self, alignment: usize, elements: impl FnOnce(&mut Self)) -> &mut Self {
        self.u32(0);
        let place = self.0.len() - 4;
        self.align(alignment);
        let start = self.0.len();
        elements(self);
        let length = u32::try_from(self.0.len() - start).unwrap_or(u32::MAX);
        if let Some(bytes) = self.0.get_mut(place..place + 4) {
            bytes.copy_from_slice(&length.to_le_bytes());
        }
        self
    }
}

/// A whole method call.
pub(super) fn call(serial: u32, method: Method<'_>, signature: &str, body: &Writer) -> Writer {
    let mut message = Writer::default();
    message.0.reserve(2048 + body.0.len());
    message.u8(b'l').u8(METHOD_CALL).u8(0).u8(1).length(body.0.len()).u32(serial);
    message.array(8, |fields| {
        fields.structure().u8(PATH).signature("o").text(method.path);
        fields.structure().u8(INTERFACE).signature("s").text(method.interface);
        fields.structure().u8(MEMBER).signature("s").text(method.member);
        fields.structure().u8(DESTINATION).signature("s").text(method.destination);
        if !signature.is_empty() {
            fields.structure().u8(SIGNATURE).signature("g").signature(signature);
        }
    });
    message.structure();
    message.0.extend_from_slice(&body.0);
    message
}

/// What a message's header says of what we need.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) kind: u8,
    pub(super) reply_to: Option<u32>,
    pub(super) error: Option<String>,
    pub(super) signature: String,
}

/// How many bytes follow a header's fixed part, and how many of them are the fields with their padding.
pub(super) fn lengths(fixed: &[u8; FIXED]) -> Result<(usize, usize), Malformed> {
    let mut reader = Reader::of(fixed);
    // Whoever answers us writes little-endian, as we do; any other order is legal, but no bus of ours has it.
    if reader.u8()? != b'l' {
        return Err(Malformed);
    }
    reader.skip(3)?;
    let body = usize::try_from(reader.u32()?).or(Err(Malformed))?;
    reader.u32()?;
    let fields = usize::try_from(reader.u32()?).or(Err(Malformed))?;
    if body > LONGEST || fields > LONGEST {
        return Err(Malformed);
    }
    let fields = fields.next_multiple_of(8);
    Ok((fields + body, fields))
}

/// Reads the header's fields, which begin where its fixed part ends.
pub(super) fn head(fixed: &[u8; FIXED], fields: &[u8]) -> Result<Head, Malformed> {
    let [_, kind, ..] = *fixed;
    let mut head = Head { kind, ..Head::default() };
    let length = fixed.last_chunk::<4>().map(|length| u32::from_le_bytes(*length)).ok_or(Malformed)?;
    let length = usize::try_from(length).or(Err(Malformed))?;
    // The fixed part is 16 bytes long, so that alignment comes out the same without it.
    let mut reader = Reader::of(fields.get(..length).ok_or(Malformed)?);
    while !reader.is_at_end() {
        reader.align(8)?;
        let field = reader.u8()?;
        match reader.signature()? {
            "s" | "o" => {
                let text = reader.text()?;
                if field == ERROR_NAME {
                    head.error = Some(text.to_owned());
                }
            }
            "u" => {
                let number = reader.u32()?;
                if field == REPLY_SERIAL {
                    head.reply_to = Some(number);
                }
            }
            "g" => {
                let signature = reader.signature()?;
                if field == SIGNATURE {
                    signature.clone_into(&mut head.signature);
                }
            }
            // The specification has fields of these three types only.
            _ => return Err(Malformed),
        }
    }
    Ok(head)
}

/// Takes values off the front of some bytes.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, place: 0 }
    }

    fn is_at_end(&self) -> bool {
        self.place >= self.bytes.len()
    }

    fn skip(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self.place.checked_add(length).ok_or(Malformed)?;
        let taken = self.bytes.get(self.place..end).ok_or(Malformed)?;
        self.place = end;
        Ok(taken)
    }

    pub(super) fn align(&mut self, to: usize) -> Result<(), Malformed> {
        self.skip(self.place.next_multiple_of(to) - self.place).map(|_padding| ())
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.skip(1)?.first().copied().ok_or(Malformed)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.align(4)?;
        self.skip(4)?.try_into().map(u32::from_le_bytes).or(Err(Malformed))
    }

    fn length(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.u32()?).or(Err(Malformed))
    }

    /// A string or an object path.
    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = self.length()?;
        let text = std::str::from_utf8(self.skip(length)?).or(Err(Malformed))?;
        self.skip(1)?;
        Ok(text)
    }

    pub(super) fn signature(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::from(self.u8()?);
        let text = std::str::from_utf8(self.skip(length)?).or(Err(Malformed))?;
        self.skip(1)?;
        Ok(text)
    }

    pub(super) fn byte_array(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.length()?;
        self.skip(length)
    }

    /// An array of strings or object paths.
    pub(super) fn texts(&mut self) -> Result<Vec<String>, Malformed> {
        let length = self.length()?;
        let end = self.place.checked_add(length).ok_or(Malformed)?;
        let mut texts = Vec::new();
        while self.place < end {
            texts.push(self.text()?.to_owned());
        }
        Ok(texts)
    }

    /// A variant that holds a boolean.
    pub(super) fn boolean_variant(&mut self) -> Result<bool, Malformed> {
        match self.signature()? {
            "b" => Ok(self.u32()? != 0),
            _ => Err(Malformed),
        }
    }

    /// A variant that holds a string.
    pub(super) fn text_variant(&mut self) -> Result<&'a str, Malformed> {
        match self.signature()? {
            "s" => self.text(),
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(message: &[u8]) -> Result<(Head, usize), Malformed> {
        let (fixed, rest) = message.split_first_chunk::<FIXED>().ok_or(Malformed)?;
        let (rest_length, fields) = lengths(fixed)?;
        Ok((head(fixed, rest.get(..fields).ok_or(Malformed)?)?, rest_length - fields))
    }

    #[test]
    fn a_call_is_laid_out_as_the_specification_says() {
        let method = Method { destination: "d.e", path: "/p", interface: "i.f", member: "M" };
        let mut body = Writer::default();
        body.text("ab").array(8, |entries| {
            entries.structure().text("k").text("v");
        });
        let message = call(7, method, "sa{ss}", &body);
        let (head, length) = parts(message.bytes()).unwrap();
        assert_eq!((head.kind, head.signature.as_str(), length), (METHOD_CALL, "sa{ss}", body.bytes().len()));
        assert_eq!(message.bytes().len() % 8, body.bytes().len() % 8, "the body is aligned");
        // `ab`, padding, the array's length, padding, its one entry.
        let expected = [
            &[2, 0, 0, 0, b'a', b'b', 0, 0, 14, 0, 0, 0, 0, 0, 0, 0][..],
            &[1, 0, 0, 0, b'k', 0, 0, 0, 1, 0, 0, 0, b'v', 0],
        ];
        assert_eq!(body.bytes(), expected.concat());
    }

    proptest! {
        #[test]
        fn nothing_that_a_keyring_sends_is_more_than_malformed(
            fixed: [u8; FIXED],
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            // That none of these panics is what is tried; that none gives more than it got, what is asserted.
            let mut reader = Reader::of(&bytes);
            let taken = [
                lengths(&fixed).map(|(rest, fields)| fields.saturating_sub(rest)),
                head(&fixed, &bytes).map(|head| head.signature.len()),
                reader.texts().map(|texts| texts.iter().map(String::len).sum()),
                reader.boolean_variant().map(usize::from),
                reader.text_variant().map(str::len),
                reader.byte_array().map(<[u8]>::len),
            ];
            prop_assert!(taken.into_iter().flatten().all(|length| length <= bytes.len()));
        }
    }
}
