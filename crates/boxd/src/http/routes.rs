//! What is served where: the one table that dispatch, `Allow`, parameters and the `OpenAPI` document go by.

use super::{answer::JSON, passthrough::Upstream};

/// Bare text; a token and a newline.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";
/// Server-sent events (HTML standard, section 9.2).
pub(super) const EVENTS: &str = "text/event-stream";
/// Prometheus' text format.
pub(super) const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A path and what it can do.
#[derive(Debug)]
pub(super) struct Route {
    /// As `OpenAPI` writes it; `{name}` is an account's.
    pub(super) path: &'static str,
    pub(super) methods: &'static [Method],
}

/// A method of a route. `HEAD` goes with every `GET`.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) verb: Verb,
    pub(super) operation: Operation,
    /// `operationId` of `OpenAPI`.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// Of the query.
    pub(super) parameters: &'static [Parameter],
    /// Media types on offer, the best first.
    pub(super) offers: &'static [&'static str],
    /// The schema of the answer in the `OpenAPI` document.
    pub(super) schema: &'static str,
    /// Statuses of problems, apart from those of [`EVERYWHERE`].
    pub(super) refusals: &'static [u16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Token,
    TokenByBody,
    Status,
    Account,
    Refresh,
    Events,
    Health,
    Ready,
    Metrics,
    Document,
}

/// A parameter of a query.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// Its name among the components of the `OpenAPI` document.
    pub(super) component: &'static str,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Found<'p> {
    Route {
        index: usize,
        route: &'static Route,
        /// What stands for `{name}`, as it was sent; empty where the route has none.
        name: &'p str,
    },
    /// Everything below is passed through to Box.
    Passthrough(Upstream),
    Nothing,
}

impl Parameter {
    pub(super) const fn new(name: &'static str, component: &'static str) -> Self {
        Self { name, component }
    }
}

impl Verb {
    /// As requests have it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Statuses of problems that any request can meet.
pub(super) const EVERYWHERE: &[u16] = &[400, 403, 406, 429, 500];

const WHOSE_TOKEN: Parameter = Parameter::new("account", "tokenAccount");
const WHICH_ACCOUNT: Parameter = Parameter::new("account", "account");
const WAIT: Parameter = Parameter::new("wait", "wait");
const TOKEN_PARAMETERS: &[Parameter] = &[
    WHOSE_TOKEN,
    Parameter::new("min_ttl", "minTtl"),
    WAIT,
    Parameter::new("scope", "scope"),
    Parameter::new("resource", "resource"),
    Parameter::new("shared_link", "sharedLink"),
    Parameter::new("user", "user"),
];

/// All routes, except those that lead on to Box.
pub(super) const ROUTES: &[Route] = &[
    Route {
        path: "/v1/token",
        methods: &[
            Method {
                verb: Verb::Get,
                operation: Operation::Token,
                id: "getToken",
                summary: "An access token that works. HEAD says whether one is at hand, and begins nothing.",
                parameters: TOKEN_PARAMETERS,
                offers: &[JSON, TEXT],
                schema: "Token",
                refusals: &[404, 409, 422, 503],
            },
            Method {
                verb: Verb::Post,
                operation: Operation::TokenByBody,
                id: "postToken",
                summary: "An access token that works, also in place of one that Box answered with 401.",
                parameters: &[],
                offers: &[JSON, TEXT],
                schema: "Token",
                refusals: &[404, 408, 409, 413, 415, 422, 503],
            },
        ],
    },
    Route {
        path: "/v1/status",
        methods: &[Method {
            verb: Verb::Get,
            operation: Operation::Status,
            id: "getStatus",
            summary: "The state of one account, or of all.",
            parameters: &[WHICH_ACCOUNT],
            offers: &[JSON],
            schema: "Status",
            refusals: &[404],
        }],
    },
    Route {
        path: "/v1/accounts/{name}",
        methods: &[Method {
            verb: Verb::Get,
            operation: Operation::Account,
            id: "getAccount",
            summary: "The state of one account.",
            parameters: &[],
            offers: &[JSON],
            schema: "Status",
            refusals: &[404],
        }],
    },
    Route {
        path: "/v1/accounts/{name}/refresh",
        methods: &[Method {
            verb: Verb::Post,
            operation: Operation::Refresh,
            id: "refreshAccount",
            summary: "Renews the token now, together with whoever else wants that, and tells the new state.",
            parameters: &[WAIT],
            offers: &[JSON],
            schema: "Status",
            refusals: &[404, 409, 503],
        }],
    },
    Route {
        path: "/v1/events",
        methods: &[Method {
            verb: Verb::Get,
            operation: Operation::Events,
            id: "getEvents",
            summary: "The full state, then each new token and state, as server-sent events. Never a token itself.",
            parameters: &[WHICH_ACCOUNT, Parameter::new("after", "after")],
            offers: &[EVENTS],
            schema: "EventStream",
            refusals: &[404],
        }],
    },
    Route {
        path: "/healthz",
        methods: &[Method {
            verb: Verb::Get,
            operation: Operation::Health,
            id: "getHealth",
            summary: "Whether the daemon makes progress.",
            parameters: &[],
            offers: &[JSON],
            schema: "Health",
            refusals: &[],
        }],
    },
    Route {
        path: "/readyz",
        methods: &[Method {
            verb: Verb::Get,
            operation: Operation::Ready,
            id: "getReadiness",
            summary: "Whether one account, or every one, can hand out a token now.",
            parameters: &[WHICH_ACCOUNT],
            offers: &[JSON],
            schema: "Readiness",
            refusals: &[404, 503],
        }],
    },
    Route {
        path: "/metrics",
        methods: &[Method {
            verb: Verb::Get,
            operation: Operation::Metrics,
            id: "getMetrics",
            summary: "What Prometheus reads.",
            parameters: &[],
            offers: &[METRICS],
            schema: "Metrics",
            refusals: &[],
        }],
    },
    Route {
        path: "/openapi.json",
        methods: &[Method {
            verb: Verb::Get,
            operation: Operation::Document,
            id: "getDocument",
            summary: "This document.",
            parameters: &[],
            offers: &[JSON],
            schema: "Document",
            refusals: &[],
        }],
    },
];

/// Where a path leads.
pub(super) fn find(path: &str) -> Found<'_> {
    if let Some(upstream) = Upstream::of(path) {
        return Found::Passthrough(upstream);
    }
    for (index, route) in ROUTES.iter().enumerate() {
        if let Some(name) = fit(route.path, path) {
            return Found::Route { index, route, name };
        }
    }
    Found::Nothing
}

