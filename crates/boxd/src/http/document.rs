//! `/openapi.json`: the table of routes as `OpenAPI` 3.1, with the schemas of a file beside.

use std::sync::OnceLock;

use boxd_proto::Request;
use bytes::Bytes;
use hyper::Response;
use serde_json::{Map, Value, json};

use super::{
    answer,
    ask::Ask,
    body::Body,
    passthrough,
    refusal::Refusal,
    routes::{EVERYWHERE, Method, Operation, ROUTES, Route, Verb},
};
use crate::server::Service;

/// What the table of routes does not say: `info` and the components.
const FRAME: &str = include_str!("openapi.json");

/// The document, for whoever may use the daemon.
pub(super) async fn answer<S: Service>(ask: &Ask<'_, S>) -> Result<Response<Body>, Refusal> {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    ask.one(Request::Info).await?;
    let text = TEXT.get_or_init(|| Bytes::from(boxd_json::line(&document()) + "\n"));
    Ok(answer::with(answer::JSON, Body::whole(text.clone())))
}

fn document() -> Value {
    // A test sees to it that the file is JSON.
    let mut document: Value = serde_json::from_str(FRAME).unwrap_or_default();
    if let Some(version) = document.pointer_mut("/info/version") {
        *version = env!("CARGO_PKG_VERSION").into();
    }
    if let Some(members) = document.as_object_mut() {
        members.insert(
            "paths".into(),
            ROUTES.iter().map(path).chain(passthrough::described()).collect::<Map<_, _>>().into(),
        );
    }
    document
}

fn path(route: &Route) -> (String, Value) {
    let mut item = Map::new();
    if route.path.contains("{name}") {
        item.insert("parameters".into(), json!([component("parameters", "accountName")]));
    }
    for method in route.methods {
        match method.verb {
            Verb::Get => {
                item.insert("get".into(), operation(method, false));
                item.insert("head".into(), operation(method, true));
            }
            Verb::Post => {
                item.insert("post".into(), operation(method, false));
            }
        }
    }
    (route.path.to_owned(), item.into())
}

fn operation(method: &Method, is_head: bool) -> Value {
    let mut operation = Map::new();
    let id = if is_head { method.id.replacen("get", "head", 1) } else { method.id.to_owned() };
    operation.insert("operationId".into(), id.into());
    operation.insert("summary".into(), method.summary.into());
    let mut parameters: Vec<Value> =
        method.parameters.iter().map(|parameter| component("parameters", parameter.component)).collect();
    if method.operation == Operation::Events {
        parameters.push(component("parameters", "lastEventId"));
    }
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    if method.operation == Operation::TokenByBody {
        operation.insert("requestBody".into(), component("requestBodies", "TokenRequest"));
    }
    operation.insert("responses".into(), responses(method, is_head));
    operation.into()
}

fn responses(method: &Method, is_head: bool) -> Value {
    let mut responses = Map::new();
    let content = method.offers.iter().map(|offer| {
        let schema = if *offer == super::routes::TEXT { "BareToken" } else { method.schema };
        ((*offer).to_owned(), json!({ "schema": component("schemas", schema) }))
    });
    let content: Map<String, Value> = content.collect();
    responses.insert("200".into(), response("It is done.", &content, is_head));
    for status in EVERYWHERE.iter().chain(method.refusals) {
        let name = if matches!(status, 429 | 503) { "RetryLater" } else { "Problem" };
        let refusal =
            if is_head { response("A problem.", &Map::new(), true) } else { component("responses", name) };
        responses.insert(status.to_string(), refusal);
    }
    responses.into()
}

fn response(description: &str, content: &Map<String, Value>, is_head: bool) -> Value {
    if is_head {
        json!({ "description": description })
    } else {
        json!({ "description": description, "content": content })
    }
}

fn component(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every `$ref` in a value.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member.as_str() {
                        Some(reference) if name == "$ref" => drop(found.insert(reference.to_owned())),
                        _ => references(member, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn the_frame_is_json_and_every_component_is_used_and_there() {
        let frame: Value = serde_json::from_str(FRAME).unwrap();
        let document = document();
        let mut used = BTreeSet::new();
        references(&document, &mut used);
        let mut there = BTreeSet::new();
        for (kind, components) in frame["components"].as_object().unwrap() {
            for name in components.as_object().unwrap().keys() {
                there.insert(format!("#/components/{kind}/{name}"));
            }
        }
        assert_eq!(used, there);
    }

    #[test]
    fn parameters_have_the_names_by_which_they_are_read() {
        let document = document();
        for method in ROUTES.iter().flat_map(|route| route.methods) {
            for parameter in method.parameters {
                let described = &document["components"]["parameters"][parameter.component];
                assert_eq!(described["name"], parameter.name, "{}", method.id);
                assert_eq!(described["in"], "query", "{}", method.id);
            }
        }
    }

    #[test]
    fn the_body_has_the_members_that_are_read() {
        let document = document();
        let schema = &document["components"]["schemas"]["TokenRequest"];
        assert_eq!(schema["additionalProperties"], false);
        let described: BTreeSet<&str> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        for name in &described {
            let members = serde_json::from_value(json!({ *name: null })).unwrap();
            assert!(
                super::super::wish::Wish::of_members(members).is_ok(),
                "{name} is described, but not read"
            );
        }
        let read = ["account", "min_ttl", "wait", "scope", "resource", "shared_link", "user", "rejected"];
        assert_eq!(described, BTreeSet::from(read));
    }

    #[test]
    fn what_is_answered_has_the_members_that_are_described() {
        let described = |name: &str| -> BTreeSet<String> {
            document()["components"]["schemas"][name]["properties"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect()
        };
        let told =
            |value: Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
        let token = boxd_proto::Token {
            account: "work".into(),
            access_token: boxd_proto::Secret::new("t"),
            expires_in_seconds: 1,
            expires_at: 2,
            box_expires_at: 3,
            generation: 4,
        };
        let scoped = boxd_proto::ScopedToken { token, scope: vec!["a".into()], restricted_to: None };
        assert_eq!(told(boxd_json::scoped_token(&scoped)), described("Token"));
        let problem = boxd_proto::Problem {
            code: boxd_proto::Code::Unavailable,
            detail: "d".into(),
            account: None,
            next_step: "n".into(),
            retry_after_seconds: Some(1),
        };
        let mut of_problem = told(boxd_json::problem(&problem));
        of_problem.insert("reasons".into());
        assert_eq!(of_problem, described("Problem"));
        let status = boxd_proto::AccountStatus {
            account: "work".into(),
            auth: boxd_proto::Auth::OAuth2,
            user: None,
            as_of: 0,
            state: boxd_proto::GrantState::Absent,
            token: false,
            expires_in_seconds: None,
            expires_at: None,
            box_expires_at: None,
            life_seconds: None,
            generation: 0,
            next_refresh_at: None,
            login_deadline: None,
            orphaned: false,
            store_bound: true,
            error: None,
            warnings: Vec::new(),
        };
        assert_eq!(told(boxd_json::account(&status)), described("Account"));
        assert_eq!(told(boxd_json::status(&[])), described("Status"));
    }
}
