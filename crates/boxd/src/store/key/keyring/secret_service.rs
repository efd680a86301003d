//! The Secret Service of freedesktop.org, which GNOME Keyring, `KWallet` and `KeePassXC` offer on the session bus
//! (Secret Service API 0.2).

use std::ffi::OsString;

use super::{
    super::{KeyId, SealingKey, text},
    Keyring, KeyringError,
    bus::{Address, Bus},
    wire::{Method, Reader, Writer},
};

const NAME: &str = "org.freedesktop.secrets";
const SERVICE: &str = "/org/freedesktop/secrets";
/// What an object path that stands for nothing looks like.
const NOTHING: &str = "/";

/// The keyring of this session.
#[derive(Debug)]
pub(super) struct SecretService {
    addresses: Vec<Address>,
}

/// An open session, over which secrets pass as they are: the socket is ours and the bus's alone, and who could read
/// along could ask the keyring as well.
struct Session {
    bus: Bus,
    path: String,
}

impl SecretService {
    pub(super) fn of_this_session(environment: impl Fn(&str) -> Option<OsString>) -> Self {
        Self { addresses: Address::of_session(environment) }
    }

    /// A new connection each time: it is seldom needed, and the daemon may have been started anew.
    fn open(&self) -> Result<Session, KeyringError> {
        let mut bus = Bus::connect(&self.addresses)?;
        let mut body = Writer::default();
        body.text("plain").signature("s").text("");
        let answer = bus.call(service("Service", "OpenSession", SERVICE), "sv", &body, "vo")?;
        let mut reader = Reader::of(&answer.body);
        reader.text_variant()?;
        Ok(Session { path: reader.text()?.to_owned(), bus })
    }
}

impl Keyring for SecretService {
    fn kind(&self) -> &'static str {
        "Secret Service"
    }

    fn ready(&self) -> Result<(), KeyringError> {
        let mut session = self.open()?;
        let collection = session.default_collection()?;
        if session.is_locked(&collection)? { Err(KeyringError::Locked) } else { Ok(()) }
    }

    fn read(&self, id: KeyId) -> Result<SealingKey, KeyringError> {
        let mut session = self.open()?;
        let (open, locked) = session.search(id)?;
        let Some(item) = open.first() else {
            return Err(if locked.is_empty() { session.why_nothing()? } else { KeyringError::Locked });
        };
        let mut body = Writer::default();
        body.text(&session.path);
        let answer = session.bus.call(service("Item", "GetSecret", item), "o", &body, "(oayays)")?;
        let mut reader = Reader::of(&answer.body);
        reader.text()?;
        reader.byte_array()?;
        text::parse(reader.byte_array()?)
            .ok_or_else(|| KeyringError::Refused(format!("what it keeps is not {}", text::FORMS)))
    }

    fn write(&self, key: &SealingKey, label: &str) -> Result<(), KeyringError> {
        let mut session = self.open()?;
        let collection = session.default_collection()?;
        if session.is_locked(&collection)? {
            return Err(KeyringError::Locked);
        }
        let secret = text::hexadecimal(key);
        let mut body = Writer::default();
        body.reserve();
        body.array(8, |properties| {
            properties.structure().text("org.freedesktop.Secret.Item.Label").signature("s").text(label);
            properties.structure().text("org.freedesktop.Secret.Item.Attributes").signature("a{ss}");
            attributes(properties, key.id());
        });
        body.structure().text(&session.path).byte_array(&[]).byte_array(secret.as_bytes()).text("text/plain");
        // An item with the same attributes is replaced.
        body.u32(1);
        let create = service("Collection", "CreateItem", &collection);
        let answer = session.bus.call(create, "a{sv}(oayays)b", &body, "oo")?;
        match Reader::of(&answer.body).text()? {
            // It would ask its owner first.
            NOTHING => Err(KeyringError::Locked),
            _ => Ok(()),
        }
    }

    fn remove(&self, id: KeyId) -> Result<(), KeyringError> {
        let mut session = self.open()?;
        let (open, locked) = session.search(id)?;
        for item in &open {
            let answer = session.bus.call(service("Item", "Delete", item), "", &Writer::default(), "o")?;
            if Reader::of(&answer.body).text()? != NOTHING {
                return Err(KeyringError::Locked);
            }
        }
        match (open.is_empty(), locked.is_empty()) {
            (_, false) => Err(KeyringError::Locked),
            (true, true) => Err(session.why_nothing()?),
            (false, true) => Ok(()),
        }
    }
}

impl Session {
    /// Items of this key: those that are open, and those in locked collections.
    fn search(&mut self, id: KeyId) -> Result<(Vec<String>, Vec<String>), KeyringError> {
        let mut body = Writer::default();
        attributes(&mut body, id);
        let answer = self.bus.call(service("Service", "SearchItems", SERVICE), "a{ss}", &body, "aoao")?;
        let mut reader = Reader::of(&answer.body);
        Ok((reader.texts()?, reader.texts()?))
    }

    /// Why a search found nothing. Some keyrings (`KeePassXC`, `KWallet`) do not search what is locked.
    fn why_nothing(&mut self) -> Result<KeyringError, KeyringError> {
        let collection = match self.default_collection() {
            Err(KeyringError::Refused(_)) => return Ok(KeyringError::Missing),
            collection => collection?,
        };
        Ok(if self.is_locked(&collection)? { KeyringError::Locked } else { KeyringError::Missing })
    }

    fn default_collection(&mut self) -> Result<String, KeyringError> {
        let mut body = Writer::default();
        body.text("default");
        let answer = self.bus.call(service("Service", "ReadAlias", SERVICE), "s", &body, "o")?;
        match Reader::of(&answer.body).text()? {
            NOTHING => Err(KeyringError::Refused("it has no default collection".into())),
            collection => Ok(collection.to_owned()),
        }
    }

    fn is_locked(&mut self, collection: &str) -> Result<bool, KeyringError> {
        let mut body = Writer::default();
        body.text("org.freedesktop.Secret.Collection").text("Locked");
        let get = Method {
            destination: NAME,
            path: collection,
            interface: "org.freedesktop.DBus.Properties",
            member: "Get",
        };
        let answer = self.bus.call(get, "ss", &body, "v")?;
        Ok(Reader::of(&answer.body).boolean_variant()?)
    }
}

/// By which an item is found: the id is different for every key.
fn attributes(writer: &mut Writer, id: KeyId) {
    writer.array(8, |entries| {
        entries.structure().text("application").text("boxd");
        entries.structure().text("key-id").text(&id.to_string());
    });
}

fn service<'a>(interface: &'a str, member: &'a str, path: &'a str) -> Method<'a> {
    let interface = match interface {
        "Service" => "org.freedesktop.Secret.Service",
        "Collection" => "org.freedesktop.Secret.Collection",
        _ => "org.freedesktop.Secret.Item",
    };
    Method { destination: NAME, path, interface, member }
}
