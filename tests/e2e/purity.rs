//! The structure that the architecture promises: who depends on what, and where a word may stand.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

/// Names of all packages that a crate is built from, itself included.
fn tree(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--offline", "--prefix=none", "-e", "normal", "-p", package])
        .current_dir(root())
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let names: BTreeSet<String> =
        text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(names.contains(package), "cargo tree -p {package} says {text:?}");
    names
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn without(package: &str, unwanted: &[&str]) {
    let names = tree(package);
    for name in unwanted {
        assert!(!names.contains(*name), "{package} is built with {name}");
    }
}

#[test]
fn the_client_has_no_runtime_no_http_and_no_tls() {
    without("boxctl", &["tokio", "reqwest", "rustls", "hyper", "ring", "boxd", "boxd-engine"]);
    without("boxd-client", &["tokio", "reqwest", "rustls", "hyper", "ring", "boxd", "boxd-engine"]);
}

#[test]
fn the_engine_is_a_pure_state_machine() {
    let unwanted = ["tokio", "reqwest", "rand", "getrandom", "rustix", "libc", "interprocess", "boxd-proto"];
    without("boxd-engine", &unwanted);
}

#[test]
fn the_protocol_has_no_io() {
    without("boxd-proto", &["tokio", "interprocess", "reqwest", "boxd-engine"]);
}

#[test]
fn the_sandbox_shares_no_code_with_the_daemon() {
    without("box-sandbox", &["boxd", "boxd-engine", "boxd-proto", "boxd-client", "boxctl"]);
}

/// More than that needs a reason, and then a new number here.
#[test]
fn dependencies_keep_to_their_budget() {
    for (package, most) in [("boxctl", 50), ("boxd", 170)] {
        let count = tree(package).len();
        assert!(count <= most, "{package} is built from {count} packages; its budget is {most}");
    }
}

/// Files below `crates/` whose code (comments apart) holds a word, relative to the workspace.
fn mentions(words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![root().join("crates")];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                if code.into_iter().any(|line| words.iter().any(|word| line.contains(word))) {
                    let relative = path.strip_prefix(root()).unwrap_or(&path);
                    found.push(relative.display().to_string());
                }
            }
        }
    }
    found.sort();
    found
}

#[test]
fn one_file_knows_the_wire_format() {
    assert_eq!(mentions(&["bincode::"]), ["crates/boxd-proto/src/codec.rs"]);
}

#[test]
fn one_file_of_the_daemon_reads_the_wall_clock() {
    let ours = |file: &String| !file.starts_with("crates/box-sandbox/") && !file.contains("/tests/");
    let found: Vec<String> = mentions(&["SystemTime::now"]).into_iter().filter(ours).collect();
    assert!(found.iter().all(|file| file == "crates/boxd/src/clock.rs"), "{found:?}");
    // Deadlines of connections, waiters and batches are the runtime's own; the engine and the store have none.
    let allowed = [
        "boxd/src/audit/writer.rs",
        "boxd/src/clock.rs",
        "boxd/src/broker/tokens.rs",
        "boxd/src/server/admission.rs",
        "boxd/src/passthrough/progress.rs",
    ];
    let of_daemon =
        |file: &String| file.starts_with("crates/boxd/") || file.starts_with("crates/boxd-engine/");
    let found: Vec<String> = mentions(&["Instant::now"]).into_iter().filter(ours).filter(of_daemon).collect();
    assert!(found.iter().all(|file| allowed.iter().any(|name| file.ends_with(name))), "{found:?}");
}

#[test]
fn unsafe_code_is_confined() {
    let found = mentions(&["unsafe {", "unsafe fn", "unsafe impl"]);
    let places = ["crates/boxd/src/platform", "crates/boxd-os/src/"];
    let is_there = |file: &String| places.iter().any(|place| file.starts_with(place));
    assert!(found.iter().all(is_there), "{found:?}");
}
