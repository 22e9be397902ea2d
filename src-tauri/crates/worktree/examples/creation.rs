//! How long making a worktree takes beyond `git worktree add` itself, in a repository of 20,000 files.
//!
//! Run it with `cargo run --release -p nightshift-worktree --example creation`. Both ways are
//! measured side by side, in turn, so that a busy machine slows both. The budget is 300 ms at the
//! 95th percentile; the exit code says whether it is kept.

use nightshift_platform::clock;
use nightshift_testkit::TestHome;
use nightshift_worktree::{
    Choice, Defaults, Environment, Git, Ledger, Order, Plan, create, plan, release, set_up,
};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const FILES: usize = 20_000;
const ROUNDS: usize = 20;
const BUDGET: Duration = Duration::from_millis(300);

fn git(env: &Environment, dir: &Path, args: &[&OsStr]) {
    let status = Command::new("git").args(args).current_dir(dir).env_clear().envs(env).status();
    assert!(status.is_ok_and(|s| s.success()), "git {args:?}");
}

fn words(text: &str) -> Vec<&OsStr> {
    text.split(' ').map(OsStr::new).collect()
}

fn repository(env: &Environment, root: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(root)?;
    git(env, root, &words("init --quiet -b main"));
    git(env, root, &words("config user.name T"));
    git(env, root, &words("config user.email t@t"));
    for n in 0..FILES {
        let dir = root.join(format!("d{}", n / 100));
        std::fs::create_dir_all(&dir)?;
        std::fs::write(dir.join(format!("f{n}.txt")), format!("file {n}\n").repeat(20))?;
    }
    std::fs::write(root.join(".gitignore"), "*.ignored\n")?;
    std::fs::write(root.join(".worktreeinclude"), "*.ignored\n")?;
    git(env, root, &words("add --all"));
    git(env, root, &words("commit --quiet -m all"));
    std::fs::write(root.join("env.ignored"), "A=1\n")?;
    std::fs::write(root.join("d0/f0.txt"), "uncommitted\n")
}

fn timed(mut work: impl FnMut()) -> Duration {
    let begin = clock::monotonic();
    work();
    clock::monotonic() - begin
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

fn main() -> ExitCode {
    let home = TestHome::new();
    let env: Environment =
        home.environment().into_iter().map(|(n, v)| (n.into(), v.into())).collect();
    let work = std::fs::canonicalize(home.work()).expect("a directory to work in");
    let root = work.join("project");
    repository(&env, &root).expect("a repository");
    let tools = Git::new(&env);
    let ledger = Ledger::open(&home.state().join("worktrees")).expect("a ledger");
    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let path = work.join(format!("plain{round}"));
        plain.push(timed(|| {
            let mut args = words("worktree add --quiet -b");
            let branch = format!("plain{round}");
            args.extend([OsStr::new(&branch), path.as_os_str()]);
            git(&env, &root, &args);
        }));
        ours.push(timed(|| {
            let id = format!("s{round}");
            let planned =
                plan(&tools, &root, &Choice::Usual, &Defaults::default()).expect("a plan");
            let Plan::Own(own) = planned else { panic!("no worktree") };
            let order = Order { id: &id, hint: "measure this", own: &own, holder: None };
            let mut record = create(&tools, &ledger, &order).expect("a worktree").record;
            set_up(&tools, &ledger, &mut record, Path::new("/dev/null"), &AtomicBool::new(false))
                .expect("set up");
            release(&record).expect("released");
        }));
    }
    let mut beyond: Vec<Duration> =
        ours.iter().zip(&plain).map(|(ours, plain)| ours.saturating_sub(*plain)).collect();
    for (name, times) in
        [("git worktree add", &mut plain), ("with Nightshift", &mut ours), ("beyond", &mut beyond)]
    {
        let (median, p95) = (percentile(times, 50), percentile(times, 95));
        println!("{name:>18}: median {median:>8.1?}, p95 {p95:>8.1?}");
    }
    if percentile(&mut beyond, 95) <= BUDGET { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
