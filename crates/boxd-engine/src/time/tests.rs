//! Both clocks at their ends, and steps between them.

use super::*;

const DAY: Duration = Duration::from_hours(24);

#[test]
fn the_boot_clock_saturates_at_both_ends() {
    assert_eq!(BootTime(5000).since(BootTime(2000)), Duration::from_secs(3));
    assert_eq!(BootTime(2000).since(BootTime(5000)), Duration::ZERO);
    assert_eq!(BootTime(1).before(DAY), BootTime(0));
    assert_eq!(BootTime(u64::MAX).after(DAY), BootTime(u64::MAX));
    assert_eq!(BootTime(0).after(Duration::MAX), BootTime(u64::MAX));
}

#[test]
fn the_wall_clock_may_be_before_1970_and_goes_back() {
    assert_eq!(WallTime(0).before(DAY), WallTime(-86_400_000));
    assert_eq!(WallTime(-1).unix_seconds(), -1, "rounded down");
    assert_eq!(WallTime(1999).unix_seconds(), 1);
    assert_eq!(WallTime(1000).millis_since(WallTime(5000)), -4000);
    assert_eq!(WallTime(i64::MAX).after(Duration::MAX), WallTime(i64::MAX));
    assert_eq!(WallTime(i64::MIN).before(Duration::MAX), WallTime(i64::MIN));
    assert_eq!(WallTime(i64::MIN).millis_since(WallTime(i64::MAX)), i64::MIN);
}

#[test]
fn a_share_is_uniform_and_never_more_than_the_whole() {
    assert_eq!(Jitter(0).of(DAY), Duration::ZERO);
    assert_eq!(Jitter(u32::MAX).of(DAY), DAY);
    assert_eq!(Jitter(u32::MAX / 2).of(Duration::from_secs(10)).as_secs(), 4);
    assert_eq!(Jitter(u32::MAX).of(Duration::MAX), Duration::from_millis(u64::MAX));
}

#[test]
fn dates_of_the_boot_clock_follow_todays_wall_clock() {
    let now = Now { boot: BootTime(10_000), wall: WallTime(1_000_000), jitter: Jitter(0) };
    assert_eq!(now.date_of(BootTime(12_000)), WallTime(1_002_000));
    assert_eq!(now.date_of(BootTime(4_000)), WallTime(994_000));
}
