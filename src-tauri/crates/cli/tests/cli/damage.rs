//! One damaged part is set aside with a notice; the rest stays intact.

use crate::support::{Shift, kill};
use nightshift_client::Client;
use nightshift_platform::process::Liveness3;
use nightshift_protocol::BoardEvent;
use nightshift_testkit::wait_until;
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

/// A small file system over the state directory; unmounted before the home goes.
struct SmallDisk<'a> {
    shift: &'a Shift,
}

impl<'a> SmallDisk<'a> {
    fn mount(shift: &'a Shift) -> Option<SmallDisk<'a>> {
        std::fs::create_dir(shift.home.state()).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(shift.home.state());
        let mounted = mount.status().is_ok_and(|status| status.success());
        mounted.then_some(SmallDisk { shift })
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        self.shift.home.end_all();
        let status = Command::new("umount").arg(self.shift.home.state()).status();
        assert!(status.is_ok_and(|status| status.success()), "the small disk stays mounted");
    }
}

#[test]
fn a_full_disk_is_said_and_harms_no_running_session() {
    let shift = Shift::new();
    let Some(_disk) = SmallDisk::mount(&shift) else {
        eprintln!("NOT TESTED: a full disk; mounting a small one needs more rights than we have");
        return;
    };
    let id = shift.shell("while read x; do echo got $x; done");
    shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    let waiting = shift.agent("ask Go on? | Yes\ndone went on");
    shift.wait_state(&waiting, "blocked");
    let filler = shift.home.state().join("filler");
    let filled = std::fs::write(&filler, vec![0; 2 * 1024 * 1024]);
    assert!(filled.is_err(), "the disk is not small");
    shift.fails(&["--bg", "--exec", "true"], &["space"]);
    for session in [&id, &waiting] {
        assert!(shift.entry(session)["pid"].is_u64());
    }
    std::fs::remove_file(&filler).unwrap();
    let after = shift.shell("exit 0");
    shift.wait_state(&after, "done");
    shift.answer(&waiting, "1");
    assert_eq!(shift.wait_state(&waiting, "done")["result"], "went on");
    kill(&shift.supervisor());
}
