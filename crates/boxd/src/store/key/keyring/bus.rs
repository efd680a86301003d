//! A connection to the session bus of D-Bus: blocking, with a deadline on every read and write.
//!
//! Written here rather than taken from a crate, since the key passes through its buffers, which must be wiped, and
//! since the smallest client library in Rust without C code brings some fifty crates.

use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use zeroize::Zeroizing;

use super::{
    KeyringError,
    wire::{self, ERROR, FIXED, Head, METHOD_RETURN, Malformed, Method, Writer},
};

/// How long the bus or the keyring may be silent. It includes the time that it takes to start a keyring's daemon.
const PATIENCE: Duration = Duration::from_secs(5);
/// A line of the handshake is shorter.
const LONGEST_LINE: usize = 4096;
/// Signals and other messages that may come before an answer.
const MOST_OTHERS: usize = 1000;

/// Where the session bus listens: one of these, the first that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Path(PathBuf),
    Abstract(Vec<u8>),
}

impl Address {
    /// What the environment says, as all clients of D-Bus read it; else where systemd has the bus of each user.
    pub(super) fn of_session(environment: impl Fn(&str) -> Option<OsString>) -> Vec<Self> {
        let set = |name| environment(name).filter(|value| !value.is_empty());
        let runtime = set("XDG_RUNTIME_DIR").map(PathBuf::from);
        match set("DBUS_SESSION_BUS_ADDRESS").and_then(|text| text.into_string().ok()) {
            Some(text) => text.split(';').filter_map(|one| Self::parse(one, runtime.as_deref())).collect(),
            None => runtime.map(|directory| Self::Path(directory.join("bus"))).into_iter().collect(),
        }
    }

