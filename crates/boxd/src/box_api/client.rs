//! HTTP clients that send a request once and never again by themselves.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{NoProxy, Proxy, redirect, retry};
use rustls::{
    ClientConfig,
    client::{Resumption, danger::ServerCertVerifier},
    crypto::CryptoProvider,
};
use rustls_platform_verifier::Verifier;
use tokio::sync::OnceCell;

use super::{
    ca_file::{UnusableCaFile, anchors},
    endpoint::{BoxUrl, Endpoint, InvalidEndpoint, ProxyUrl},
    observed::{Observed, SeenTls},
};

/// The proxy settings of the environment.
#[derive(Clone, Debug, Default)]
pub struct ProxyEnvironment {
    /// `https_proxy`, `HTTPS_PROXY`, `all_proxy` or `ALL_PROXY`.
    https_proxy: Option<Result<ProxyUrl, InvalidEndpoint>>,
    /// `no_proxy` or `NO_PROXY`.
    no_proxy: String,
}

impl ProxyEnvironment {
    /// Reads the variables as curl does: the lower-case name first; an empty one counts as unset.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| {
            names.iter().filter_map(|name| variable(name)).find(|value| !value.trim().is_empty())
        };
        let https_proxy = first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]);
        Self {
            https_proxy: https_proxy.map(|text| {
                let text = text.trim();
                // `host:port` alone is common in this variable.
                if text.contains("://") { text.parse() } else { format!("http://{text}").parse() }
            }),
            no_proxy: first(&["no_proxy", "NO_PROXY"]).unwrap_or_default(),
        }
    }
}

/// Why no client could be built. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unbuilt {
    #[error(transparent)]
    Anchor(#[from] UnusableCaFile),
    #[error("HTTPS_PROXY: {0}")]
    Environment(InvalidEndpoint),
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("HTTP client: {0}")]
    Client(reqwest::Error),
    #[error("HTTP client: the task that builds it ended early")]
    Task,
}

/// What makes two clients different.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Traits {
    ca_file: Option<PathBuf>,
    route: Route,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    /// A loopback host is never reached through a proxy: it would see the request in clear, or reach
    /// another machine.
    Direct,
    Configured(ProxyUrl),
    Environment,
}

/// What becomes of a connection after its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It is closed: a request that may be sent only once must not meet a connection that Box is about to close.
    Nothing,
    /// It waits for the next request.
    AMoment,
}

/// Shorter than Box and the proxies in between leave a connection idle.
const A_MOMENT: Duration = Duration::from_secs(10);
/// Idle connections to one host.
const IDLE_CONNECTIONS: usize = 8;

/// Most clients that are kept: accounts rarely differ in their way to Box.
const KEPT: usize = 8;

/// Clients, each shared by the requests that take the same way to Box.
///
/// One is kept rather than built for each request: building parses the whole trust store, and the heap
/// that this fragments is larger (2.0 MB after a hundred requests) than a kept client (1.1 MB). It is
/// built anew after a request that could not be sent, since the trust store may have changed.
#[derive(Debug)]
pub(crate) struct Clients {
    connect_deadline: Duration,
    environment: ProxyEnvironment,
    provider: Arc<CryptoProvider>,
    keep: Keep,
    kept: Mutex<Vec<(Traits, Shared)>>,
}

/// A client that is built by the first who needs it. Others that take the same way wait for it; a `ca_file` that
/// cannot be read to its end holds up nobody else.
type Shared = Arc<OnceCell<reqwest::Client>>;

impl Clients {
    pub(crate) fn new(connect_deadline: Duration, environment: ProxyEnvironment, keep: Keep) -> Self {
        Self {
            connect_deadline,
            environment,
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            keep,
            kept: Mutex::default(),
        }
    }

    /// Others that take the same ways.
    pub(crate) fn of_another_kind(&self, keep: Keep) -> Self {
        Self::new(self.connect_deadline, self.environment.clone(), keep)
    }

    /// The client for requests to a URL of an endpoint.
    pub(crate) async fn get(&self, endpoint: &Endpoint, url: &BoxUrl) -> Result<reqwest::Client, Unbuilt> {
        let traits = Traits::of(endpoint, url);
        let shared = self.shared(&traits);
        let build = async {
            let proxy = self.proxy(&traits.route)?;
            let (ca_file, provider, connect_deadline, keep) =
                (traits.ca_file.clone(), self.provider.clone(), self.connect_deadline, self.keep);
            // Reading the system's trust store takes milliseconds of disk and CPU.
            let built = tokio::task::spawn_blocking(move || {
                build(ca_file.as_ref(), proxy, provider, (connect_deadline, keep), None)
            });
            built.await.unwrap_or(Err(Unbuilt::Task))
        };
        shared.get_or_try_init(|| build).await.cloned()
    }

