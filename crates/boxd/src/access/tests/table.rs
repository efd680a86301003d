//! The decision table: every request, every kind of peer, every right.

use std::{path::Path, sync::Arc};

use boxd_proto::*;
use proptest::prelude::*;

use super::super::*;
use crate::account_name::AccountName;

const OWNER: u32 = 1000;
const ETL_GROUP: u32 = 2000;
const AGENT: &str = "/srv/agent/boxd.sock";

fn name(text: &str) -> AccountName {
    text.parse().unwrap()
}

fn rule(accounts: &[&str]) -> Rule {
    Rule {
        user: None,
        group: None,
        unit: None,
        socket: None,
        accounts: accounts.iter().map(|text| name(text)).collect(),
        allow: Rights::default(),
        narrowing: None,
    }
}

fn narrow(scope: &[&str], resource: &str) -> Arc<Narrowing> {
    let scope = scope.iter().map(|scope| (*scope).to_owned()).collect();
    Arc::new(Narrowing { scope, resource: Some(resource.to_owned()) })
}

fn facts(uid: u32) -> Facts {
    Facts { uid, groups: Some(vec![uid]), unit: None, door: Door::Main }
}

fn agent() -> Door {
    Door::Rule(Arc::from(Path::new(AGENT)))
}

/// One request of each variant.
fn requests() -> Vec<Request> {
    let login = || "l".to_owned();
    vec![
        Request::Token(TokenRequest::default()),
        Request::Status { account: None },
        Request::Refresh { account: None, wait_millis: None },
        Request::Accounts,
        Request::Import(Box::new(Import {
            account: None,
            replace: false,
            credential: ImportedCredential::AccessToken { access_token: Secret::new("t"), expires_at: None },
            endpoints: Endpoints::default(),
        })),
        Request::Logout { account: None, local: true },
        Request::Rename { from: "a".into(), to: "b".into() },
        Request::Adopt { account: "a".into() },
        Request::Reload,
        Request::Info,
        Request::ReturnError { code: Code::Internal },
        Request::ScopedToken(Box::default()),
        Request::BeginLogin(Box::default()),
        Request::AwaitLogin { login: login() },
        Request::FinishLogin { login: login(), redirected: Secret::new("c") },
        Request::CancelLogin { login: login() },
        Request::Watch { account: None, after: None },
        Request::HasToken(Box::default()),
        Request::Metrics,
        Request::Api(Box::new(ApiRequest {
            account: None,
            upload: false,
            method: "GET".into(),
            path: "/2.0/users/me".into(),
            headers: Vec::new(),
            body: ApiRequestBody::None,
            follow: false,
        })),
        Request::ApiBody { bytes: Piece::new(Vec::new()), last: true },
        Request::OpenTokenEndpoint(Box::default()),
        Request::Key,
        Request::MigrateKey { to: None },
        Request::Probe,
        Request::HasGrants(Fingerprints { key: [0; 16], of_tokens: Vec::new() }),
        Request::Audit(AuditQuery::default()),
        Request::Shutdown,
    ]
}

/// The letters of what a request needs: `t`oken, `s`tatus, `a`pi, any (`*`), or the `o`wner. In the order of the
/// requests above.
const NEEDS: &str = "tso*ooooo**toooostsaatoooooo";

fn letter(need: Need) -> char {
    match need {
        Need::Right(Right::Token) => 't',
        Need::Right(Right::Status) => 's',
        Need::Right(Right::Api) => 'a',
        Need::Any => '*',
        Need::Owner => 'o',
    }
}

#[test]
fn every_request_has_its_right() {
    let told: String = requests().iter().map(|request| letter(Need::of(request))).collect();
    assert_eq!(told, NEEDS);
    // The index of a variant on the wire: none is left out above.
    let indices = requests().into_iter().map(|request| {
        let mut frame = Vec::new();
        encode(&request, &mut frame).unwrap();
        frame[FRAME_HEADER]
    });
    assert!(indices.eq(0..=27), "one sample of each variant, in their order");
}

