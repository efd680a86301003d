//! Assertions as Box checks them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use boxd_engine::WallTime;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
    UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::{
    super::{Algorithm, Claims, SigningKey, Subject},
    key,
};

const NOW: WallTime = WallTime(1_795_311_555_999);

fn json_of(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn each_algorithm_signs_header_and_claims() {
    let key = SigningKey::open(key!("pkcs8"), None).unwrap();
    let subject = Subject::Enterprise("1234567".to_owned());
    let table: [(Algorithm, &str, &'static RsaParameters); 3] = [
        (Algorithm::RS256, "RS256", &RSA_PKCS1_2048_8192_SHA256),
        (Algorithm::RS384, "RS384", &RSA_PKCS1_2048_8192_SHA384),
        (Algorithm::RS512, "RS512", &RSA_PKCS1_2048_8192_SHA512),
    ];
    for (algorithm, name, verification) in table {
        let claims = Claims::at(NOW, "client", &subject, [7; 32]);
        let assertion = key.assertion(&claims, "kid1", algorithm).unwrap();
        let (signed, signature) = assertion.expose().rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(verification, include_bytes!("keys/public.der"));
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        public.verify(signed.as_bytes(), &signature).unwrap();

        let (header, claims) = signed.split_once('.').unwrap();
        assert_eq!(json_of(header), json!({ "alg": name, "typ": "JWT", "kid": "kid1" }));
        // Exactly these: neither `iat` nor `nbf`.
        let expected = json!({
            "iss": "client",
            "sub": "1234567",
            "box_sub_type": "enterprise",
            "aud": "https://api.box.com/oauth2/token",
            "jti": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
            "exp": 1_795_311_585,
        });
        assert_eq!(json_of(claims), expected);
    }
}

#[test]
fn a_user_is_a_user_and_odd_characters_stay_data() {
    let key = SigningKey::open(key!("pkcs8"), None).unwrap();
    let subject = Subject::User("4\"2".to_owned());
    let claims = Claims::at(NOW, "a\\b", &subject, [1; 32]);
    let assertion = key.assertion(&claims, "k\"", Algorithm::default()).unwrap();
    let parts: Vec<_> = assertion.expose().split('.').collect();
    assert_eq!(json_of(parts[0])["kid"], "k\"");
    let claims = json_of(parts[1]);
    assert_eq!(
        (&claims["sub"], &claims["box_sub_type"], &claims["iss"]),
        (&json!("4\"2"), &json!("user"), &json!("a\\b"))
    );
}

#[test]
fn the_names_of_the_algorithms_are_read_and_written() {
    for name in ["RS256", "RS384", "RS512"] {
        assert_eq!(name.parse::<Algorithm>().unwrap().to_string(), name);
    }
    assert_eq!(Algorithm::default(), Algorithm::RS256);
    for wrong in ["", "none", "rs256", "HS256", "ES256\n"] {
        let text = wrong.parse::<Algorithm>().unwrap_err().to_string();
        assert!(text.contains("RS256, RS384 and RS512") && !text.contains('\n'), "{text}");
    }
}

#[test]
fn neither_key_nor_assertion_is_printed() {
    let key = SigningKey::open(key!("pkcs8"), None).unwrap();
    let subject = Subject::User("42".to_owned());
    let assertion =
        key.assertion(&Claims::at(NOW, "id", &subject, [1; 32]), "kid", Algorithm::RS256).unwrap();
    assert_eq!(format!("{key:?} {assertion:?}"), "SigningKey([secret]) Assertion([secret])");
}
