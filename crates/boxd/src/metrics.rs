//! Prometheus' text format, version 0.0.4: what `GET /metrics` and `boxctl metrics` give.
//!
//! Written by hand: the crate `prometheus-client` speaks `OpenMetrics` alone, in which a counter's family is not
//! called as its samples are, so that `node_exporter`'s textfile collector would take counters for untyped; and it
//! renders everything into one buffer, where ten thousand accounts are to be told piece by piece.

use std::fmt;

/// How a value may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Up alone, until the daemon starts anew; the name ends in `_total`.
    Counter,
    /// Up and down.
    Gauge,
}

/// Text of one or more families.
#[derive(Debug, Default)]
pub(crate) struct Exposition(String);

// === impl Exposition ===

impl Exposition {
    /// Begins a family; all of its samples follow it.
    pub(crate) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// One sample. Label values are names of ours, which need no escaping: no quote, backslash or newline.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl fmt::Display) {
        self.0.push_str(name);
        for (index, (label, value)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            self.push(format_args!("{before}{label}=\"{value}\""));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        self.push(format_args!("{after} {value}\n"));
    }

    fn push(&mut self, text: fmt::Arguments<'_>) {
        self.0.push_str(&text.to_string());
    }

    /// What there is so far, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_help_type_and_samples() {
        let mut text = Exposition::default();
        text.family("boxd_x_total", Kind::Counter, "What it counts.");
        text.sample("boxd_x_total", &[("account", "work"), ("outcome", "success")], 3);
        text.family("boxd_y", Kind::Gauge, "What it is.");
        text.sample("boxd_y", &[], -1);
        assert_eq!(
            text.into_text(),
            "# HELP boxd_x_total What it counts.\n# TYPE boxd_x_total counter\n\
             boxd_x_total{account=\"work\",outcome=\"success\"} 3\n\
             # HELP boxd_y What it is.\n# TYPE boxd_y gauge\nboxd_y -1\n"
        );
    }
}
