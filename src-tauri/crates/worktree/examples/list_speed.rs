//! How long the list of forty worktrees of 3,000 files takes: by the reader, by the program alone, and
//! beside a plain `git status` in each. Run it with the reader's example built in the same profile:
//! `cargo build --release -p nightshift-git-reader -p nightshift-worktree --examples &&
//! target/release/examples/list_speed`.

use nightshift_platform::clock;
use nightshift_platform::program::{Run, run};
use nightshift_platform::spawn::{Program, own_environment};
use nightshift_worktree::{
    Choice, Defaults, Environment, Git, Ledger, Listed, Looker, Order, Plan, Wanted, create,
    glances, inspect, list, plan, reader, release, size,
};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const WORKTREES: usize = 40;
const FILES: usize = 3_000;
const ROUNDS: usize = 7;

fn git(env: &Environment, dir: &Path, args: &[&str]) {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let program = Program { program: OsStr::new("git"), args: &args, env, cwd: dir };
    let timeout = Duration::from_secs(60);
    let how = Run { input: b"", timeout, output_max_bytes: 1 << 20, log: None };
    let ended = run(&program, &how).expect("git runs");
    assert_eq!(ended.code, Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// The middle one of some rounds, in ms.
fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn timed(work: &mut dyn FnMut()) -> Duration {
    let started = clock::monotonic();
    work();
    clock::monotonic() - started
}

fn wanted(listed: &[Listed]) -> Vec<Wanted<'_>> {
    let wanted = |one: &Listed| one.record.is_some();
    assert_eq!(listed.iter().filter(|one| wanted(one)).count(), WORKTREES);
    listed.iter().map(|one| Wanted { path: &one.path, record: one.record.as_ref() }).collect()
}

fn main() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path().canonicalize().expect("a path");
    let mut env: Environment = own_environment();
    env.insert("HOME".into(), home.clone().into());
    for (name, value) in [("NAME", "T"), ("EMAIL", "t@t")] {
        env.insert(format!("GIT_AUTHOR_{name}").into(), value.into());
        env.insert(format!("GIT_COMMITTER_{name}").into(), value.into());
    }
    let (root, remote) = (home.join("main"), home.join("remote.git"));
    std::fs::create_dir(&root).expect("a directory");
    git(&env, &root, &["init", "--quiet", "-b", "main"]);
    for n in 0..FILES {
        let dir = root.join(format!("d{}", n % 100));
        std::fs::create_dir_all(&dir).expect("a directory");
        std::fs::write(dir.join(format!("f{n}")), format!("file {n}\n")).expect("a file");
    }
    std::fs::write(root.join(".gitignore"), "target/\n*.log\n").expect("a file");
    git(&env, &root, &["add", "--all"]);
    git(&env, &root, &["commit", "--quiet", "-m", "files"]);
    git(&env, &root, &["init", "--quiet", "--bare", &remote.to_string_lossy()]);
    git(&env, &root, &["remote", "add", "origin", &remote.to_string_lossy()]);
    git(&env, &root, &["push", "--quiet", "-u", "origin", "HEAD"]);
    let ours = Git::new(&env);
    let ledger = Ledger::open(&home.join("ledger")).expect("a ledger");
    for n in 0..WORKTREES {
        let plan = plan(&ours, &root, &Choice::Usual, &Defaults::default()).expect("a plan");
        let Plan::Own(own) = plan else { panic!("no worktree") };
        let id = format!("w{n}");
        let order = Order { id: &id, hint: &id, own: &own, holder: None };
        let record = create(&ours, &ledger, &order).expect("a worktree").record;
        release(&record).expect("released");
        git(&env, &record.path, &["branch", "--quiet", "--set-upstream-to=origin/main"]);
        git(&env, &record.path, &["commit", "--quiet", "--allow-empty", "-m", &id]);
        std::fs::create_dir(record.path.join("target")).expect("a directory");
        std::fs::write(record.path.join("target/x"), "ignored").expect("a file");
    }
    // What is as old as the index is hashed again at every look.
    std::thread::sleep(Duration::from_secs(1));
    let program = std::env::current_exe().expect("a path").with_file_name("git_reader");
    measure(&env, &Looker::new(ours, reader(&program)), &ledger);
}

fn measure(env: &Environment, looker: &Looker, ledger: &Ledger) {
    let none = BTreeSet::new();
    let by_program = Looker::of_program(looker.git().clone());
    let rows = |looker: &Looker| {
        let (listed, wrong) = list(looker, ledger, &none);
        assert_eq!(wrong, []);
        listed
    };
    let all = rows(looker);
    assert!(all.iter().all(|row| row.ahead == Some(1) && row.branch.is_some()), "{:?}", all[0]);
    let status = || all.iter().for_each(|row| git(env, &row.path, &["status"]));
    status();
    let before = || {
        for row in rows(&by_program) {
            size(&row.path, &AtomicBool::new(false)).expect("a size");
            let record = row.record.expect("a record");
            assert_eq!(inspect(looker.git(), &record).unpushed_count, 1);
        }
    };
    let whole = || {
        let listed = rows(looker);
        for glance in glances(looker, &wanted(&listed)) {
            assert_eq!(
                glance.seen.expect("seen").blockers(nightshift_worktree::Policy::Careful).len(),
                1
            );
        }
    };
    let heads = || drop(rows(looker));
    let heads_before = || drop(rows(&by_program));
    let mut works: [(&str, &dyn Fn()); 5] = [
        ("plain git status in each, one by one", &status),
        ("the whole list by the program, one by one (as before)", &before),
        ("the whole list by the reader", &whole),
        ("branch, head, ahead and behind by the reader", &heads),
        ("branch and head by the program (as before)", &heads_before),
    ];
    let mut times = vec![Vec::new(); works.len()];
    for _ in 0..ROUNDS {
        // In turn, so that what the machine does meanwhile meets all alike.
        for (times, (_, work)) in times.iter_mut().zip(&mut works) {
            times.push(timed(&mut || work()));
        }
    }
    for (times, (what, _)) in times.into_iter().zip(works) {
        println!("{what}: {:.1} ms", middle(times));
    }
}
