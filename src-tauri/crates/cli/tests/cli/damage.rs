//! One damaged part is set aside with a notice; the rest stays intact.

use crate::support::{Shift, kill};
use nightshift_client::Client;
use nightshift_host::journal;
use nightshift_platform::process::{Identity, Liveness3, signal};
use nightshift_platform::signals::{SIGCONT, SIGSTOP};
use nightshift_protocol::{BoardEvent, RecordKind};
use nightshift_testkit::wait_until;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::Command;

fn notices(shift: &Shift) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::connect(&shift.home.home()).await.unwrap();
        let mut board = client.follow_board().await.unwrap();
        match board.next().await.unwrap() {
            BoardEvent::Snapshot { notices, .. } => {
                notices.iter().map(|n| format!("{}\n", n.text)).collect()
            }
            BoardEvent::Change { .. } => panic!("a follow begins with a snapshot"),
        }
    })
}

#[test]
fn a_damaged_row_is_set_aside_and_the_rest_is_intact() {
    let shift = Shift::new();
    let (bad, good) = (shift.shell("read x"), shift.shell("read x"));
    for id in [&bad, &good] {
        shift.wait_entry(id, "its process", |e| e["pid"].is_u64());
    }
    let host = shift.host(&bad);
    shift.kill_supervisor();
    let database = rusqlite::Connection::open(shift.home.home().database()).unwrap();
    let sql = "UPDATE sessions SET doc = '{\"id\": 7' WHERE id = ?1";
    assert_eq!(database.execute(sql, [&bad]).unwrap(), 1);
    drop(database);
    assert!(shift.entry(&good)["pid"].is_u64());
    let told = notices(&shift);
    assert!(told.contains(&bad) && told.contains("set aside"), "{told}");
    assert_eq!(host.liveness(), Liveness3::Alive, "a live process is not ended for a bad row");
    let recovered = shift.wait_entry(&bad, "its process again", |e| e["pid"].is_u64());
    assert_eq!(recovered["state"], "working");
    shift.ok(&["stop", &good]);
    shift.ok(&["stop", &bad]);
    assert_eq!(host.liveness(), Liveness3::Gone);
}

#[test]
fn a_lost_database_costs_no_session_nor_its_question() {
    let shift = Shift::new();
    let asks = shift.agent("say before\nask Go on? | Yes | No\ndone went on");
    shift.wait_state(&asks, "blocked");
    let finished = shift.agent("done all good");
    shift.wait_state(&finished, "done");
    shift.kill_supervisor();
    for name in ["nightshift.db", "nightshift.db-wal", "nightshift.db-shm"] {
        std::fs::remove_file(shift.home.state().join(name)).ok();
    }
    let entry = shift.wait_state(&asks, "blocked");
    assert_eq!(entry["pending"]["question"], "Go on?");
    shift.answer(&asks, "1");
    assert_eq!(shift.wait_state(&asks, "done")["result"], "went on");
    assert_eq!(shift.wait_state(&finished, "done")["result"], "all good");
    shift.ok(&["reply", &asks, "done again"]);
    shift.wait_entry(&asks, "the second turn's result", |e| e["result"] == "again");
}

#[test]
fn a_damaged_session_directory_is_set_aside_and_the_rest_is_intact() {
    for file in ["launch.json", "ready.json"] {
        let shift = Shift::new();
        let (bad, good) = (shift.shell("read x"), shift.shell("read x"));
        for id in [&bad, &good] {
            shift.wait_entry(id, "its process", |e| e["pid"].is_u64());
        }
        shift.kill_supervisor();
        std::fs::write(shift.job(&bad).join(file), "{\"version\":").unwrap();
        assert!(shift.entry(&good)["pid"].is_u64(), "{file}");
        let told = notices(&shift) + &shift.ok(&["agents", "--all", "--json"]);
        assert!(told.contains(&bad), "{file}: {told}");
        shift.ok(&["stop", &good]);
        shift.ok(&["--bg", "--exec", "true"]);
    }
}

#[test]
fn a_removal_that_a_kill_cut_off_is_finished_and_nothing_comes_back_to_life() {
    let shift = Shift::new();
    let id = shift.shell("exit 0");
    shift.wait_state(&id, "done");
    shift.kill_supervisor();
    let database = rusqlite::Connection::open(shift.home.home().database()).unwrap();
    assert_eq!(database.execute("DELETE FROM sessions WHERE id = ?1", [&id]).unwrap(), 1);
    drop(database);
    // The mark is gone already, the launch document not yet.
    let half = shift.job(&id).with_extension("removed");
    std::fs::rename(shift.job(&id), &half).unwrap();
    assert!(half.join("launch.json").exists() && !half.join("removed").exists());
    assert!(shift.entry(&id).is_null());
    wait_until("the rest of its directory is deleted", || !half.exists());
    assert!(!notices(&shift).contains(&id), "{}", notices(&shift));
}

#[test]
fn strange_things_among_the_session_directories_are_left_alone() {
    let shift = Shift::new();
    let good = shift.shell("read x");
    shift.wait_entry(&good, "its process", |e| e["pid"].is_u64());
    shift.kill_supervisor();
    let jobs = shift.home.home().jobs();
    std::fs::create_dir(jobs.join("deadbeef")).unwrap();
    std::fs::create_dir(jobs.join("not an id")).unwrap();
    std::fs::write(jobs.join("0000000a"), "a file").unwrap();
    assert!(shift.entry(&good)["pid"].is_u64());
    assert!(jobs.join("not an id").exists() && jobs.join("0000000a").exists());
}

