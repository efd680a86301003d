//! What the daemon finds out for `boxctl doctor`: its ways to Box, and grants that others hold too.

use boxd_proto::{Code, Fingerprints, Holder, Problem, Reached, Response};
use futures_util::future::join_all;

use super::Broker;
use crate::{
    account_name::AccountName,
    box_api::{BoxUrl, Endpoint},
};

/// Most ways that are tried at once; accounts rarely differ in theirs.
const MOST_WAYS: usize = 16;

/// One way to Box, and which settings lead there.
struct Way {
    endpoint: Endpoint,
    url: BoxUrl,
    purposes: Vec<String>,
}

impl Broker {
    /// Tries every way to Box that some account takes.
    pub(super) async fn probe_ways(&self) -> Vec<Response> {
        let tried = self.ways_to_box().into_iter().map(async |way| {
            let reached = self.api.reach(&self.clock, &way.endpoint, &way.url).await;
            Response::Reached(Box::new(Reached { purposes: way.purposes, ..reached }))
        });
        join_all(tried).await
    }

    fn ways_to_box(&self) -> Vec<Way> {
        let mut ways = Vec::new();
        let accounts = self.all();
        for account in &accounts {
            // One whose settings are unusable says so itself, in its state.
            if let Ok(effective) = self.effective(account) {
                add_ways(&mut ways, &effective.endpoint);
            }
        }
        if accounts.is_empty()
            && let Ok(effective) = self.effective_for(&AccountName::default_name(), None)
        {
            add_ways(&mut ways, &effective.endpoint);
        }
        ways.truncate(MOST_WAYS);
        ways
    }

    /// Which accounts hold the grants of these fingerprints.
    pub(super) fn holders(&self, asked: &Fingerprints) -> Result<Response, Problem> {
        if asked.of_tokens.len() > Fingerprints::MOST {
            return Err(Problem {
                code: Code::BadRequest,
                detail: format!("more than {} fingerprints in one request", Fingerprints::MOST),
                account: None,
                next_step: "ask for fewer at once".into(),
                retry_after_seconds: None,
            });
        }
        let mut holders = vec![None; asked.of_tokens.len()];
        for account in self.all() {
            let held = account.held();
            let tokens = held.session.refresh_tokens();
            for (token, current) in tokens.into_iter().zip([true, false]) {
                let Some(token) = token else { continue };
                let own = Fingerprints::of(asked.key, token.expose());
                let same = asked.of_tokens.iter().zip(&mut holders).filter(|(asked, _)| **asked == own);
                for (_, holder) in same {
                    *holder = Some(Holder { account: account.name.as_str().to_owned(), current });
                }
            }
        }
        Ok(Response::Holders(holders))
    }
}

fn add_ways(ways: &mut Vec<Way>, endpoint: &Endpoint) {
    let keys = [
        ("token_url", &endpoint.token_url),
        ("api_url", &endpoint.api_url),
        ("authorize_url", &endpoint.authorize_url),
        ("upload_url", &endpoint.upload_url),
    ];
    for (key, url) in keys {
        let same = ways.iter_mut().find(|way| {
            way.url.origin() == url.origin()
                && way.endpoint.ca_file == endpoint.ca_file
                && way.endpoint.proxy == endpoint.proxy
        });
        match same {
            Some(way) if way.purposes.iter().any(|purpose| purpose == key) => {}
            Some(way) => way.purposes.push(key.to_owned()),
            None => ways.push(Way {
                endpoint: endpoint.clone(),
                url: url.clone(),
                purposes: vec![key.to_owned()],
            }),
        }
    }
}
