//! What a session costs and what outlives whom: more of the list of failures, by its numbers.

use crate::support::{Shift, cpu_time, id_of, kill, memory_kib, pass};
use nightshift_platform::process::{Identity, Liveness3, descendants};
use nightshift_testkit::{wait_for, wait_until};
use std::io;
use std::time::Duration;

/// Memory of its own that a host may hold while nothing happens, unoptimised and with debug checks.
const HOST_PSS_MAX_KIB: u64 = 6 * 1024;
/// Less than anything that polls would use in `REST`: one tick of the kernel's count.
const RESTING: Duration = Duration::from_millis(10);
const REST: Duration = Duration::from_secs(2);

/// `poll` and `ppoll` on the machines we know; the third argument is the timeout.
const POLL: &str = "7";
const PPOLL: [&str; 2] = ["271", "73"];

/// Whether this process has one thread, which waits in a poll without a timeout, and no timer. None
/// where the system does not let us look.
fn waits_for_ever(process: &Identity) -> io::Result<bool> {
    let at = |name: &str| format!("/proc/{}/{name}", process.pid);
    let call = std::fs::read_to_string(at("syscall"))?;
    let words: Vec<&str> = call.split_whitespace().collect();
    let endless = match words.as_slice() {
        // An `int`: minus one in 32 bits, sign-extended or not.
        [POLL, _, _, timeout, ..] => timeout.ends_with("ffffffff"),
        [call, _, _, timeout, ..] if PPOLL.contains(call) => *timeout == "0x0",
        _ => false,
    };
    let threads = std::fs::read_dir(at("task"))?.count();
    let timers = std::fs::read_to_string(at("timers"))?;
    let files = std::fs::read_dir(at("fd"))?.map(|file| std::fs::read_link(file?.path()));
    let mut has_timer = !timers.is_empty();
    for file in files {
        has_timer |= file?.to_string_lossy().contains("timerfd");
    }
    Ok(endless && threads == 1 && !has_timer)
}

#[test]
fn failures_01_hosts_without_a_supervisor_wait_for_ever_and_the_question_is_still_open() {
    let shift = Shift::new();
    let job = shift.shell("while read x; do echo got $x; done");
    let asks = shift.agent("run echo permitted > proof\ndone was asked");
    let question = shift.wait_state(&asks, "blocked")["pending"].clone();
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let hosts = [&job, &asks].map(|id| shift.host(id));
    shift.kill_supervisor();
    for host in &hosts {
        // No timer ends a host that nobody talks to: after a minute it waits as in the first second.
        match waits_for_ever(host) {
            Ok(_) => wait_until("a host at rest", || waits_for_ever(host).unwrap()),
            Err(e) => eprintln!("NOT TESTED: what a host waits for; /proc does not say: {e}"),
        }
        assert_eq!(host.liveness(), Liveness3::Alive);
    }
    let entry = shift.entry(&asks);
    assert_eq!((&entry["state"], &entry["pending"]), (&"blocked".into(), &question));
    assert!(!shift.home.work().join("proof").exists());
    shift.answer(&asks, "allow");
    shift.wait_entry(&asks, "its result", |e| e["result"] == "was asked");
    assert_eq!([&job, &asks].map(|id| shift.host(id)), hosts, "a host was replaced");
}

#[test]
fn failures_02_a_permission_is_answered_from_the_shell_in_numbers_and_in_words() {
    let shift = Shift::new();
    let run = |name: &str| shift.agent(&format!("run echo ran > {name}\ndone told"));
    let (by_number, by_word, denied) = (run("number"), run("word"), run("denied"));
    for id in [&by_number, &by_word, &denied] {
        let pending = shift.wait_state(id, "blocked")["pending"].clone();
        assert_eq!(pending["kind"], "permission", "{pending}");
        assert!(pending["options"].as_array().is_some_and(|o| o.len() >= 2), "{pending}");
    }
    shift.answer(&by_number, "1");
    shift.answer(&by_word, "allow");
    shift.answer(&denied, "deny");
    for id in [&by_number, &by_word, &denied] {
        shift.wait_entry(id, "the end of its turn", |e| e["pending"].is_null());
    }
    for id in [&by_number, &by_word] {
        shift.wait_state(id, "done");
    }
    let ran = |name: &str| shift.home.work().join(name).exists();
    assert!(ran("number") && ran("word") && !ran("denied"));
    shift.fails(&["answer", &by_number, "1"], &["nightshift"]);
}

#[test]
fn failures_03_a_finished_session_and_an_idle_one_cost_no_processor_and_little_memory() {
    let shift = Shift::new();
    let over = shift.shell("true");
    shift.wait_state(&over, "done");
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let finished = shift.agent("done all");
    shift.wait_state(&finished, "done");
    let supervisor = shift.supervisor();
    // One host and what it holds; nothing for what has ended.
    let hosts = [&job, &finished].map(|id| shift.host(id));
    for host in &hosts {
        assert_eq!(descendants(host.pid).unwrap().len(), 1, "{host:?}");
    }
    // What was just begun is over when nobody comes, goes or uses any time.
    wait_for("the supervisor, two hosts and their children, none of which works", || {
        let all = shift.home.processes();
        if all.len() != 5 || !all.contains(&supervisor) {
            return None;
        }
        let used = |all: &[Identity]| all.iter().map(cpu_time).collect::<Option<Vec<_>>>();
        let before = used(&all)?;
        pass(REST);
        let spent = used(&all)?.into_iter().zip(before).map(|(now, before)| now - before);
        (spent.sum::<Duration>() <= RESTING).then_some(())
    });
    for host in &hosts {
        let pss = memory_kib(host, "smaps_rollup", "Pss");
        assert!(pss <= HOST_PSS_MAX_KIB, "a host takes {pss} KiB");
    }
}

