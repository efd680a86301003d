//! Speed and size in one run: `cargo bench -p boxd-tests`. Ratios against floors measured beside them; nothing fails
//! because a machine is slow.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, prints, and stops where something is missing"
)]

mod downscoped;
mod footprint;
mod http;
mod load;
mod passthrough;
mod programs;
mod scale;
mod start;

fn main() {
    println!("building with profile `dist` (fat LTO: minutes the first time) ...");
    let programs = programs::Programs::built();
    println!("{:<58} {:>12}   goal", "figure", "measured");
    // Names after `--` choose some of them; what else cargo adds begins with a dash.
    let chosen: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let part = |name: &str, measure: fn(&programs::Programs)| {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            measure(&programs);
        }
    };
    part("start", start::measure);
    part("downscoped", downscoped::measure);
    part("load", load::measure);
    part("http", http::measure);
    part("footprint", footprint::measure);
    part("scale", scale::measure);
    part("passthrough", passthrough::measure);
}

/// One line of the report.
fn report(figure: &str, measured: &str, goal: &str) {
    println!("{figure:<58} {measured:>12}   {goal}");
}

/// The middle one.
fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