    /// A client of the same way that nobody else uses, which notes the TLS version; and the proxy, if any.
    pub(crate) async fn observed(
        &self,
        endpoint: &Endpoint,
        url: &BoxUrl,
        seen: Arc<SeenTls>,
    ) -> Result<(reqwest::Client, Option<String>), Unbuilt> {
        let traits = Traits::of(endpoint, url);
        let proxy = self.proxy(&traits.route)?;
        let told = match (&traits.route, &self.environment.https_proxy) {
            (Route::Configured(proxy), _) => Some(proxy.to_string()),
            (Route::Environment, Some(Ok(proxy))) if self.environment.no_proxy.is_empty() => {
                Some(format!("{proxy} (HTTPS_PROXY)"))
            }
            (Route::Environment, Some(Ok(proxy))) => {
                Some(format!("{proxy} (HTTPS_PROXY, but for {})", self.environment.no_proxy))
            }
            _ => None,
        };
        let (provider, deadline) = (self.provider.clone(), self.connect_deadline);
        let built = tokio::task::spawn_blocking(move || {
            build(traits.ca_file.as_ref(), proxy, provider, (deadline, Keep::Nothing), Some(seen))
        });
        Ok((built.await.unwrap_or(Err(Unbuilt::Task))?, told))
    }

    fn shared(&self, traits: &Traits) -> Shared {
        let mut kept = self.kept();
        if let Some((_, shared)) = kept.iter().find(|(present, _)| present == traits) {
            return Arc::clone(shared);
        }
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        let shared = Shared::default();
        kept.push((traits.clone(), Arc::clone(&shared)));
        shared
    }

    /// The next request to a URL of an endpoint gets a new client. Requests under way keep theirs.
    pub(crate) fn forget(&self, endpoint: &Endpoint, url: &BoxUrl) {
        let traits = Traits::of(endpoint, url);
        self.kept().retain(|(present, _)| *present != traits);
    }

    /// All next requests get a new client.
    pub(crate) fn forget_all(&self) {
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(Traits, Shared)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn proxy(&self, route: &Route) -> Result<Option<Proxy>, Unbuilt> {
        let through = |proxy: &ProxyUrl| Proxy::https(proxy.expose().clone()).map_err(Unbuilt::Client);
        match (route, &self.environment.https_proxy) {
            (Route::Configured(proxy), _) => through(proxy).map(Some),
            (Route::Environment, Some(Ok(proxy))) => {
                let except = NoProxy::from_string(&self.environment.no_proxy);
                Ok(Some(through(proxy)?.no_proxy(except)))
            }
            (Route::Environment, Some(Err(error))) => Err(Unbuilt::Environment(error.clone())),
            (Route::Environment, None) | (Route::Direct, _) => Ok(None),
        }
    }
}

impl Traits {
    fn of(endpoint: &Endpoint, url: &BoxUrl) -> Self {
        let route = match &endpoint.proxy {
            _ if url.is_loopback() => Route::Direct,
            Some(proxy) => Route::Configured(proxy.clone()),
            None => Route::Environment,
        };
        Self { ca_file: endpoint.ca_file.clone(), route }
    }
}

fn build(
    ca_file: Option<&PathBuf>,
    proxy: Option<Proxy>,
    provider: Arc<CryptoProvider>,
    (connect_deadline, keep): (Duration, Keep),
    seen: Option<Arc<SeenTls>>,
) -> Result<reqwest::Client, Unbuilt> {
    // Windows makes a second trust engine for extra anchors: not where there are none.
    let verifier = match ca_file {
        Some(path) => Verifier::new_with_extra_roots(anchors(path)?, provider.clone())?,
        None => Verifier::new(provider.clone())?,
    };
    let verifier: Arc<dyn ServerCertVerifier> = match seen {
        Some(seen) => Arc::new(Observed { verifier, seen }),
        None => Arc::new(verifier),
    };
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // Sessions would only be kept for a resumption that an hourly request does not gain from.
    tls.resumption = Resumption::disabled();

    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("boxd/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .redirect(redirect::Policy::none())
        .referer(false)
        // A refresh token works once: no layer below may send a request again. A fresh connection for
        // each request also means that hyper has no stale one on which to fail and retry. (Where connections
        // are kept, hyper tries a request again only if nothing of it was written.)
        .retry(retry::never())
        .pool_max_idle_per_host(if keep == Keep::Nothing { 0 } else { IDLE_CONNECTIONS })
        .pool_idle_timeout(A_MOMENT)
        .connect_timeout(connect_deadline)
        // The environment is read by `ProxyEnvironment` alone.
        .no_proxy();
    match proxy {
        Some(proxy) => builder.proxy(proxy),
        None => builder,
    }
    .build()
    .map_err(Unbuilt::Client)
}
