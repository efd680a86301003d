//! A form body (`application/x-www-form-urlencoded`), the only thing that Box's endpoints read.

/// The parameters of one request in their order.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Decodes a body. A body of another media type is a form without parameters, as it is to Box.
    pub fn parse(content_type: Option<&str>, body: &[u8]) -> Self {
        let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Self::default();
        }
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// Decodes the query of a URL.
    pub fn of_query(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The first value of a parameter; an empty value counts as none (RFC 6749, section 3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded; charset=UTF-8");

    #[test]
    fn decodes_as_browsers_do() {
        let form = Form::parse(FORM, b"a=x+y&b=%C3%A9&a=2&empty=");
        assert_eq!((form.get("a"), form.get("b"), form.get("empty")), (Some("x y"), Some("é"), None));
    }

    #[test]
    fn other_media_types_carry_no_parameters() {
        assert_eq!(Form::parse(Some("application/json"), b"a=1").get("a"), None);
        assert_eq!(Form::parse(None, b"a=1").get("a"), None);
    }
}