#[test]
fn a_database_that_is_none_is_moved_away_and_nothing_live_is_harmed() {
    let shift = Shift::new();
    let id = shift.shell("read x");
    shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    let host = shift.host(&id);
    shift.kill_supervisor();
    let path = shift.home.home().database();
    for name in ["nightshift.db-wal", "nightshift.db-shm"] {
        std::fs::remove_file(shift.home.state().join(name)).ok();
    }
    std::fs::write(&path, "not a database ".repeat(500)).unwrap();
    let other = shift.shell("true");
    shift.wait_state(&other, "done");
    assert_eq!(host.liveness(), Liveness3::Alive);
    let moved = std::fs::read_dir(shift.home.state()).unwrap().any(|entry| {
        entry.unwrap().file_name().to_string_lossy().starts_with("nightshift.db.corrupt-")
    });
    assert!(moved);
    assert!(notices(&shift).contains("corrupt"), "{}", notices(&shift));
}

/// A small file system over a directory of the home; unmounted before the home goes.
struct SmallDisk<'a> {
    shift: &'a Shift,
    at: PathBuf,
}

impl<'a> SmallDisk<'a> {
    /// Over a directory that is not there yet.
    fn mount(shift: &'a Shift, at: PathBuf) -> Option<SmallDisk<'a>> {
        DirBuilder::new().mode(0o700).recursive(true).create(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs"]).arg(&at);
        let mounted = mount.status().is_ok_and(|status| status.success());
        if !mounted {
            eprintln!(
                "NOT TESTED: a full disk; mounting a small one needs more rights than we have"
            );
        }
        mounted.then_some(SmallDisk { shift, at })
    }

    fn fill(&self) {
        let filled = std::fs::write(self.at.join("filler"), vec![0; 2 * 1024 * 1024]);
        assert!(filled.is_err(), "the disk is not small");
    }

    fn free(&self) {
        std::fs::remove_file(self.at.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        self.shift.home.end_all();
        let status = Command::new("umount").arg(&self.at).status();
        assert!(status.is_ok_and(|status| status.success()), "the small disk stays mounted");
    }
}

#[test]
fn a_full_disk_is_said_and_harms_no_running_session() {
    let shift = Shift::new();
    let Some(disk) = SmallDisk::mount(&shift, shift.home.state()) else { return };
    let id = shift.shell("while read x; do echo got $x; done");
    shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    let waiting = shift.agent("ask Go on? | Yes\ndone went on");
    shift.wait_state(&waiting, "blocked");
    disk.fill();
    shift.fails(&["--bg", "--exec", "true"], &["space"]);
    for session in [&id, &waiting] {
        assert!(shift.entry(session)["pid"].is_u64());
    }
    disk.free();
    let after = shift.shell("exit 0");
    shift.wait_state(&after, "done");
    shift.answer(&waiting, "1");
    assert_eq!(shift.wait_state(&waiting, "done")["result"], "went on");
    kill(&shift.supervisor());
}

/// The disk of the sessions alone: the supervisor can write down what it knows, so that what it has after its
/// restart is what the host gave it.
#[test]
fn failures_36_a_question_that_found_no_room_outlives_the_supervisor() {
    let shift = Shift::new();
    shift.home.home().ensure().unwrap();
    let Some(disk) = SmallDisk::mount(&shift, shift.home.home().jobs()) else { return };
    // More than the rest of a page that the journal has already.
    let text = "x".repeat(8_000);
    let asks = shift.agent(&format!("wait 5\nsay {text}\nask Go on? | Yes\ndone went on"));
    let entry = shift.wait_entry(&asks, "its process", |e| e["pid"].is_u64());
    let agent = Identity::of(u32::try_from(entry["pid"].as_u64().unwrap()).unwrap()).unwrap();
    let holds = |kind: RecordKind| {
        let mut of_kind = journal::read(&shift.job(&asks), 0).filter(|r| r.kind == kind);
        of_kind.any(|r| String::from_utf8_lossy(&r.body).contains("Go on?"))
    };
    wait_until("its prompt to be written down", || holds(RecordKind::In));
    signal(&agent, SIGSTOP).unwrap();
    wait_until("it to stand still", || agent.standstill().is_some());
    assert_eq!(shift.entry(&asks)["state"], "working", "it asked too early");
    disk.fill();
    signal(&agent, SIGCONT).unwrap();
    let request = shift.request(&asks);
    assert!(!holds(RecordKind::Out), "it found room");
    let (host, before) = (shift.host(&asks), shift.kill_supervisor());
    assert_eq!(shift.request(&asks), request);
    assert!(shift.supervisor() != before && shift.host(&asks) == host);
    assert!(shift.ok(&["logs", &asks]).contains(&text), "what it said before is lost");
    disk.free();
    shift.answer(&asks, "1");
    assert_eq!(shift.wait_state(&asks, "done")["result"], "went on");
    assert!(holds(RecordKind::Out), "it was never written down");
}
