//! What `boxctl doctor` asks: its layout, and samples of it.

use boxd_proto::*;

use super::Out;

pub(super) fn has_grants(w: &mut Out, fingerprints: &Fingerprints) {
    w.u32(25);
    let Fingerprints { key, of_tokens } = fingerprints;
    for byte in key {
        w.u8(*byte);
    }
    w.u64(of_tokens.len() as u64);
    for fingerprint in of_tokens {
        w.u64(*fingerprint);
    }
}

pub(super) fn reached(w: &mut Out, reached: &Reached) {
    let Reached { origin, purposes, proxy, address, tls, status, clock_ahead_seconds, took_millis, error } =
        reached;
    w.text(origin);
    w.list(purposes);
    w.texts(&[proxy, address, tls]);
    w.option(*status, Out::u16);
    w.option(*clock_ahead_seconds, Out::i64);
    w.u32(*took_millis);
    w.texts(&[error]);
}

pub(super) fn holders(w: &mut Out, holders: &[Option<Holder>]) {
    w.u64(holders.len() as u64);
    for holder in holders {
        w.option(holder.as_ref(), |w, Holder { account, current }| {
            w.text(account);
            w.bool(*current);
        });
    }
}

pub(super) fn requests() -> Vec<Request> {
    let key = std::array::from_fn(|index| u8::try_from(index).unwrap());
    vec![Request::Probe, Request::HasGrants(Fingerprints { key, of_tokens: vec![1, u64::MAX] })]
}

pub(super) fn responses() -> Vec<Response> {
    let reached = Reached {
        origin: "https://api.box.com".into(),
        purposes: vec!["token_url".into()],
        proxy: Some("http://p:3128".into()),
        address: Some("a".into()),
        tls: Some("TLS 1.3".into()),
        status: Some(405),
        clock_ahead_seconds: Some(-2),
        took_millis: 120,
        error: Some("e".into()),
    };
    vec![
        Response::Reached(Box::default()),
        Response::Reached(Box::new(reached)),
        Response::Holders(vec![None, Some(Holder { account: "work".into(), current: true })]),
    ]
}
