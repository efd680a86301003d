//! What an exchanged token is restricted to: one file or folder, named by its URL or by a shared link.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::error::OAuthError;
use super::form::Form;
use super::scope::Scopes;

/// A kind of thing that a shared link leads to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A bookmark, which tokens cannot be exchanged for.
    WebLink,
}

/// The object in `restricted_to`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Item {
    #[serde(rename = "type")]
    kind: ItemKind,
    id: String,
    sequence_id: &'static str,
    etag: &'static str,
    name: String,
}

impl Item {
    fn new(kind: ItemKind, id: &str) -> Self {
        let name = match kind {
            ItemKind::File => format!("File {id}.txt"),
            _ if id == "0" => "All Files".to_owned(),
            _ => format!("Folder {id}"),
        };
        Self { kind, id: id.to_owned(), sequence_id: "0", etag: "0", name }
    }
}

/// One member of `restricted_to`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Restricted {
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Item>,
}

/// What all scopes of a token are restricted to; `None`: everything that the user sees.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Restriction(pub(super) Option<Item>);

impl Restriction {
    pub(super) fn of(&self, scopes: &Scopes) -> Vec<Restricted> {
        let each = |scope: &str| Restricted { scope: scope.to_owned(), object: self.0.clone() };
        scopes.iter().map(each).collect()
    }
}

/// What a shared link is, as `POST /_sandbox/shared-links` has it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SharedLink {
    url: String,
    #[serde(rename = "type")]
    kind: ItemKind,
    id: String,
    #[serde(default)]
    password: bool,
}

/// The things of the sandbox: every file and folder exists; shared links lead to folders unless told otherwise.
#[derive(Debug, Default)]
pub(super) struct Content {
    links: HashMap<String, SharedLink>,
    /// Where the sandbox itself is reached; `https://api.box.com` always counts.
    pub(super) own_url: Option<Url>,
}

impl Content {
    pub(super) fn set_link(&mut self, link: SharedLink) {
        self.links.insert(link.url.clone(), link);
    }

    /// Reads `resource` and `box_shared_link` of an exchange, of which at most one is allowed.
    pub(super) fn wanted(&self, form: &Form) -> Result<Restriction, OAuthError> {
        let item = match (form.get("resource"), form.get("box_shared_link")) {
            (None, None) => return Ok(Restriction::default()),
            (Some(url), None) => self.resource(url),
            (None, Some(link)) => self.shared(link),
            (Some(_), Some(_)) => None,
        };
        item.map(|item| Restriction(Some(item))).ok_or(OAuthError::BAD_RESOURCE)
    }

    fn resource(&self, url: &str) -> Option<Item> {
        let url = Url::parse(url).ok()?;
        let at_box = url.origin().ascii_serialization() == "https://api.box.com";
        let here = self.own_url.as_ref().is_some_and(|own| own.origin() == url.origin());
        let rest = url.path().strip_prefix("/2.0/").filter(|_| at_box || here)?;
        let (kind, id) = match rest.split_once('/')? {
            ("files", id) => (ItemKind::File, id),
            ("folders", id) => (ItemKind::Folder, id),
            _ => return None,
        };
        let decimal = !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit());
        decimal.then(|| Item::new(kind, id))
    }

    fn shared(&self, link: &str) -> Option<Item> {
        if let Some(known) = self.links.get(link) {
            let usable = !known.password && known.kind != ItemKind::WebLink;
            return usable.then(|| Item::new(known.kind, &known.id));
        }
        let url = Url::parse(link).ok()?;
        let host = url.host_str()?;
        let name = url.path().strip_prefix("/s/").filter(|name| !name.is_empty() && !name.contains('/'))?;
        let at_box = url.scheme() == "https" && (host == "box.com" || host.ends_with(".box.com"));
        let id = name.bytes().fold(0_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 1_000_000_000);
        at_box.then(|| Item::new(ItemKind::Folder, &id.to_string()))
    }
}
