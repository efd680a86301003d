//! Where the socket is: flag, then environment, then default.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};

use boxd_proto::endpoint::{EndpointError, Environment, LONGEST_PATH, SYSTEM_SOCKET};

/// An environment from `key=value` words.
fn environment(words: &str) -> Environment {
    let value = |key: &str| {
        words.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('=')).map(PathBuf::from)
    };
    Environment {
        socket: value("socket"),
        state_dir: value("state"),
        runtime_dir: value("runtime"),
        run_user: value("run_user"),
        state_home: value("home"),
        pipe: None,
    }
}

const OWN: &str = "/r/boxd/boxd.sock";
/// Of a daemon that was started without a runtime directory.
const AT_HOME: &str = "/h/boxd/boxd.sock";
const ALL: &str = "socket=/s state=/d runtime=/r run_user=/u home=/h";

#[test]
fn the_first_that_is_set_wins() {
    let table: [(Option<&str>, Option<&str>, &str, &str); 8] = [
        (Some("/flag"), Some("/dir"), ALL, "/flag"),
        (None, Some("/dir"), ALL, "/dir/boxd.sock"),
        (None, None, ALL, "/s"),
        (None, None, "state=/d runtime=/r run_user=/u home=/h", "/d/boxd.sock"),
        (None, None, "runtime=/r run_user=/u home=/h", "/r/boxd/boxd.sock"),
        (None, None, "run_user=/u home=/h", "/u/boxd/boxd.sock"),
        (None, None, "home=/h", "/h/boxd/boxd.sock"),
        (Some("relative"), None, "", "relative"),
    ];
    for (socket, state_dir, words, expected) in table {
        let found = environment(words).server_socket(socket.map(Path::new), state_dir.map(Path::new));
        assert_eq!(found, Ok(PathBuf::from(expected)), "{socket:?} {state_dir:?} {words}");
    }
    assert_eq!(Environment::default().server_socket(None, None), Err(EndpointError::Nowhere));
}

#[test]
fn clients_take_the_systems_socket_only_where_the_user_has_none() {
    /// The flag, `--system`, the environment, the files that exist, and what is expected.
    type Row = (Option<&'static str>, bool, &'static str, &'static [&'static str], &'static str);
    let table: [Row; 10] = [
        (None, false, "runtime=/r", &[], OWN),
        (None, false, "runtime=/r home=/h", &[AT_HOME, SYSTEM_SOCKET], AT_HOME),
        (None, false, "runtime=/r home=/h", &[AT_HOME, OWN], OWN),
        (None, false, "runtime=/r", &[OWN, SYSTEM_SOCKET], OWN),
        (None, false, "runtime=/r", &[SYSTEM_SOCKET], SYSTEM_SOCKET),
        (None, true, "runtime=/r", &[OWN], SYSTEM_SOCKET),
        (None, true, ALL, &[], SYSTEM_SOCKET),
        (Some("/flag"), false, "runtime=/r", &[SYSTEM_SOCKET], "/flag"),
        (None, false, "state=/d", &[SYSTEM_SOCKET], "/d/boxd.sock"),
        (None, false, "", &[SYSTEM_SOCKET], SYSTEM_SOCKET),
    ];
    for (socket, system, words, files, expected) in table {
        let exists = |path: &Path| files.iter().any(|file| Path::new(file) == path);
        let found = environment(words).client_socket(socket.map(Path::new), None, system, exists);
        assert_eq!(found, Ok(PathBuf::from(expected)), "{socket:?} {system} {words} {files:?}");
    }
}

#[test]
fn a_path_that_no_system_takes_is_refused_by_name() {
    let path = |length: usize| PathBuf::from(format!("/{}", "x".repeat(length - 1)));
    let fits = path(LONGEST_PATH - 1);
    let find = |path: &Path| Environment::default().client_socket(Some(path), None, false, |_| true);
    assert_eq!(find(&fits), Ok(fits.clone()));
    let error = find(&path(LONGEST_PATH)).unwrap_err().to_string();
    assert!(error.contains("108 bytes") && error.contains("at most 107"), "{error}");
}
