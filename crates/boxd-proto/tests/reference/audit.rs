//! The audit log: its layout, and samples of it.

use boxd_proto::*;

use super::Out;

pub(super) fn query(w: &mut Out, query: &AuditQuery) {
    let AuditQuery { account, since_seconds, generation } = query;
    w.u32(26);
    w.option(account.as_deref(), Out::text);
    w.option(*since_seconds, Out::u64);
    w.option(*generation, Out::u64);
}

pub(super) fn record(w: &mut Out, record: &AuditRecord) {
    w.i64(record.time);
    w.i64(record.until);
    w.u64(record.count);
    w.u32(match record.outcome {
        AuditOutcome::Handed => 0,
        AuditOutcome::Denied => 1,
        AuditOutcome::Lost => 2,
        _ => unreachable!("a sample has no other"),
    });
    w.u32(match record.way {
        AuditWay::Native => 0,
        AuditWay::Http => 1,
        AuditWay::Api => 2,
        AuditWay::Endpoint => 3,
        _ => unreachable!("a sample has no other"),
    });
    w.option(record.account.as_deref(), Out::text);
    w.option(record.generation, Out::u64);
    w.list(&record.scope);
    w.texts(&[&record.resource, &record.user]);
    w.u32(record.uid);
    w.option(record.pid, Out::u32);
    w.option(record.started, Out::u64);
    w.texts(&[&record.program, &record.unit, &record.socket]);
}

pub(super) fn requests() -> Vec<Request> {
    let all = AuditQuery::default();
    let one = AuditQuery { account: Some("work".into()), since_seconds: Some(3600), generation: Some(17) };
    vec![Request::Audit(all), Request::Audit(one)]
}

pub(super) fn responses() -> Vec<Response> {
    let handed = AuditRecord {
        time: 1,
        until: 2,
        count: 3,
        outcome: AuditOutcome::Handed,
        way: AuditWay::Native,
        account: Some("work".into()),
        generation: Some(17),
        scope: vec!["item_download".into()],
        resource: Some("r".into()),
        user: Some("u".into()),
        uid: 1000,
        pid: Some(7),
        started: Some(8),
        program: Some("/bin/p".into()),
        unit: Some("etl.service".into()),
        socket: Some("/s".into()),
    };
    let bare = AuditRecord {
        account: None,
        generation: None,
        scope: Vec::new(),
        resource: None,
        user: None,
        pid: None,
        started: None,
        program: None,
        unit: None,
        socket: None,
        ..handed.clone()
    };
    let of = |outcome, way| AuditRecord { outcome, way, ..bare.clone() };
    let records = [
        handed.clone(),
        of(AuditOutcome::Denied, AuditWay::Http),
        of(AuditOutcome::Lost, AuditWay::Api),
        of(AuditOutcome::Handed, AuditWay::Endpoint),
    ];
    records.map(|record| Response::Audit(Box::new(record))).into()
}
