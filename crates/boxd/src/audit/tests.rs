//! What the log holds after all kinds of days.

use std::{fs, path::Path, time::Duration};

use boxd_proto::{AuditOutcome, AuditQuery, AuditRecord, AuditWay};
use tempfile::TempDir;

use super::{Audit, Settings, Unrecorded, line};

fn record(pid: u32) -> AuditRecord {
    AuditRecord {
        time: 1_700_000_000,
        until: 1_700_000_000,
        count: 1,
        outcome: AuditOutcome::Handed,
        way: AuditWay::Native,
        account: Some("work".into()),
        generation: Some(17),
        scope: vec!["item_download".into()],
        resource: Some("https://api.box.com/2.0/folders/1".into()),
        user: Some("7".into()),
        uid: 1000,
        pid: Some(pid),
        started: Some(8),
        program: Some("/bin/a \"b\"\n\u{1b}c".into()),
        unit: Some("etl.service".into()),
        socket: Some("/srv/s".into()),
    }
}

fn at(time: i64, pid: u32) -> AuditRecord {
    AuditRecord { time, until: time, ..record(pid) }
}

fn lines(directory: &Path) -> Vec<String> {
    let text = fs::read_to_string(directory.join("audit.log")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

async fn all(audit: &Audit, query: AuditQuery, earliest: Option<i64>) -> Vec<AuditRecord> {
    let mut records = audit.read(query, earliest).await;
    let mut all = Vec::new();
    while let Some(record) = records.recv().await {
        all.push(record);
    }
    all
}

/// Until the task has written; the clock is virtual, the disk is not.
async fn until_lines(directory: &Path, count: usize) {
    for _ in 0..1000 {
        if lines(directory).len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(1))).await.unwrap();
    }
    panic!("{:?}", lines(directory));
}