/// Damages the row of one session and the documents and journal of two others.
fn damage(shift: &Shift, row: &str, document: &str, journal: &str) {
    let database = rusqlite::Connection::open(shift.home.home().database()).unwrap();
    let sql = "UPDATE sessions SET doc = '{\"id\": 7' WHERE id = ?1";
    assert_eq!(database.execute(sql, [row]).unwrap(), 1);
    std::fs::write(shift.job(document).join("exit.json"), "{\"version\":").unwrap();
    for file in std::fs::read_dir(shift.job(journal)).unwrap() {
        let path = file.unwrap().path();
        if path.to_string_lossy().contains("journal-") {
            std::fs::write(path, [0xff; 512]).unwrap();
        }
    }
}

#[test]
fn failures_07_damaged_records_take_nobody_else_down_again_and_again() {
    let shift = Shift::new();
    let good = shift.shell("while read x; do echo got $x; done");
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    let row = shift.shell("read x");
    let ended: [String; 2] = ["echo a", "echo b"].map(|command| shift.shell(command));
    for id in &ended {
        shift.wait_state(id, "done");
    }
    shift.wait_state(&asks, "blocked");
    for id in [&good, &row] {
        shift.wait_entry(id, "its process", |e| e["pid"].is_u64());
    }
    let hosts = [&good, &asks, &row].map(|id| shift.host(id));
    let mut told = Vec::new();
    for _ in 0..3 {
        shift.kill_supervisor();
        damage(&shift, &row, &ended[0], &ended[1]);
        for id in [&good, &asks, &row] {
            shift.wait_entry(id, "its process again", |e| e["pid"].is_u64());
        }
        assert_eq!(shift.entry(&asks)["pending"]["question"], "Go on?");
        for id in &ended {
            assert!(!shift.entry(id).is_null(), "{id} has vanished");
            shift.run(&["logs", id]);
        }
        let notices = shift.notices();
        assert!(notices.contains(&row) && notices.contains("set aside"), "{notices}");
        told.push(notices.lines().count());
        let other = shift.shell("true");
        shift.wait_state(&other, "done");
    }
    assert!(hosts.iter().all(|host| host.liveness() == Liveness3::Alive));
    // Said for each damage: that it was set aside, and what came of it. Not once more for each start.
    assert!(told[2] - told[1] <= 2 && told[1] - told[0] <= 2, "{told:?}");
    shift.kill_supervisor();
    shift.wait_entry(&row, "its process again", |e| e["pid"].is_u64());
    assert_eq!(shift.notices().lines().count(), told[2], "{}", shift.notices());
    shift.answer(&asks, "1");
    shift.wait_entry(&asks, "its result", |e| e["result"] == "went on");
}

#[test]
fn failures_18_the_shell_child_of_a_killed_agent_ends_with_it() {
    let shift = Shift::new();
    let script = "run sh -c 'setsid sleep 1018 & sleep 1018'\ndone";
    let args = ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json", script];
    let id = id_of(&shift.json(&args));
    let host = shift.host(&id);
    let is_sleep = |process: &Identity| {
        let words = std::fs::read(format!("/proc/{}/cmdline", process.pid));
        words.is_ok_and(|words| words.starts_with(b"sleep\x001018"))
    };
    let children = wait_for("both of its commands to run", || {
        let found: Vec<Identity> =
            descendants(host.pid).unwrap().into_iter().filter(is_sleep).collect();
        (found.len() == 2).then_some(found)
    });
    let entry = shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    let agent = Identity::of(u32::try_from(entry["pid"].as_u64().unwrap()).unwrap()).unwrap();
    assert!(!children.contains(&agent));
    kill(&agent);
    for child in &children {
        wait_until("its commands to end", || child.liveness() == Liveness3::Gone);
    }
    wait_until("its host to end", || host.liveness() == Liveness3::Gone);
    shift.ok(&["stop", &id]);
}

#[test]
fn failures_19_the_output_of_a_background_job_is_there_whoever_came_and_went() {
    let shift = Shift::new();
    let job = shift.shell("echo early; while ! [ -e go ]; do sleep 0.01; done; echo late; exit 3");
    shift.wait_log(&job, "early");
    let host = shift.host(&job);
    shift.kill_supervisor();
    // It prints and ends while nobody is there who could keep that in memory.
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    wait_until("the job to end", || host.liveness() == Liveness3::Gone);
    for _ in 0..2 {
        let entry = shift.wait_state(&job, "failed");
        assert_eq!(entry["exitCode"], 3);
        let log = shift.ok(&["logs", &job]);
        assert!(log.contains("early") && log.contains("late"), "{log}");
        shift.kill_supervisor();
    }
}

/// Children of this process that have ended and whose exit status nobody took.
fn zombies_of(parent: &Identity) -> usize {
    let stats = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path().join("stat")).ok());
    let below = format!(" Z {} ", parent.pid);
    stats.filter(|stat| stat.contains(&below)).count()
}

#[test]
fn failures_14_no_host_stays_as_a_zombie() {
    let shift = Shift::new();
    let supervisor = {
        shift.ok(&["agents"]);
        shift.supervisor()
    };
    for _ in 0..12 {
        // A host that held much takes longer to end than its last words.
        let id = shift.shell("head -c 3000000 /dev/zero | tr '\\0' x");
        shift.wait_state(&id, "done");
    }
    wait_until("every host to be buried", || zombies_of(&supervisor) == 0);
}
