//! The query of a request: known names, each at most once, none empty.

use boxd_proto::Code;

use super::{refusal::Refusal, routes::Parameter};

/// Parameters by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(&'static str, String)>);

// === impl Query ===

impl Query {
    /// Reads a query in the form that browsers and every HTTP library write.
    pub(super) fn parse(query: &str, known: &'static [Parameter]) -> Result<Self, Refusal> {
        let mut found: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
                return Err(unknown(&name, known));
            };
            let name = parameter.name;
            if found.iter().any(|(earlier, _)| *earlier == name) {
                return Err(bad(name, "is there more than once", "give it once"));
            }
            if value.is_empty() {
                // An unset variable of a script must not turn a narrow wish into a broad one.
                return Err(bad(name, "is empty", "leave it out, or give it a value"));
            }
            found.push((name, value.into_owned()));
        }
        Ok(Self(found))
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// What is wrong with a parameter or member.
pub(super) fn bad(name: &str, detail: &str, next_step: &str) -> Refusal {
    Refusal::bad_request(format!("`{name}` {detail}"), next_step)
}

fn unknown(name: &str, known: &[Parameter]) -> Refusal {
    let names: Vec<&str> = known.iter().map(|parameter| parameter.name).collect();
    let next_step = if names.is_empty() {
        "leave the query out".to_owned()
    } else {
        format!("the parameters are: {}", names.join(", "))
    };
    let shown: String = name.chars().take(64).collect();
    Refusal::of(Code::BadRequest, format!("there is no parameter `{}`", shown.escape_debug()), next_step)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Parameter] = &[Parameter::new("account", "account"), Parameter::new("scope", "scope")];

    fn refused(query: &str) -> bool {
        Query::parse(query, KNOWN).is_err()
    }

    #[test]
    fn values_are_decoded() {
        let query = Query::parse("scope=a%20b+c&account=work", KNOWN).unwrap();
        assert_eq!(query.get("scope"), Some("a b c"));
        assert_eq!(query.get("account"), Some("work"));
        assert_eq!(Query::parse("", KNOWN).unwrap().get("account"), None);
    }

    #[test]
    fn what_is_unknown_repeated_or_empty_is_refused() {
        for query in ["acount=work", "account=a&account=b", "account=", "account", "=", "Account=work"] {
            assert!(refused(query), "{query}");
        }
    }
}