/// Peers, and the requests that the rules below let them make, by the letters of their needs.
fn peers() -> Vec<(&'static str, Facts, &'static str)> {
    let system = |name: &str| Some(Unit::System(name.to_owned()));
    let user = |manager| Some(Unit::User { manager, name: "report.service".into() });
    vec![
        ("the owner", facts(OWNER), "tsa*o"),
        ("root", facts(0), "tsa*o"),
        ("the owner, of whom no more is known", Facts { groups: None, ..facts(OWNER) }, "tsa*o"),
        ("a stranger", facts(4711), ""),
        ("a stranger of whom no more is known", Facts { groups: None, ..facts(4711) }, ""),
        ("a user with a rule", facts(1001), "ts*"),
        ("the same at a rule's socket", Facts { door: agent(), ..facts(1001) }, "a*"),
        ("a member of the group", Facts { groups: Some(vec![7, ETL_GROUP]), ..facts(4711) }, "s*"),
        ("one of the number of the group", facts(ETL_GROUP), "s*"),
        ("one whose groups are unknown", Facts { groups: None, ..facts(ETL_GROUP) }, ""),
        ("a unit of the system", Facts { unit: system("report.service"), ..facts(4711) }, "t*"),
        ("another unit", Facts { unit: system("other.service"), ..facts(4711) }, ""),
        ("a unit of the owner's manager", Facts { unit: user(OWNER), ..facts(4711) }, "t*"),
        ("another's unit of that name", Facts { unit: user(4711), ..facts(4711) }, ""),
        ("root's own manager", Facts { unit: user(0), ..facts(4711) }, ""),
        ("both of two conditions", Facts { unit: system("both.service"), ..facts(1002) }, "t*"),
        ("one of two conditions", facts(1002), ""),
        ("the other of two conditions", Facts { unit: system("both.service"), ..facts(1003) }, ""),
        ("the owner at a rule's socket", Facts { door: agent(), ..facts(OWNER) }, "a*"),
        ("root at a rule's socket", Facts { door: agent(), ..facts(0) }, "a*"),
        ("anybody at a rule's socket", Facts { door: agent(), ..facts(4711) }, "a*"),
        (
            "root at a socket whose rule is gone",
            Facts { door: Door::Rule(Path::new("/x").into()), ..facts(0) },
            "",
        ),
    ]
}

fn rules() -> Vec<Rule> {
    let only = |right| {
        let mut rights = Rights::NONE;
        rights.add(right);
        rights
    };
    vec![
        Rule { user: Some(1001), ..rule(&["bot"]) },
        Rule { group: Some(ETL_GROUP), allow: only(Right::Status), ..rule(&["bot"]) },
        Rule { unit: Some("report.service".into()), allow: only(Right::Token), ..rule(&["bot"]) },
        Rule {
            user: Some(1002),
            unit: Some("both.service".into()),
            allow: only(Right::Token),
            ..rule(&["bot"])
        },
        Rule { socket: Some(Path::new(AGENT).into()), allow: only(Right::Api), ..rule(&["bot"]) },
    ]
}

#[test]
fn every_request_of_every_peer() {
    let rules = rules();
    let policy = Policy::new(OWNER, &rules);
    for (who, facts, may) in peers() {
        for request in requests() {
            let need = Need::of(&request);
            let expected = may.contains(letter(need));
            assert_eq!(policy.admits(&facts, need), expected, "{who}: {request:?}");
            assert_eq!(policy.allows(&facts, &name("bot"), need), expected, "{who}: {request:?}");
            let elsewhere = policy.allows(&facts, &name("work"), need);
            assert_eq!(elsewhere, may.contains('o'), "{who}, of an account without a rule: {request:?}");
        }
    }
}

#[test]
fn without_rules_there_are_the_owner_and_strangers() {
    let policy = Policy::new(OWNER, &[]);
    for (who, facts, may) in peers() {
        for request in requests() {
            assert_eq!(policy.admits(&facts, Need::of(&request)), may.contains('o'), "{who}: {request:?}");
        }
    }
}

