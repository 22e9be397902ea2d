//! Whom the end of a session ends: what was started in it, however that hides, and nobody who only looks like it.

use crate::support::{Shift, kill};
use nightshift_host::kin;
use nightshift_platform::mark::Mark;
use nightshift_platform::process::{Identity, Liveness3, find_by_arguments};
use nightshift_platform::program::PROGRAM_NAME;
use nightshift_testkit::wait_until;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const ID: &str = "NIGHTSHIFT_SESSION_ID";
const HOME: &str = "NIGHTSHIFT_HOME";

/// A process that is nobody's of the session; ended when dropped.
struct Bystander {
    what: String,
    child: Child,
    identity: Identity,
}

impl Bystander {
    /// Started in `cwd` with these variables and no others, after `before` was run.
    fn start(what: &str, before: &str, variables: &[(&str, &Path)], cwd: &Path) -> Bystander {
        let mut child = Command::new("/bin/bash")
            .args(["-c", &format!("{before} echo; exec sleep 86000")])
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .envs(variables.iter().copied())
            .current_dir(cwd)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let identity = Identity::of(child.id()).unwrap();
        Bystander { what: what.to_owned(), child, identity }
    }

    fn assert_lives(&self, after: &str) {
        let liveness = self.identity.liveness();
        assert_eq!(liveness, Liveness3::Alive, "{} was ended by {after}", self.what);
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn taking(mark: Mark) -> String {
    format!("ulimit -x {} || exit 1;", serde_json::to_string(&mark).unwrap())
}

/// Everybody who carries the session's id in some way and was not started in it.
fn bystanders(shift: &Shift, id: &str, other: &str) -> Vec<Bystander> {
    let (home, work) = (shift.home.state(), shift.home.work());
    let link = work.join(format!("link-{id}"));
    std::os::unix::fs::symlink(&home, &link).unwrap();
    let slash = PathBuf::from(format!("{}/", home.display()));
    let dots = home.join("jobs/..");
    let (id_of, elsewhere) = (Path::new(id), work.join("elsewhere"));
    let copied_jobs = elsewhere.join("jobs");
    std::fs::create_dir_all(copied_jobs.join(id)).unwrap();
    let start = |what: &str, before: &str, home: Option<&Path>| {
        let mut variables = vec![(ID, id_of)];
        variables.extend(home.map(|home| (HOME, home)));
        Bystander::start(what, before, &variables, &work)
    };
    let own = Mark::own();
    let jobs = home.join("jobs");
    let mut all = vec![
        start("the id alone", "", None),
        start("the id and another home", "", Some(&elsewhere)),
        start("the id and this home", "", Some(&home)),
        start("this home with a slash", "", Some(&slash)),
        start("this home by a link", "", Some(&link)),
        start("this home with dots", "", Some(&dots)),
        start("a relative home", "", Some(Path::new("../n"))),
        start("the id with a lowered mark", "ulimit -x 5;", None),
        start("another home with a lowered mark", "ulimit -x 5;", Some(&elsewhere)),
    ];
    for (what, name) in [
        ("the mark of another session", kin::name_of(&jobs, other)),
        ("the mark of a copied session", kin::name_of(&copied_jobs, id)),
        ("the mark of a program", PROGRAM_NAME.into()),
    ] {
        let taken = taking(own.below(name));
        all.push(start(what, &taken, Some(&home)));
    }
    all
}

/// How a session may end, and how this is seen to be over.
const ENDS: [&str; 5] = ["stop", "rm", "a natural end", "the end of its host", "the end of both"];

fn end(shift: &Shift, id: &str, how: &str) {
    match how {
        "stop" => drop(shift.ok(&["stop", id])),
        "rm" => drop(shift.ok(&["rm", id])),
        "a natural end" => {
            std::fs::write(shift.home.work().join(format!("go-{id}")), "").unwrap();
            shift.wait_entry(id, "its end", |e| e["exitCode"].is_i64());
        }
        "the end of its host" => {
            kill(&shift.host(id));
            shift.wait_state(id, "failed");
        }
        _ => {
            let host = shift.host(id);
            shift.kill_supervisor();
            kill(&host);
            shift.wait_state(id, "failed");
        }
    }
}

const WAITS: &str = "until [ -e go-$NIGHTSHIFT_SESSION_ID ]; do sleep 0.02; done";

#[test]
fn ends_h1_nobody_who_only_looks_like_a_process_of_the_session_is_ended() {
    let shift = Shift::new();
    let other = shift.shell("read x");
    let inside = |id: &str| {
        // What another session of this home starts with the variable of this one.
        let words = format!("{ID}={id} sleep 8600.{}", u32::from_str_radix(id, 16).unwrap());
        let another = shift.shell(&format!("{words}; true"));
        let word = words.rsplit(' ').next().unwrap().to_owned();
        let found = move || find_by_arguments(&[OsStr::new(&word)]).unwrap();
        wait_until("it to sleep", || found().len() == 1);
        (another, found()[0])
    };
    for how in ENDS {
        let id = shift.shell(WAITS);
        let (another, sleeper) = inside(&id);
        let all = bystanders(&shift, &id, &other);
        end(&shift, &id, how);
        for one in &all {
            one.assert_lives(how);
        }
        assert_eq!(sleeper.liveness(), Liveness3::Alive, "of another session: {how}");
        assert!(shift.entry(&another)["pid"].is_u64() && shift.entry(&other)["pid"].is_u64());
        shift.ok(&["stop", &another]);
        assert_eq!(sleeper.liveness(), Liveness3::Gone, "it is that session's");
    }
}

/// What a process may do to get away; `$S` sleeps.
const ESCAPES: [&str; 14] = [
    "setsid $S &",
    "(setsid sh -c '$S & exit' &)",
    "(setsid env -i $S &)",
    "(setsid env -u NIGHTSHIFT_SESSION_ID -u NIGHTSHIFT_HOME $S &)",
    "(setsid env NIGHTSHIFT_SESSION_ID=00000000 NIGHTSHIFT_HOME=/nowhere $S &)",
    "(setsid bash -c 'ulimit -x 5; exec $S' &)",
    "(setsid bash -c 'ulimit -x 0; exec $S' &)",
    "(setsid bash -c 'ulimit -x 9223372036854775807; exec $S' &)",
    "(setsid bash -c 'ulimit -x 5; exec env NIGHTSHIFT_HOME=$NIGHTSHIFT_HOME/ $S' &)",
    "(setsid bash -c 'ulimit -x 5; exec env NIGHTSHIFT_HOME=../n $S' &)",
    "(setsid bash -c 'ulimit -x 5; ln -s $NIGHTSHIFT_HOME l; exec env NIGHTSHIFT_HOME=l $S' &)",
    "(setsid bash -c 'ulimit -x 5; exec env -i NIGHTSHIFT_SESSION_ID=$NIGHTSHIFT_SESSION_ID \
        NIGHTSHIFT_HOME=$NIGHTSHIFT_HOME $S' &)",
    "(setsid bash -c 'exec -a nightshift $S' &)",
    "(trap '' TERM HUP INT; setsid nohup $S > /dev/null &)",
];

#[test]
fn ends_h1_what_was_started_in_a_session_is_found_however_it_hides() {
    for how in ENDS {
        let shift = Shift::new();
        // No more digits than a number of seconds may have.
        let sleeps = |n: usize| format!("87{:03}.{}", n, std::process::id());
        let script: Vec<String> = ESCAPES
            .iter()
            .enumerate()
            .map(|(n, escape)| escape.replace("$S", &format!("sleep {}", sleeps(n))))
            .collect();
        let id = shift.shell(&format!("{}\n{WAITS}", script.join("\n")));
        let left = || {
            let found = |n| find_by_arguments(&[OsStr::new(&sleeps(n))]).unwrap();
            let live = (0..ESCAPES.len()).filter(|n| !found(*n).is_empty());
            live.map(|n| ESCAPES[n]).collect::<Vec<_>>()
        };
        wait_until("all to sleep", || left().len() == ESCAPES.len());
        end(&shift, &id, how);
        // Of one that was killed the last may be seen in the moment of its end.
        wait_until(&format!("{how} to end {:?}", left()), || left().is_empty());
    }
}

/// A home that was copied with all its sessions while they ran.
#[test]
fn ends_h1_a_copied_home_leaves_the_sessions_of_the_original_alone() {
    let (shift, copy) = (Shift::new(), Shift::new());
    let job = shift.shell("(setsid env -i sleep 88001 &); read x");
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    shift.request(&asks);
    shift.kill_supervisor();
    let copied = Command::new("cp")
        .arg("-a")
        .args([shift.home.state(), copy.home.state()])
        .status()
        .unwrap();
    assert!(copied.success());
    let processes = |id: &str| {
        let host = shift.host(id);
        let mut all = nightshift_platform::process::descendants(host.pid).unwrap();
        all.push(host);
        all
    };
    let living = [processes(&job), processes(&asks)].concat();
    for id in [&job, &asks] {
        shift.wait_entry(id, "its process", |e| e["pid"].is_u64());
        let why = || copy.ok(&["why", id]);
        wait_until("the copy to see whose it is", || why().contains("its home is a copy"));
    }
    for id in [&job, &asks] {
        let before = copy.entry(id);
        let home = shift.home.state().display().to_string();
        copy.fails(&["stop", id], &["runs under another home", &home, "nothing was done"]);
        assert_eq!(copy.entry(id)["state"], before["state"]);
    }
    copy.ok(&["rm", &job]);
    // The agent starts again there, with the same id.
    copy.run(&["reply", &asks, "go on"]);
    copy.ok(&["stop", &asks]);
    copy.ok(&["rm", &asks, "--keep-worktree"]);
    copy.ok(&["daemon", "stop", "--any"]);
    for one in living {
        assert_eq!(one.liveness(), Liveness3::Alive, "{one:?}");
    }
    assert_eq!(shift.entry(&asks)["state"], "blocked");
    shift.answer(&asks, "1");
    shift.wait_state(&asks, "done");
    shift.ok(&["stop", &job]);
}

/// Both homes have a session of one id, and each ends its own alone.
#[test]
fn ends_h1_two_homes_with_the_same_session_end_only_their_own() {
    let (shift, copy) = (Shift::new(), Shift::new());
    let args =
        ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json", "done first"];
    let id = crate::support::id_of(&shift.json(&args));
    shift.wait_state(&id, "done");
    shift.ok(&["stop", &id]);
    shift.ok(&["daemon", "stop", "--any"]);
    let copied = Command::new("cp")
        .arg("-a")
        .args([shift.home.state(), copy.home.state()])
        .status()
        .unwrap();
    assert!(copied.success());
    let escapes = |shift: &Shift, mark: &str| {
        let script = format!("run (setsid env -i sleep {mark} &) ; sleep 1000");
        shift.ok(&["reply", &id, &script]);
        let mark = mark.to_owned();
        let found = move || find_by_arguments(&[OsStr::new(&mark)]).unwrap();
        wait_until("it to sleep", || found().len() == 1);
        found()[0]
    };
    let (ours, theirs) = (escapes(&shift, "88011"), escapes(&copy, "88012"));
    let host = copy.host(&id);
    kill(&host);
    wait_until("what its host left to end", || theirs.liveness() == Liveness3::Gone);
    assert_eq!(ours.liveness(), Liveness3::Alive);
    copy.ok(&["stop", &id]);
    let theirs = escapes(&copy, "88013");
    shift.ok(&["stop", &id]);
    assert_eq!((ours.liveness(), theirs.liveness()), (Liveness3::Gone, Liveness3::Alive));
    assert!(copy.entry(&id)["pid"].is_u64());
}
