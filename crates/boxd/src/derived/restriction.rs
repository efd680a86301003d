//! What a downscoped token shall be good for, checked and in one form whatever way it was written.

use url::Url;

use crate::box_api::Target;

/// Scopes that one token may be asked for.
const MOST_SCOPES: usize = 64;

/// Scopes, and at most one file, folder or shared link (Box: guide "Downscope a token").
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Restriction {
    scopes: Vec<String>,
    target: Option<Target>,
}

/// Why a wish is no restriction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRestriction {
    /// A resource or link alone.
    #[error("a resource or shared link needs at least one scope, such as item_download")]
    NoScope,
    /// RFC 6749 section 3.3.
    #[error("a scope is made of visible ASCII characters without quotes and backslashes")]
    Scope,
    /// More than 64.
    #[error("more than {MOST_SCOPES} scopes")]
    TooMany,
    /// Both at once.
    #[error("either a resource or a shared link, not both")]
    TwoTargets,
    /// Neither short form nor URL.
    #[error("a resource is file:ID, folder:ID, or the URL of one in Box's API")]
    Resource,
    /// Not `https`.
    #[error("a shared link is an https:// URL")]
    SharedLink,
}

impl Restriction {
    /// What is asked for; `None` where nothing is restricted. `api` is the base of the API in use.
    ///
    /// # Errors
    /// Where it makes no sense.
    pub fn parse(
        scopes: &[String],
        resource: Option<&str>,
        shared_link: Option<&str>,
        api: &Url,
    ) -> Result<Option<Self>, InvalidRestriction> {
        let mut scopes: Vec<String> = scopes
            .iter()
            .flat_map(|given| given.split(' '))
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect();
        if !scopes.iter().all(|scope| is_scope(scope)) {
            return Err(InvalidRestriction::Scope);
        }
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.len() > MOST_SCOPES {
            return Err(InvalidRestriction::TooMany);
        }
        let target = match (resource, shared_link) {
            (None, None) => None,
            (Some(resource), None) => Some(Target::Resource(resource_url(resource, api)?)),
            (None, Some(link)) => Some(Target::SharedLink(shared_link_url(link)?)),
            (Some(_), Some(_)) => return Err(InvalidRestriction::TwoTargets),
        };
        match (scopes.is_empty(), &target) {
            (true, None) => Ok(None),
            (true, Some(_)) => Err(InvalidRestriction::NoScope),
            (false, _) => Ok(Some(Self { scopes, target })),
        }
    }

    /// The scopes, sorted, each once.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// The one thing that it is good for, where there is one.
    pub fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }
}

/// A scope token of RFC 6749 section 3.3.
fn is_scope(scope: &str) -> bool {
    scope.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

/// The URL that Box knows a file or folder by.
fn resource_url(resource: &str, api: &Url) -> Result<String, InvalidRestriction> {
    let (kind, id) = match resource.split_once(':') {
        Some((kind @ ("file" | "folder"), id)) => (kind, id.to_owned()),
        _ => url_parts(resource, api).ok_or(InvalidRestriction::Resource)?,
    };
    if id.is_empty() || id.len() > 20 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidRestriction::Resource);
    }
    let mut url = api.clone();
    match url.path_segments_mut() {
        Ok(mut segments) => segments.pop_if_empty().extend(["2.0", &format!("{kind}s"), &id]),
        Err(()) => return Err(InvalidRestriction::Resource),
    };
    Ok(url.into())
}

/// Kind and id of `https://api.box.com/2.0/files/ID`, and of the same below the API in use.
fn url_parts(text: &str, api: &Url) -> Option<(&'static str, String)> {
    let url = Url::parse(text).ok()?;
    let of_box = url.scheme() == "https" && url.host_str() == Some("api.box.com");
    if !(of_box || url.origin() == api.origin()) || url.query().is_some() || url.fragment().is_some() {
        return None;
    }
    let mut segments = url.path_segments()?.rev();
    let (id, kind, version) = (segments.next()?, segments.next()?, segments.next()?);
    let kind = match (version, kind) {
        ("2.0", "files") => "file",
        ("2.0", "folders") => "folder",
        _ => return None,
    };
    Some((kind, id.to_owned()))
}

fn shared_link_url(link: &str) -> Result<String, InvalidRestriction> {
    let url = Url::parse(link).map_err(|_no_url| InvalidRestriction::SharedLink)?;
    let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    if plain { Ok(url.into()) } else { Err(InvalidRestriction::SharedLink) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(
        scopes: &[&str],
        resource: Option<&str>,
        link: Option<&str>,
    ) -> Result<Option<Restriction>, InvalidRestriction> {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Restriction::parse(&scopes, resource, link, &Url::parse("https://api.box.com").unwrap())
    }

    #[test]
    fn one_form_whatever_way_it_was_written() {
        let one = parse(&["b", "a b"], Some("file:12"), None).unwrap().unwrap();
        let other = parse(&["a", "b"], Some("https://api.box.com/2.0/files/12"), None).unwrap().unwrap();
        assert_eq!(one, other);
        assert_eq!(one.scopes(), ["a", "b"]);
        assert_eq!(one.target(), Some(&Target::Resource("https://api.box.com/2.0/files/12".into())));
        assert_eq!(parse(&[], None, None), Ok(None));
        assert_eq!(parse(&[" "], None, None), Ok(None));
    }

    #[test]
    fn another_api_has_its_own_resources() {
        let api = Url::parse("http://127.0.0.1:8080/box/").unwrap();
        let scopes = ["item_download".to_owned()];
        for resource in
            ["folder:7", "http://127.0.0.1:8080/box/2.0/folders/7", "https://api.box.com/2.0/folders/7"]
        {
            let restriction = Restriction::parse(&scopes, Some(resource), None, &api).unwrap().unwrap();
            assert_eq!(
                restriction.target(),
                Some(&Target::Resource("http://127.0.0.1:8080/box/2.0/folders/7".into())),
                "{resource}"
            );
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        use InvalidRestriction::{NoScope, Resource, Scope, SharedLink, TooMany, TwoTargets};
        assert_eq!(parse(&[], Some("file:1"), None), Err(NoScope));
        assert_eq!(parse(&["a\u{7}"], None, None), Err(Scope));
        assert_eq!(parse(&["a\"b"], None, None), Err(Scope));
        assert_eq!(parse(&["a"], Some("file:1"), Some("https://x.box.com/s/1")), Err(TwoTargets));
        for resource in [
            "1",
            "file:",
            "file:1a",
            "web:1",
            "https://evil.example/2.0/files/1",
            "file:1/../2",
            "https://api.box.com/2.0/files/1?x=1",
        ] {
            assert_eq!(parse(&["a"], Some(resource), None), Err(Resource), "{resource}");
        }
        for link in ["http://x.box.com/s/1", "s/1", "https://u:p@x.box.com/s/1"] {
            assert_eq!(parse(&["a"], None, Some(link)), Err(SharedLink), "{link}");
        }
        let many: Vec<String> = (0..65).map(|number| format!("s{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(parse(&many, None, None), Err(TooMany));
    }
}
