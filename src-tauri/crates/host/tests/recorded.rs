//! Session directories as earlier builds left them: every later build reads them as what they meant,
//! and goes on in them.
//!
//! `tests/recorded/documents-<version>-<kind>/` were written by real hosts and are never changed once
//! they are there. `UPDATE_GOLDEN=1` writes those of the present version where they are missing.

mod support;

use nightshift_host::finding::{Finding, document, inspect};
use nightshift_host::journal::Writer;
use nightshift_model::Millis;
use nightshift_platform::process::{Identity, boot_id};
use nightshift_protocol::launch::{DOCUMENT_VERSION, EXIT_FILE, LAUNCH_FILE, READY_FILE};
use nightshift_protocol::record::Mark;
use nightshift_protocol::{About, Exited, HostRequest, Launch, LaunchKind, Ready, RecordKind};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use support::{Host, launch};

const AT: Millis = Millis(1_750_000_000_123);
/// No machine was ever booted as this.
const BOOT: &str = "00000000-0000-4000-8000-000000000000";
const KINDS: [LaunchKind; 2] = [LaunchKind::Pty, LaunchKind::Pipe];

fn recorded(kind: LaunchKind) -> PathBuf {
    let kind = if kind == LaunchKind::Pty { "pty" } else { "pipe" };
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/recorded/documents-{DOCUMENT_VERSION}-{kind}"))
}

fn asked(kind: LaunchKind) -> Launch {
    let script = "read line; echo \"got $line\"; sleep 0.1; echo oops >&2; exit 3";
    let about = About {
        session_id: "7c5d0a1b-0000-4000-8000-000000000000".into(),
        name: "map".into(),
        named_by_user: true,
        agent: (kind == LaunchKind::Pipe).then(|| "rehearsal".into()),
        model: None,
        permission_mode: Some("ask".into()),
        first_prompt: "map every TODO".into(),
        cwd: None,
        lodging: None,
        created_at: AT,
    };
    let plain = launch(kind, &["sh", "-c", script]);
    Launch { session: "7c5d0a1b".into(), about: Some(about), journal_after: 0, ..plain }
}

/// What a document says of the machine it was written on is replaced by what is true of none.
fn edit(path: &Path, change: impl Fn(&mut Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, serde_json::to_vec_pretty(&value).unwrap()).unwrap();
}

fn record_the_present_version(kind: LaunchKind) {
    let to = recorded(kind);
    if std::env::var_os("UPDATE_GOLDEN").is_none() || to.exists() {
        return;
    }
    let mut host = Host::ready(asked(kind));
    let mut client = host.connect();
    if kind == LaunchKind::Pipe {
        client.send(&HostRequest::WriteLine { tag: 1, line: "a line".into() });
    } else {
        client.attach();
        client.keys("a line\r");
    }
    host.wait_exit();
    std::fs::create_dir_all(&to).unwrap();
    for file in std::fs::read_dir(&host.dir).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().to_string_lossy().into_owned();
        if name.starts_with("journal-") || name.ends_with(".json") {
            std::fs::copy(file.path(), to.join(name)).unwrap();
        }
    }
    edit(&to.join(LAUNCH_FILE), |launch| launch["socket"] = json!("/run/s"));
    edit(&to.join(READY_FILE), |ready| {
        ready["socket"] = json!("/run/s");
        ready["binary"] = json!("/usr/bin/nightshift");
        ready["bootId"] = json!(BOOT);
    });
}

/// A copy that a test may change.
fn copy_of(kind: LaunchKind) -> tempfile::TempDir {
    record_the_present_version(kind);
    let dir = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(recorded(kind)).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    dir
}

