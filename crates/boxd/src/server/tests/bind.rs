//! Taking the socket's place, and leaving it.

use std::{
    fs,
    os::{
        fd::OwnedFd,
        unix::{
            fs::{MetadataExt as _, PermissionsExt as _, symlink},
            net::{UnixListener, UnixStream},
        },
    },
    path::Path,
};

use tempfile::TempDir;

use crate::server::{BindError, Listener};

fn place() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("boxd.sock");
    (dir, socket)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[tokio::test]
async fn directory_and_socket_are_for_the_owner_alone_and_the_socket_goes_with_the_listener() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("run/boxd/boxd.sock");
    let listener = Listener::bind(&socket).unwrap();
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
    assert_eq!(mode(&socket), 0o600);
    UnixStream::connect(&socket).unwrap();
    drop(listener);
    assert!(!socket.exists());
    Listener::bind(&socket).unwrap();
}

#[tokio::test]
async fn what_a_dead_daemon_left_is_replaced() {
    let (_dir, socket) = place();
    drop(UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    let _listener = Listener::bind(&socket).unwrap();
    UnixStream::connect(&socket).unwrap();
}

#[tokio::test]
async fn a_second_daemon_is_told_and_changes_nothing() {
    let (_dir, socket) = place();
    let _first = Listener::bind(&socket).unwrap();
    let inode = fs::symlink_metadata(&socket).unwrap().ino();
    let error = Listener::bind(&socket).unwrap_err();
    assert!(error.is_already_running(), "{error}");
    assert!(error.to_string().contains(&*socket.to_string_lossy()), "{error}");
    assert_eq!(fs::symlink_metadata(&socket).unwrap().ino(), inode);
    UnixStream::connect(&socket).unwrap();
}

#[tokio::test]
async fn somebody_who_listens_without_our_lock_is_left_alone() {
    let (_dir, socket) = place();
    let other = UnixListener::bind(&socket).unwrap();
    let error = Listener::bind(&socket).unwrap_err();
    assert!(error.is_already_running(), "{error}");
    other.accept().unwrap();
    UnixStream::connect(&socket).unwrap();
}

#[tokio::test]
async fn what_is_no_socket_is_left_alone() {
    let (dir, socket) = place();
    fs::write(&socket, "precious").unwrap();
    let error = Listener::bind(&socket).unwrap_err();
    assert!(matches!(error, BindError::NotASocket { .. }), "{error}");
    assert_eq!(fs::read_to_string(&socket).unwrap(), "precious");

    fs::remove_file(&socket).unwrap();
    symlink(dir.path().join("elsewhere.sock"), &socket).unwrap();
    let error = Listener::bind(&socket).unwrap_err();
    assert!(matches!(error, BindError::NotASocket { .. }), "{error}");
}

#[tokio::test]
async fn a_path_that_no_socket_can_have_is_named_with_its_length() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("x".repeat(120));
    let error = Listener::bind(&socket).unwrap_err();
    assert!(matches!(error, BindError::TooLong { .. }), "{error}");
    assert!(error.to_string().contains(&socket.as_os_str().len().to_string()), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_directory_that_others_can_write_is_refused_with_the_remedy() {
    for bits in [0o777, 0o1777, 0o770, 0o702] {
        let (dir, socket) = place();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(bits)).unwrap();
        let text = Listener::bind(&socket).unwrap_err().to_string();
        for part in [&*dir.path().to_string_lossy(), &format!("{bits:04o}"), "chmod go-w", "uid"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
    // A group may enter in system mode.
    let (dir, socket) = place();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o750)).unwrap();
    Listener::bind(&socket).unwrap();
}

#[tokio::test]
async fn a_directory_of_somebody_else_is_refused() {
    let (dir, socket) = place();
    if std::os::unix::fs::chown(dir.path(), Some(54_321), None).is_err() {
        // Only root can give a directory away.
        return;
    }
    let error = Listener::bind(&socket).unwrap_err();
    assert!(matches!(error, BindError::UnsafeDirectory { owner: 54_321, .. }), "{error}");
}

#[tokio::test]
async fn a_successors_socket_is_not_unlinked() {
    let (_dir, socket) = place();
    let listener = Listener::bind(&socket).unwrap();
    fs::remove_file(&socket).unwrap();
    let _successor = UnixListener::bind(&socket).unwrap();
    drop(listener);
    UnixStream::connect(&socket).unwrap();
}

#[tokio::test]
async fn an_inherited_socket_is_served_and_not_unlinked() {
    let (_dir, socket) = place();
    let manager = UnixListener::bind(&socket).unwrap();
    let mut listener = Listener::inherited([OwnedFd::from(manager.try_clone().unwrap())]).unwrap();
    let (accepted, _client) = tokio::join!(listener.accept(), tokio::net::UnixStream::connect(&socket));
    accepted.unwrap();
    drop(listener);
    UnixStream::connect(&socket).unwrap();
}

#[tokio::test]
async fn an_inherited_descriptor_must_be_a_listening_unix_socket() {
    let (connected, _other) = UnixStream::pair().unwrap();
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let datagram = std::os::unix::net::UnixDatagram::unbound().unwrap();
    let file = tempfile::tempfile().unwrap();
    for fd in [OwnedFd::from(connected), tcp.into(), datagram.into(), file.into()] {
        let error = Listener::inherited([fd]).unwrap_err();
        assert!(matches!(error, BindError::NotListening | BindError::Inherited(_)), "{error}");
    }
}

#[tokio::test]
async fn several_inherited_sockets_are_served_and_each_is_locked() {
    let (_dir, first) = place();
    let second = first.with_file_name("second.sock");
    let managers = [&first, &second].map(|path| UnixListener::bind(path).unwrap());
    let fds = || managers.each_ref().map(|manager| OwnedFd::from(manager.try_clone().unwrap()));
    let mut listener = Listener::inherited(fds()).unwrap();
    for path in [&second, &first, &second] {
        let (accepted, _client) = tokio::join!(listener.accept(), tokio::net::UnixStream::connect(path));
        accepted.unwrap();
    }
    let error = Listener::inherited(fds()).unwrap_err();
    assert!(error.is_already_running(), "{error}");
    assert!(Listener::inherited([]).is_err());
}

#[tokio::test]
async fn who_takes_clients_in_can_say_so() {
    let (_dir, socket) = place();
    let mut listener = Listener::bind(&socket).unwrap();
    let probe = listener.probe();
    tokio::select! {
        _ = listener.accept() => panic!("there are no clients"),
        asked = probe.ask() => asked.unwrap(),
    }
}
