//! Builds the programs once, the way they are shipped, and knows where they are.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Paths of the built programs.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The daemon.
    pub boxd: PathBuf,
    /// The client.
    pub boxctl: PathBuf,
    /// The emulator of Box.
    pub sandbox: PathBuf,
}

impl Binaries {
    /// Builds them in the profile of this very program, at the first call; or takes those in `$BOXD_TESTS_PROGRAMS`, for
    /// where there is no cargo.
    pub fn built() -> &'static Self {
        static BUILT: OnceLock<Binaries> = OnceLock::new();
        let here = |folder: PathBuf| {
            let program = |name: &str| folder.join(name).with_extension(std::env::consts::EXE_EXTENSION);
            Self { boxd: program("boxd"), boxctl: program("boxctl"), sandbox: program("box-sandbox") }
        };
        let folder = std::env::var_os("BOXD_TESTS_PROGRAMS").map(PathBuf::from);
        BUILT.get_or_init(|| folder.map_or_else(Self::build, here))
    }

    fn build() -> Self {
        Self {
            boxd: build(&["-p", "boxd"], "boxd"),
            // On its own, so that what the daemon needs of shared crates does not end up in the client.
            boxctl: build(&["-p", "boxctl"], "boxctl"),
            sandbox: build(&["-p", "box-sandbox"], "box-sandbox"),
        }
    }

    /// The daemon with a clock that can be moved.
    pub fn adrift() -> PathBuf {
        static BUILT: OnceLock<PathBuf> = OnceLock::new();
        BUILT.get_or_init(|| build(&["-p", "boxd-tests", "--bin", "boxd-adrift"], "boxd-adrift")).clone()
    }

    /// An example of the client library.
    pub fn example(name: &str) -> PathBuf {
        build(&["-p", "boxd-client", "--example", name], name)
    }
}

/// Builds what the arguments say, and finds the program of this name in it.
fn build(arguments: &[&str], program: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--message-format=json"]).args(arguments);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    // What cargo tells this program about its package is none of theirs: ring, for one, would be built anew for it.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|told| name.to_string_lossy().starts_with(told)) {
            command.env_remove(&name);
        }
    }
    let output = command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{program} does not build");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == program)
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .unwrap_or_else(|| panic!("cargo does not tell where {program} is"))
}