fn check_documents(dir: &Path, kind: LaunchKind) {
    let launch = document::<Launch>(dir, LAUNCH_FILE).unwrap().unwrap();
    assert_eq!(launch, Launch { socket: "/run/s".into(), ..asked(kind) });
    let ready = document::<Ready>(dir, READY_FILE).unwrap().unwrap();
    assert_eq!((ready.version, ready.boot_id.as_str()), (1, BOOT));
    assert_eq!((ready.socket.as_str(), ready.protocol), ("/run/s", 1));
    assert!(ready.pid > 1 && ready.child_pid > 1 && ready.start_ticks > 0 && ready.at > AT);
    match inspect(dir) {
        Finding::Ended(Exited { code: Some(3), signal: None, spawn_error: None, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn recorded_documents_say_what_they_said() {
    for kind in KINDS {
        let dir = copy_of(kind);
        check_documents(dir.path(), kind);
        std::fs::remove_file(dir.path().join(EXIT_FILE)).unwrap();
        assert!(matches!(inspect(dir.path()), Finding::Gone(why) if why.contains("restarted")));
        // The same host, had it been started on this machine and lived.
        let own = Identity::own().unwrap();
        edit(&dir.path().join(READY_FILE), |ready| {
            ready["bootId"] = json!(boot_id().unwrap());
            ready["pid"] = json!(own.pid);
            ready["startTicks"] = json!(own.start_ticks);
        });
        assert!(matches!(inspect(dir.path()), Finding::Alive(_)));
        std::fs::remove_file(dir.path().join(READY_FILE)).unwrap();
        assert!(matches!(inspect(dir.path()), Finding::Starting));
    }
}

#[test]
fn what_a_newer_build_adds_to_them_changes_nothing() {
    for kind in KINDS {
        let dir = copy_of(kind);
        for name in [LAUNCH_FILE, READY_FILE, EXIT_FILE] {
            edit(&dir.path().join(name), |value| {
                value["addedLater"] = json!({"n": [1, null]});
                if value["about"].is_object() {
                    value["about"]["addedLater"] = json!(true);
                }
            });
        }
        std::fs::write(dir.path().join("added-later"), "?").unwrap();
        check_documents(dir.path(), kind);
        // One version on, which is as far as this build reaches; and one too far.
        edit(&dir.path().join(EXIT_FILE), |exit| exit["version"] = json!(DOCUMENT_VERSION + 1));
        assert!(matches!(inspect(dir.path()), Finding::Ended(_)));
        edit(&dir.path().join(EXIT_FILE), |exit| exit["version"] = json!(DOCUMENT_VERSION + 2));
        assert!(matches!(inspect(dir.path()), Finding::Unknown(_)));
    }
}

fn bodies(dir: &Path, kind: RecordKind) -> Vec<Vec<u8>> {
    let records = nightshift_host::journal::read(dir, 0);
    records.filter(|record| record.kind == kind).map(|record| record.body).collect()
}

#[test]
fn recorded_journals_say_what_they_said_and_are_gone_on_with() {
    for kind in KINDS {
        let dir = copy_of(kind);
        let records: Vec<_> = nightshift_host::journal::read(dir.path(), 0).collect();
        let numbers: Vec<u64> = records.iter().map(|record| record.seq).collect();
        let last = document::<Exited>(dir.path(), EXIT_FILE).unwrap().unwrap().last_seq;
        assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
        assert!(records.iter().all(|record| record.at > AT));
        let marks = bodies(dir.path(), RecordKind::Mark);
        let first: Mark = serde_json::from_slice(&marks[0]).unwrap();
        assert!(matches!(first, Mark::Launched { pid, .. } if pid > 1));
        let out = bodies(dir.path(), RecordKind::Out);
        if kind == LaunchKind::Pipe {
            assert_eq!(out, [b"got a line"]);
            assert_eq!(bodies(dir.path(), RecordKind::In), [b"a line"]);
            assert_eq!(bodies(dir.path(), RecordKind::Err), [b"oops"]);
        } else {
            let text = String::from_utf8(out.concat()).unwrap();
            assert_eq!(text, "a line\r\ngot a line\r\noops\r\n");
        }
        let mut writer = Writer::open(dir.path(), 1024 * 1024).unwrap();
        let appended = writer.append(AT, RecordKind::Out, b"more".to_vec());
        appended.stored.unwrap();
        assert_eq!(appended.seq, last + 1);
        assert_eq!(bodies(dir.path(), RecordKind::Out).last().unwrap(), b"more");
    }
}