/// Whether a path is of this pattern, and what stands for `{name}`.
fn fit<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, after)) = pattern.split_once("{name}") else {
        return (pattern == path).then_some("");
    };
    let name = path.strip_prefix(before)?.strip_suffix(after)?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

// === impl Route ===

impl Route {
    /// The method of this name; `HEAD` is answered as `GET` is.
    pub(super) fn method(&self, name: &str) -> Option<&'static Method> {
        let name = if name == "HEAD" { "GET" } else { name };
        self.methods.iter().find(|method| method.verb.as_str() == name)
    }

    /// The names of its methods, for `Allow`.
    pub(super) fn allow(&self) -> String {
        let names = self.methods.iter().map(|method| match method.verb {
            Verb::Get => "GET, HEAD",
            Verb::Post => "POST",
        });
        names.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Option<(&'static str, &str)> {
        match find(path) {
            Found::Route { route, name, .. } => Some((route.path, name)),
            Found::Passthrough(_) | Found::Nothing => None,
        }
    }

    #[test]
    fn paths_are_taken_to_the_letter() {
        assert_eq!(found("/v1/token"), Some(("/v1/token", "")));
        assert_eq!(found("/v1/accounts/work"), Some(("/v1/accounts/{name}", "work")));
        assert_eq!(found("/v1/accounts/work/refresh"), Some(("/v1/accounts/{name}/refresh", "work")));
        for path in [
            "",
            "/",
            "*",
            "/v1",
            "/v1/token/",
            "//v1/token",
            "/V1/token",
            "/v1/accounts",
            "/v1/accounts/",
            "/v1/accounts//refresh",
            "/v1/accounts/a/b",
            "/v1/accounts/work/refresh/",
            "/v1/%74oken",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn head_goes_with_get_and_allow_says_so() {
        let allowed = |path| match find(path) {
            Found::Route { route, .. } => route.allow(),
            _ => String::new(),
        };
        assert_eq!(allowed("/v1/token"), "GET, HEAD, POST");
        assert_eq!(allowed("/v1/accounts/a/refresh"), "POST");
        let Found::Route { route, .. } = find("/v1/status") else { panic!("it is a route") };
        assert_eq!(route.method("HEAD").map(|method| method.operation), Some(Operation::Status));
        assert!(route.method("POST").is_none() && route.method("get").is_none());
    }
}
