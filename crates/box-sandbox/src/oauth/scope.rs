//! Scopes (Box: guides/api-calls/permissions-and-errors/scopes): those of apps, and those for downscoped tokens.

use serde::{Deserialize, Serialize};

/// What an app can be given in Box's console, on request included.
pub const APP_SCOPES: [&str; 14] = [
    "root_readonly",
    "root_readwrite",
    "manage_managed_users",
    "manage_app_users",
    "manage_groups",
    "manage_webhook",
    "manage_enterprise_properties",
    "manage_data_retention",
    "sign_requests.readwrite",
    "ai.readwrite",
    "manage_triggers",
    "manage_legal_holds",
    "manage_legal_hold",
    "enterprise_content",
];

/// For token exchange only, and whether one changes content, which an app with `root_readonly` must not.
const DOWNSCOPES: [(&str, bool); 16] = [
    ("annotation_edit", true),
    ("annotation_view_all", false),
    ("annotation_view_self", false),
    ("base_explorer", false),
    ("base_picker", false),
    ("base_preview", false),
    ("base_sidebar", false),
    ("base_upload", true),
    ("item_delete", true),
    ("item_download", false),
    ("item_preview", false),
    ("item_read", false),
    ("item_readwrite", true),
    ("item_rename", true),
    ("item_share", true),
    ("item_upload", true),
];

/// A set of scopes in the order in which they were written.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Everything that an app gets without asking Box for more.
    pub(super) fn of_a_new_app() -> Self {
        Self(APP_SCOPES.iter().take(11).map(|scope| (*scope).to_owned()).collect())
    }

    /// Space-separated, as in requests (RFC 6749, section 3.3).
    pub(super) fn parse(text: &str) -> Self {
        let mut scopes = Vec::new();
        for scope in text.split_ascii_whitespace() {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        Self(scopes)
    }

    /// None at all: in a token, "whatever the app has".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) fn contains(&self, scope: &str) -> bool {
        self.iter().any(|held| held == scope)
    }

    /// The first scope of `wanted` that these do not include.
    pub(super) fn first_missing<'a>(&self, wanted: &'a Self) -> Option<&'a str> {
        wanted.iter().find(|scope| !self.include(scope))
    }

    fn include(&self, scope: &str) -> bool {
        if self.contains(scope) {
            return true;
        }
        let reads = self.contains("root_readonly") || self.contains("root_readwrite");
        match DOWNSCOPES.iter().find(|(name, _)| *name == scope) {
            Some((_, true)) => self.contains("root_readwrite"),
            Some((_, false)) => reads,
            None => scope == "root_readonly" && reads,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Scopes;

    #[test]
    fn content_scopes_follow_from_root_scopes() {
        let missing = |held: &str, wanted: &str| {
            Scopes::parse(held).first_missing(&Scopes::parse(wanted)).map(str::to_owned)
        };
        assert_eq!(missing("root_readwrite", "item_upload base_explorer root_readonly"), None);
        assert_eq!(missing("root_readonly", "item_preview item_upload"), Some("item_upload".to_owned()));
        assert_eq!(missing("manage_webhook", "item_preview"), Some("item_preview".to_owned()));
        assert_eq!(missing("root_readwrite", "item_everything"), Some("item_everything".to_owned()));
        assert_eq!(missing("item_preview", "item_upload"), Some("item_upload".to_owned()), "never widens");
    }
}