#[test]
fn a_record_comes_back_from_its_line() {
    let bare = AuditRecord {
        outcome: AuditOutcome::Denied,
        way: AuditWay::Endpoint,
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
        ..record(1)
    };
    for record in [record(1), bare] {
        let line = line::of(&record);
        assert_eq!(line.matches('\n').count(), 1, "one line, whatever a program is called");
        assert_eq!(line::record(&line), Some(record));
    }
    for torn in ["", "\n", "{\"time\":\"2023-11-14T22:13:20Z\",\"until\"", "{}", "[]", "17"] {
        assert_eq!(line::record(torn), None, "{torn}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_program_is_written_at_once_and_its_repeats_are_counted() {
    let dir = TempDir::new().unwrap();
    let audit = Audit::start(dir.path().to_owned(), Settings::default());
    for second in 0..10 {
        audit.hand_out(at(1_700_000_000 + second, 1), true).await.unwrap();
    }
    audit.hand_out(at(1_700_000_010, 2), true).await.unwrap();
    until_lines(dir.path(), 2).await;
    assert_eq!(lines(dir.path()).len(), 2, "one for each program");
    tokio::time::sleep(Duration::from_mins(1)).await;
    until_lines(dir.path(), 3).await;
    let repeats = line::record(&lines(dir.path())[2]).unwrap();
    assert_eq!((repeats.count, repeats.time, repeats.until), (9, 1_700_000_001, 1_700_000_009));
    let total: u64 = all(&audit, AuditQuery::default(), None).await.iter().map(|record| record.count).sum();
    assert_eq!(total, 11);
}

#[tokio::test]
async fn what_is_asked_for_is_found_at_once() {
    let dir = TempDir::new().unwrap();
    let audit = Audit::start(dir.path().to_owned(), Settings::default());
    audit.note(at(100, 1), true);
    audit.note(AuditRecord { account: Some("bot".into()), ..at(200, 1) }, true);
    audit.note(AuditRecord { generation: Some(18), ..at(300, 1) }, true);
    let of = |account: Option<&str>, generation| AuditQuery {
        account: account.map(str::to_owned),
        generation,
        since_seconds: None,
    };
    let count = async |query, earliest| all(&audit, query, earliest).await.len();
    assert_eq!(count(of(None, None), None).await, 3);
    assert_eq!(count(of(Some("work"), None), None).await, 2);
    assert_eq!(count(of(Some("work"), Some(17)), None).await, 1);
    assert_eq!(count(of(None, Some(18)), None).await, 1);
    assert_eq!(count(of(None, None), Some(200)).await, 2);
    assert_eq!(count(of(Some("other"), None), None).await, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_private_and_rotated() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = TempDir::new().unwrap();
    let settings = Settings { max_size: 2000, keep: 3, ..Settings::default() };
    let audit = Audit::start(dir.path().to_owned(), settings);
    for pid in 0..40 {
        audit.note(at(i64::from(pid), pid), true);
        audit.flush().await;
    }
    let mut names: Vec<String> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["audit.log", "audit.log.1", "audit.log.2"]);
    for name in &names {
        let metadata = fs::metadata(dir.path().join(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert!(metadata.len() <= 2000, "{name}: {}", metadata.len());
    }
    let pids: Vec<_> =
        all(&audit, AuditQuery::default(), None).await.iter().filter_map(|record| record.pid).collect();
    assert!(pids.is_sorted() && pids.last() == Some(&39) && pids.len() > 8, "the newest, in order: {pids:?}");

    audit.configure(Settings { keep: 1, ..settings });
    for pid in 40..60 {
        audit.note(at(i64::from(pid), pid), true);
        audit.flush().await;
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "what is no longer kept is gone");
}

#[tokio::test]
async fn half_a_line_that_a_crash_left_spoils_no_other() {
    let dir = TempDir::new().unwrap();
    let whole = line::of(&record(1));
    fs::write(dir.path().join("audit.log"), format!("{whole}{}", &whole[..40])).unwrap();
    let audit = Audit::start(dir.path().to_owned(), Settings::default());
    audit.note(record(2), true);
    let pids: Vec<_> =
        all(&audit, AuditQuery::default(), None).await.iter().filter_map(|record| record.pid).collect();
    assert_eq!(pids, [1, 2]);
}

#[tokio::test]
async fn required_means_on_the_disk_or_not_at_all() {
    let dir = TempDir::new().unwrap();
    let settings = Settings { required: true, ..Settings::default() };
    let audit = Audit::start(dir.path().to_owned(), settings);
    audit.hand_out(record(1), true).await.unwrap();
    assert_eq!(lines(dir.path()).len(), 1, "before the token leaves");

    let nowhere = Audit::start(dir.path().join("missing"), settings);
    assert_eq!(nowhere.hand_out(record(1), true).await, Err(Unrecorded));
    nowhere.configure(Settings::default());
    assert_eq!(nowhere.hand_out(record(1), true).await, Ok(()));
}

#[tokio::test]
async fn what_is_lost_is_accounted_for() {
    let dir = TempDir::new().unwrap();
    let place = dir.path().join("state");
    let audit = Audit::start(place.clone(), Settings::default());
    for pid in 0..3 {
        audit.note(record(pid), true);
    }
    audit.flush().await;
    assert_eq!(audit.lost(), 3);
    fs::create_dir(&place).unwrap();
    audit.note(record(7), true);
    let records = all(&audit, AuditQuery::default(), None).await;
    let lost: Vec<_> = records.iter().filter(|record| record.outcome == AuditOutcome::Lost).collect();
    assert_eq!((records.len(), lost.len(), lost[0].count, audit.lost()), (2, 1, 3, 0));
}

#[tokio::test]
async fn a_full_queue_costs_records_and_no_time() {
    let dir = TempDir::new().unwrap();
    let audit = Audit::start(dir.path().to_owned(), Settings::default());
    let many = u32::try_from(super::QUEUED).unwrap() + 5;
    // The task has no chance to run meanwhile.
    for pid in 0..many {
        audit.note(record(pid), true);
    }
    assert_eq!(audit.lost(), 5);
    let total: u64 = all(&audit, AuditQuery::default(), None).await.iter().map(|record| record.count).sum();
    assert_eq!(total, u64::from(many));
}

#[tokio::test]
async fn a_stranger_cannot_push_others_out() {
    let dir = TempDir::new().unwrap();
    let audit = Audit::start(dir.path().to_owned(), Settings::default());
    let denied = |pid: u32| AuditRecord {
        outcome: AuditOutcome::Denied,
        account: Some(format!("made-up-{pid}")),
        generation: None,
        uid: 4711,
        ..record(pid)
    };
    for pid in 0..1000 {
        audit.note(denied(pid), false);
        audit.note(AuditRecord { uid: 4712, ..record(pid) }, false);
    }
    audit.note(record(1), true);
    let records = all(&audit, AuditQuery::default(), None).await;
    assert!(records.len() < 150, "{}", records.len());
    let of = |uid| records.iter().filter(|record| record.uid == uid).map(|record| record.count).sum::<u64>();
    assert_eq!((of(4711), of(4712), of(1000)), (1000, 1000, 1), "all of it is counted");
}

#[tokio::test]
async fn what_is_not_enabled_is_not_written() {
    let dir = TempDir::new().unwrap();
    let audit = Audit::start(dir.path().to_owned(), Settings { enabled: false, ..Settings::default() });
    audit.note(record(1), true);
    audit.flush().await;
    assert!(!audit.is_enabled() && lines(dir.path()).is_empty());
}

fn required() -> Settings {
    Settings { required: true, ..Settings::default() }
}

#[tokio::test]
async fn nobody_floods_a_required_log_either() {
    let dir = TempDir::new().unwrap();
    let audit = Audit::start(dir.path().to_owned(), required());
    audit.hand_out(record(1), true).await.unwrap();
    for pid in 0..300 {
        audit.hand_out(AuditRecord { uid: 4711, ..record(pid) }, false).await.unwrap();
        let resource = Some(format!("https://api.box.com/2.0/folders/{pid}"));
        audit.hand_out(AuditRecord { uid: 4712, resource, ..record(7) }, false).await.unwrap();
        audit.hand_out(AuditRecord { uid: 4713, ..record(9) }, false).await.unwrap();
    }
    assert!(lines(dir.path()).len() < 140, "{}", lines(dir.path()).len());
    let records = all(&audit, AuditQuery::default(), None).await;
    let of = |uid| records.iter().filter(|record| record.uid == uid).map(|record| record.count).sum::<u64>();
    assert_eq!((of(4711), of(4712), of(4713), of(1000)), (300, 300, 300, 1), "all of it is counted");
}

#[tokio::test]
async fn a_record_that_could_not_be_written_is_no_record_for_its_repeats() {
    let dir = TempDir::new().unwrap();
    let place = dir.path().join("state");
    let audit = Audit::start(place.clone(), required());
    assert_eq!(audit.hand_out(record(1), true).await, Err(Unrecorded));
    assert_eq!(audit.hand_out(record(1), true).await, Err(Unrecorded));
    fs::create_dir(&place).unwrap();
    audit.hand_out(record(1), true).await.unwrap();
    assert!(lines(&place).iter().any(|line| line.contains("handed")), "{:?}", lines(&place));
    // One that was only noted so far may not be on the disk.
    audit.note(record(2), true);
    audit.flush().await;
    audit.hand_out(record(2), true).await.unwrap();
    let pid_2 = |line: &&String| line.contains("\"pid\":2");
    assert_eq!(lines(&place).iter().filter(pid_2).count(), 2, "{:?}", lines(&place));
}

#[tokio::test]
async fn who_is_denied_holds_nobody_up_who_waits_for_a_record() {
    let dir = TempDir::new().unwrap();
    let audit = Audit::start(dir.path().to_owned(), required());
    for pid in 0..u32::try_from(super::QUEUED).unwrap() + 5 {
        audit.note(AuditRecord { outcome: AuditOutcome::Denied, uid: 4711, ..record(pid) }, false);
    }
    audit.hand_out(record(1), true).await.unwrap();
}

#[tokio::test]
async fn what_is_lost_is_told_whatever_is_asked_for() {
    let dir = TempDir::new().unwrap();
    let place = dir.path().join("state");
    let audit = Audit::start(place.clone(), Settings::default());
    audit.note(record(1), true);
    audit.flush().await;
    fs::create_dir(&place).unwrap();
    audit.note(AuditRecord { account: Some("other".into()), ..record(2) }, true);
    let query = AuditQuery { account: Some("nobody".into()), generation: Some(3), since_seconds: None };
    let records = all(&audit, query, None).await;
    assert!(matches!(&*records, [lost] if lost.outcome == AuditOutcome::Lost), "{records:?}");
}
