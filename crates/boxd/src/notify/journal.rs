//! The journal's native protocol, for messages that have fields (systemd.journal-fields(7), "Native Journal Protocol").

#[cfg(unix)]
use std::{io, os::unix::net::UnixDatagram, path::Path};

/// Where journald listens.
#[cfg(unix)]
const SOCKET: &str = "/run/systemd/journal/socket";

/// Sends one entry, if stderr is the journal's; returns whether it has it.
#[cfg(unix)]
pub(super) fn send(fields: &[(&str, &str)]) -> bool {
    crate::logging::to_the_journal() && send_to(Path::new(SOCKET), fields).is_ok()
}

/// There is no journal.
#[cfg(not(unix))]
pub(super) fn send(_fields: &[(&str, &str)]) -> bool {
    false
}

#[cfg(unix)]
fn send_to(socket: &Path, fields: &[(&str, &str)]) -> io::Result<()> {
    let sender = UnixDatagram::unbound()?;
    // A journal that does not read must not hold boxd up: the log line takes another way then.
    sender.set_nonblocking(true)?;
    sender.send_to(&encode(fields), socket)?;
    Ok(())
}

/// `NAME=value`, or, where a value has several lines, its length before it (64 bits, little-endian).
#[cfg(unix)]
fn encode(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut entry = Vec::with_capacity(512);
    for (name, value) in fields {
        entry.extend_from_slice(name.as_bytes());
        if value.contains('\n') {
            entry.push(b'\n');
            entry.extend_from_slice(&u64::try_from(value.len()).unwrap_or(0).to_le_bytes());
        } else {
            entry.push(b'=');
        }
        entry.extend_from_slice(value.as_bytes());
        entry.push(b'\n');
    }
    entry
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_datagram_in_the_native_form() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let journal = UnixDatagram::bind(&path).unwrap();
        send_to(&path, &[("MESSAGE", "one\ntwo"), ("PRIORITY", "3"), ("BOXD_ACCOUNT", "a=b")]).unwrap();
        let mut entry = [0; 512];
        let length = journal.recv(&mut entry).unwrap();
        let expected = b"MESSAGE\n\x07\0\0\0\0\0\0\0one\ntwo\nPRIORITY=3\nBOXD_ACCOUNT=a=b\n";
        assert_eq!(&entry[..length], expected);
        assert!(send_to(&place.path().join("none"), &[]).is_err());
    }
}