    /// One address of the D-Bus Specification ("Server addresses"); those of other transports than Unix sockets are
    /// none for us.
    fn parse(text: &str, runtime: Option<&Path>) -> Option<Self> {
        text.strip_prefix("unix:")?.split(',').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            match key {
                "path" => Some(Self::Path(path_of(unescaped(value)?))),
                "abstract" => Some(Self::Abstract(unescaped(value)?)),
                "runtime" if value == "yes" => Some(Self::Path(runtime?.join("bus"))),
                _ => None,
            }
        })
    }

    fn connect(&self) -> io::Result<UnixStream> {
        match self {
            Self::Path(path) => UnixStream::connect(path),
            Self::Abstract(name) => connect_abstract(name),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn connect_abstract(name: &[u8]) -> io::Result<UnixStream> {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt as _;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt as _;
    UnixStream::connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn connect_abstract(_name: &[u8]) -> io::Result<UnixStream> {
    Err(io::ErrorKind::Unsupported.into())
}

fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes).into()
}

fn unescaped(value: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    Some(bytes)
}

/// An answer to a call.
pub(super) struct Answer {
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// A connection that has said hello.
#[derive(Debug)]
pub(super) struct Bus {
    stream: UnixStream,
    serial: u32,
}

impl Bus {
    /// Connects to the first of these that answers.
    pub(super) fn connect(addresses: &[Address]) -> Result<Self, KeyringError> {
        let mut why = "there is no session bus (DBUS_SESSION_BUS_ADDRESS)".to_owned();
        for address in addresses {
            match address.connect().and_then(Self::greet) {
                Ok(bus) => return bus.hello(),
                Err(error) => why = format!("the session bus does not answer: {error}"),
            }
        }
        Err(KeyringError::Unreachable(why))
    }

    /// The handshake (D-Bus Specification, "Authentication Protocol"), by our uid.
    fn greet(mut stream: UnixStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        refuse_strangers(&stream)?;
        let uid = rustix::process::geteuid().as_raw().to_string();
        // In hexadecimal the digits of ASCII are 30 to 39.
        let digits: String = uid.chars().flat_map(|digit| ['3', digit]).collect();
        stream.write_all(format!("\0AUTH EXTERNAL {digits}\r\n").as_bytes())?;
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            line.extend_from_slice(&byte);
            if line.len() > LONGEST_LINE {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        if !line.starts_with(b"OK ") {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it does not let us in"));
        }
        stream.write_all(b"BEGIN\r\n")?;
        Ok(Self { stream, serial: 0 })
    }

    fn hello(mut self) -> Result<Self, KeyringError> {
        let bus = "org.freedesktop.DBus";
        let hello =
            Method { destination: bus, path: "/org/freedesktop/DBus", interface: bus, member: "Hello" };
        self.call(hello, "", &Writer::default(), "s")?;
        Ok(self)
    }

    /// Calls a method that answers with values of the signature `answers`.
    pub(super) fn call(
        &mut self,
        method: Method<'_>,
        signature: &str,
        body: &Writer,
        answers: &str,
    ) -> Result<Answer, KeyringError> {
        self.serial += 1;
        let message = wire::call(self.serial, method, signature, body);
        self.stream.write_all(message.bytes()).map_err(|error| silent(&error))?;
        for _ in 0..MOST_OTHERS {
            let (head, body) = self.receive()?;
            if head.reply_to != Some(self.serial) {
                continue;
            }
            return match head.kind {
                METHOD_RETURN if head.signature == answers => Ok(Answer { body }),
                ERROR => Err(refusal(&head, &body)),
                _ => Err(Malformed.into()),
            };
        }
        Err(KeyringError::Unreachable("it does not answer".into()))
    }

    fn receive(&mut self) -> Result<(Head, Zeroizing<Vec<u8>>), KeyringError> {
        let mut fixed = [0; FIXED];
        self.stream.read_exact(&mut fixed).map_err(|error| silent(&error))?;
        let (rest, fields) = wire::lengths(&fixed)?;
        let mut message = Zeroizing::new(vec![0; rest]);
        self.stream.read_exact(&mut message).map_err(|error| silent(&error))?;
        let (fields, body) = message.split_at_checked(fields).ok_or(Malformed)?;
        Ok((wire::head(&fixed, fields)?, Zeroizing::new(body.to_vec())))
    }
}

/// The key must not go to a bus of another user, whatever the environment says.
fn refuse_strangers(stream: &UnixStream) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let peer = rustix::net::sockopt::socket_peercred(stream)?.uid;
        if peer != rustix::process::geteuid() && !peer.is_root() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = stream;
    Ok(())
}

fn silent(error: &io::Error) -> KeyringError {
    let is_late = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
    let why = if is_late { "it does not answer".to_owned() } else { error.to_string() };
    KeyringError::Unreachable(why)
}

/// What an error message means; its text is the keyring's own.
fn refusal(head: &Head, body: &[u8]) -> KeyringError {
    let name = head.error.as_deref().unwrap_or_default();
    let text = wire::Reader::of(body).text().unwrap_or_default();
    let said = || format!("{name}: {text}").chars().filter(|letter| !letter.is_control()).take(200).collect();
    match name.rsplit('.').next().unwrap_or_default() {
        "IsLocked" => KeyringError::Locked,
        "NoSuchObject" | "UnknownObject" => KeyringError::Missing,
        "ServiceUnknown" | "NameHasNoOwner" | "NoReply" | "ChildExited" | "ExecFailed" | "SpawnFailed"
        | "TimedOut" | "Timeout" => KeyringError::Unreachable(said()),
        _ => KeyringError::Refused(said()),
    }
}

impl From<Malformed> for KeyringError {
    fn from(malformed: Malformed) -> Self {
        Self::Refused(malformed.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(bus: Option<&str>, runtime: Option<&str>) -> Vec<Address> {
        Address::of_session(|name| match name {
            "DBUS_SESSION_BUS_ADDRESS" => bus.map(OsString::from),
            _ => runtime.map(OsString::from),
        })
    }

    #[test]
    fn the_bus_is_found_where_the_environment_says() {
        let path = |path: &str| Address::Path(path.into());
        assert_eq!(addresses(None, None), []);
        assert_eq!(addresses(None, Some("/run/user/7")), [path("/run/user/7/bus")]);
        assert_eq!(addresses(Some("unix:path=/tmp/a%20b,guid=00"), Some("/r")), [path("/tmp/a b")]);
        assert_eq!(
            addresses(Some("tcp:host=h,port=1;unix:abstract=/x;unix:runtime=yes"), Some("/r")),
            [Address::Abstract(b"/x".to_vec()), path("/r/bus")]
        );
        assert_eq!(addresses(Some("unix:path=%zz"), None), []);
        assert_eq!(addresses(Some("autolaunch:"), Some("/r")), []);
    }
}
