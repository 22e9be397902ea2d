//! How long looks take beside the `git` program, with forty worktrees of 3,000 files each. Run it with
//! the reader's example built in the same profile:
//! `cargo build --release -p nightshift-git-reader --examples && target/release/examples/speed`.

use nightshift_git_reader::{Answer, Reader, Request};
use nightshift_platform::clock;
use nightshift_platform::program::{Run, run};
use nightshift_platform::spawn::{Program, own_environment};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

const WORKTREES: usize = 40;
const FILES: usize = 3_000;
const ROUNDS: usize = 7;

fn git(dir: &Path, args: &[&str]) {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let env = own_environment();
    let program = Program { program: OsStr::new("git"), args: &args, env: &env, cwd: dir };
    let timeout = Duration::from_secs(60);
    let how = Run { input: b"", timeout, output_max_bytes: 1 << 20, log: None };
    let ended = run(&program, &how).expect("git runs");
    assert_eq!(ended.code, Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// The middle one of some rounds.
fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..ROUNDS {
        let started = clock::monotonic();
        work();
        times.push(clock::monotonic() - started);
    }
    times.sort();
    times[ROUNDS / 2]
}

fn main() {
    let home = tempfile::tempdir().expect("a directory");
    let root = home.path().canonicalize().expect("a path").join("main");
    std::fs::create_dir(&root).expect("a directory");
    git(&root, &["init", "--quiet"]);
    for n in 0..FILES {
        let dir = root.join(format!("d{}", n % 100));
        std::fs::create_dir_all(&dir).expect("a directory");
        std::fs::write(dir.join(format!("f{n}")), format!("file {n}\n")).expect("a file");
    }
    git(&root, &["add", "--all"]);
    let who = ["-c", "user.name=T", "-c", "user.email=t@t"];
    git(&root, &[&who[..], &["commit", "--quiet", "-m", "files"]].concat());
    let common = root.join(".git");
    let mut requests = Vec::new();
    for n in 0..WORKTREES {
        let path = root.with_file_name(format!("w{n}"));
        git(&root, &["worktree", "add", "--quiet", &path.to_string_lossy()]);
        requests.push(Request::linked(&path, &common.join(format!("worktrees/w{n}")), &common));
    }
    // What is as old as the index is hashed again at every look.
    std::thread::sleep(Duration::from_secs(1));
    let status = ["status", "--porcelain=v2", "-z", "--no-renames", "-uall"];
    requests.iter().for_each(|request| git(&request.directory, &status));

    let program = std::env::current_exe().expect("a path").with_file_name("git_reader");
    let reader = Reader::new([program.into_os_string()]);
    let look = |requests: &[Request]| {
        for answer in reader.look(requests) {
            assert!(matches!(answer, Answer::Seen(_)), "{answer:?}");
        }
    };
    let heads: Vec<Request> = requests.iter().cloned().map(Request::without_files).collect();
    let whole = median(|| look(&requests));
    let one = median(|| look(&requests[..1]));
    let only_heads = median(|| look(&heads));
    let program = median(|| requests.iter().for_each(|r| git(&r.directory, &status)));
    println!("{WORKTREES} worktrees of {FILES} files, one child: {whole:?}");
    println!("one of them, with the start of its child: {one:?}");
    println!("{WORKTREES} without files: {only_heads:?}");
    println!("git status, one by one: {program:?}");
}
