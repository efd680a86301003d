//! The server's numbers for Prometheus.

use super::counters::Counters;
use crate::metrics::{Exposition, Kind};

/// Families of the whole process; none has a label with an account.
pub(super) fn text(counters: &Counters) -> String {
    let mut text = Exposition::default();
    text.family("boxd_build_info", Kind::Gauge, "The version that runs; always 1.");
    text.sample("boxd_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    text.family("boxd_connections", Kind::Gauge, "Connections open on the socket.");
    text.sample("boxd_connections", &[], counters.active.get());
    let totals = [
        ("boxd_connections_accepted_total", "Connections that were served.", &counters.accepted),
        ("boxd_connections_http_total", "Of these, the ones that spoke HTTP.", &counters.http),
        ("boxd_connections_refused_total", "Connections turned away because of a limit.", &counters.refused),
        ("boxd_connections_evicted_total", "Idle connections closed to make room.", &counters.evicted),
        ("boxd_connection_faults_total", "Connections that broke the rules or stalled.", &counters.faults),
        ("boxd_accept_errors_total", "Failures of the system to accept.", &counters.accept_errors),
        ("boxd_requests_total", "Requests answered, in either protocol.", &counters.served),
    ];
    for (name, help, count) in totals {
        text.family(name, Kind::Counter, help);
        text.sample(name, &[], count.get());
    }
    let name = "boxd_http_requests_total";
    text.family(name, Kind::Counter, "Requests answered over HTTP.");
    for (route, status, count) in counters.http_requests.all() {
        text.sample(name, &[("route", route), ("status", status)], count);
    }
    text.into_text()
}
