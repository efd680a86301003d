//! Which unit a path of control groups means, and which of them a user can make up.

use super::super::Unit;

fn unit(path: &str) -> Option<Unit> {
    Unit::of_cgroups(&format!("0::{path}\n"))
}

fn system(name: &str) -> Unit {
    Unit::System(name.to_owned())
}

fn user(manager: u32, name: &str) -> Unit {
    Unit::User { manager, name: name.to_owned() }
}

#[test]
fn the_outermost_unit_counts() {
    assert_eq!(unit("/system.slice/etl.service"), Some(system("etl.service")));
    assert_eq!(unit("/system.slice/system-etl.slice/etl@7.service"), Some(system("etl@7.service")));
    assert_eq!(unit("/etl.slice/etl.service"), Some(system("etl.service")));
    assert_eq!(unit("/system.slice/etl.service/payload/other.service"), Some(system("etl.service")));
    assert_eq!(unit("/system.slice/docker-0a1b.scope"), Some(system("docker-0a1b.scope")));
    assert_eq!(unit("/user.slice/user-1000.slice/session-3.scope"), Some(system("session-3.scope")));
    assert_eq!(unit("/system.slice/__etl.service"), Some(system("_etl.service")), "escaped by systemd");
}

#[test]
fn what_a_user_calls_its_own_groups_is_no_unit_of_the_system() {
    let manager = "/user.slice/user-1000.slice/user@1000.service";
    assert_eq!(unit(&format!("{manager}/app.slice/etl.service")), Some(user(1000, "etl.service")));
    assert_eq!(
        unit(&format!("{manager}/app.slice/app-x.slice/etl.service/y")),
        Some(user(1000, "etl.service"))
    );
    assert_eq!(unit(&format!("{manager}/system.slice/etl.service")), Some(user(1000, "etl.service")));
    assert_eq!(unit(&format!("{manager}/user@0.service/etl.service")), Some(user(1000, "user@0.service")));
    for none in
        [manager.to_owned(), format!("{manager}/app.slice"), format!("{manager}/anything/etl.service")]
    {
        assert_eq!(unit(&none), None, "{none}");
    }
}

#[test]
fn what_cannot_be_told_is_none() {
    for path in [
        "/",
        "",
        "/system.slice",
        "/../../etl.service",
        "/docker/0a1b/system.slice/etl.service",
        "/lxc.payload.x/system.slice/etl.service",
        "/system.slice/etl",
        "/system.slice/.service",
        "/system.slice/etl.service (deleted)",
    ] {
        assert_eq!(unit(path), None, "{path}");
    }
    for text in ["", "0::", "garbage", "1:cpu:/system.slice/etl.service", "0:/system.slice/etl.service"] {
        assert_eq!(Unit::of_cgroups(text), None, "{text}");
    }
}

#[test]
fn the_old_hierarchy_is_systemds_where_it_is_there() {
    let text = "9:name=systemd:/system.slice/old.service\n3:cpu:/x.service\n0::/system.slice/new.service\n";
    assert_eq!(Unit::of_cgroups(text), Some(system("old.service")));
    assert_eq!(Unit::of_cgroups("9:name=systemd:/\n0::/system.slice/new.service\n"), None);
}

#[test]
fn a_unit_of_a_manager_is_its_users_alone() {
    let of = |unit: Unit, owner| unit.is_called("etl.service", owner);
    assert!(of(system("etl.service"), 1000) && of(user(1000, "etl.service"), 1000));
    assert!(!of(user(1001, "etl.service"), 1000) && !of(user(0, "etl.service"), 1000));
    assert!(!of(system("etl2.service"), 1000));
}
