//! Passes a program's output on, with secrets hidden.

use std::{
    io::{self, Read, Write},
    process::Child,
    thread::JoinHandle,
};

use super::mask::{Masker, Secrets};

/// Bytes read at a time.
const CHUNK: usize = 16 * 1024;

/// What passes on the output of a program that was started for that; nothing where nothing is hidden.
pub(super) fn of(child: &mut Child, masked: Option<&Secrets>) -> Vec<JoinHandle<()>> {
    let mut pumps = Vec::new();
    if let Some(secrets) = masked {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        pumps.extend(out.map(|pipe| pump(pipe, io::stdout(), Masker::new(secrets))));
        pumps.extend(err.map(|pipe| pump(pipe, io::stderr(), Masker::new(secrets))));
    }
    pumps
}

/// Passes what comes from `pipe` on to `to` until its end, or until nobody reads it there: then the program is to
/// notice, as it would without boxctl in between.
fn pump(
    mut pipe: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    mut masker: Masker,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut chunk = vec![0; CHUNK];
        let mut shown = Vec::with_capacity(CHUNK);
        loop {
            let length = match pipe.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(length) => length,
                Err(_) => 0,
            };
            match length {
                0 => masker.finish(&mut shown),
                length => masker.push(chunk.get(..length).unwrap_or_default(), &mut shown),
            }
            if to.write_all(&shown).and_then(|()| to.flush()).is_err() || length == 0 {
                return;
            }
            shown.clear();
        }
    })
}
