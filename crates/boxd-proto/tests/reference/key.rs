//! The store's key, byte by byte.

use boxd_proto::{KeySource, KeyStatus, MissingKey, Protection, Request, Response};

use super::Out;

pub(super) fn source(w: &mut Out, source: KeySource) {
    w.u32(match source {
        KeySource::Credential => 0,
        KeySource::Keyring => 1,
        KeySource::File => 2,
        _ => unreachable!("it has no index yet"),
    });
}

pub(super) fn status(w: &mut Out, status: &KeyStatus) {
    let KeyStatus { source: kept, id, place, protects, wanted, missing, retiring, protections } = status;
    source(w, *kept);
    for text in [id, place, protects] {
        w.text(text);
    }
    w.option(*wanted, source);
    w.u64(missing.len() as u64);
    for MissingKey { detail, next_step } in missing {
        w.text(detail);
        w.text(next_step);
    }
    w.option(retiring.as_deref(), Out::text);
    w.u64(protections.len() as u64);
    for Protection { name, keeps_off, error } in protections {
        w.text(name);
        w.text(keeps_off);
        w.option(error.as_deref(), Out::text);
    }
}

pub(super) fn requests() -> Vec<Request> {
    let to = [None].into_iter().chain(KeySource::ALL.map(Some));
    [Request::Key].into_iter().chain(to.map(|to| Request::MigrateKey { to })).collect()
}

pub(super) fn responses() -> Vec<Response> {
    let bare = KeyStatus {
        source: KeySource::File,
        id: "i".into(),
        place: "p".into(),
        protects: "x".into(),
        wanted: None,
        missing: Vec::new(),
        retiring: None,
        protections: Vec::new(),
    };
    let full = KeyStatus {
        source: KeySource::Keyring,
        wanted: Some(KeySource::Credential),
        missing: vec![MissingKey { detail: "d".into(), next_step: "n".into() }],
        retiring: Some("r".into()),
        protections: vec![
            Protection { name: "a".into(), keeps_off: "k".into(), error: None },
            Protection { name: "b".into(), keeps_off: "k".into(), error: Some("e".into()) },
        ],
        ..bare.clone()
    };
    [bare, full].map(|status| Response::Key(Box::new(status))).into()
}