#[test]
fn rules_add_up() {
    use Right::{Api, Status, Token};
    let of = |allow: &[Right], narrowing| {
        let mut rights = Rights::NONE;
        for right in allow {
            rights.add(*right);
        }
        Rule { user: Some(7), allow: rights, narrowing, ..rule(&["bot"]) }
    };
    let narrowed = of(&[Token, Status], Some(narrow(&["a"], "folder:1")));
    let more = of(&[Token, Api], Some(narrow(&["b", "a"], "folder:1")));
    let elsewhere = of(&[Token], Some(narrow(&["a"], "folder:2")));
    let grant = |rules: &[Rule], right| Policy::new(OWNER, rules).grant(&facts(7), &name("bot"), right);
    let downscoped = |these: &[(&[&str], &str)]| {
        Grant::Downscoped(these.iter().map(|(scope, resource)| narrow(scope, resource)).collect())
    };

    let one = [narrowed.clone()];
    assert_eq!(grant(&one, Token), downscoped(&[(&["a"], "folder:1")]));
    assert_eq!(grant(&one, Status), Grant::Full, "a state is not made narrower");
    assert_eq!(grant(&one, Api), Grant::Denied);
    let several = [narrowed.clone(), elsewhere, more];
    assert_eq!(grant(&several, Token), downscoped(&[(&["a", "b"], "folder:1"), (&["a"], "folder:2")]));
    assert_eq!(grant(&several, Api), downscoped(&[(&["b", "a"], "folder:1")]), "each right by itself");
    assert_eq!(grant(&[narrowed, of(&[Token], None)], Token), Grant::Full);
}

prop_compose! {
    fn any_rule()(
        user in proptest::option::of(1000_u32..1004),
        group in proptest::option::of(1000_u32..1004),
        socket in proptest::option::of(Just(AGENT)),
        accounts in proptest::sample::subsequence(vec!["bot", "work"], 1..=2),
        (token, status, api) in any::<(bool, bool, bool)>(),
        narrowed in any::<bool>(),
    ) -> Rule {
        Rule {
            // At least one condition, as the config demands.
            user: user.or(group.is_none().then_some(1001).filter(|_| socket.is_none())),
            group,
            socket: socket.map(|path| Arc::from(Path::new(path))),
            allow: Rights { token, status, api },
            narrowing: narrowed.then(|| narrow(&["a"], "folder:1")),
            ..rule(&accounts)
        }
    }
}

proptest! {
    /// Whatever the rules: nothing without one that matches in every point, the whole only by one without a scope, and
    /// never the owner's part.
    #[test]
    fn nobody_gets_more_than_some_rule_gives(
        rules in proptest::collection::vec(any_rule(), 0..5),
        uid in 1001_u32..1005,
        group in 1000_u32..1005,
        at_door in any::<bool>(),
    ) {
        let door = if at_door { agent() } else { Door::Main };
        let peer = Facts { uid, groups: Some(vec![group]), unit: None, door };
        let policy = Policy::new(OWNER, &rules);
        prop_assert!(!policy.admits(&peer, Need::Owner));
        for account in ["bot", "work", "other"].map(name) {
            for right in Right::ALL {
                let giving: Vec<&Rule> = rules.iter().filter(|rule| {
                    rule.user.is_none_or(|user| user == uid)
                        && rule.group.is_none_or(|wanted| wanted == group)
                        && rule.socket.is_some() == at_door
                        && rule.accounts.contains(&account)
                        && rule.allow.has(right)
                }).collect();
                let whole = giving.iter().any(|rule| rule.narrowing.is_none() || right == Right::Status);
                match policy.grant(&peer, &account, right) {
                    Grant::Denied => prop_assert!(giving.is_empty()),
                    Grant::Downscoped(_) => prop_assert!(!giving.is_empty() && !whole),
                    Grant::Full => prop_assert!(whole),
                }
            }
        }
    }
}
