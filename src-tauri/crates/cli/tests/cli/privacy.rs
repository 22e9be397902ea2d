//! Whose files are for whom: sessions have the umask and core limit of whoever dispatched them; what
//! Nightshift keeps is for its user alone, and its processes leave no memory behind.

use crate::support::{Shift, id_of, ran};
use nightshift_platform::process::Identity;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Runs a verb after these words of a shell.
fn after(shift: &Shift, words: &str, args: &[&str]) -> String {
    let script = format!("{words}; exec \"$0\" \"$@\"");
    let mut shell = shift.home.command(Path::new("sh"));
    shell.args(["-c", &script]).arg(crate::support::binary()).args(args);
    ran(&mut shell, b"").ok(args)
}

fn dispatch(shift: &Shift, words: &str, args: &[&str]) -> String {
    let args = [&["--bg", "--json"], args].concat();
    let id = id_of(&serde_json::from_str(&after(shift, words, &args)).unwrap());
    shift.wait_state(&id, "done");
    id
}

fn mode(path: &Path) -> u32 {
    let meta = path.symlink_metadata().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    meta.permissions().mode() & 0o777
}

/// A line of `/proc/<pid>/<file>`.
fn line(process: &Identity, file: &str, begins: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{}/{file}", process.pid)).unwrap();
    let found = text.lines().find_map(|line| line.strip_prefix(begins));
    found.unwrap().split_whitespace().next().unwrap().to_owned()
}

#[test]
fn security_14_a_job_has_the_umask_of_whoever_dispatched_it() {
    let shift = Shift::new();
    // Who starts the supervisor decides for nobody else.
    after(&shift, "umask 000", &["agents"]);
    for (umask, file, dir) in
        [("0077", 0o600, 0o700), ("0022", 0o644, 0o755), ("0002", 0o664, 0o775)]
    {
        let job = format!("umask; env | grep -c NIGHTSHIFT_UMASK; mkdir d{umask}; : > f{umask}");
        let id = dispatch(&shift, &format!("umask {umask}"), &["--exec", &job]);
        let log = shift.ok(&["logs", &id]);
        assert!(log.contains(umask) && log.contains("\n0"), "{log}");
        assert_eq!(mode(&shift.home.work().join(format!("f{umask}"))), file);
        assert_eq!(mode(&shift.home.work().join(format!("d{umask}"))), dir);
    }
}

#[test]
fn security_14_it_stays_over_a_killed_supervisor_and_a_new_process() {
    let shift = Shift::new();
    after(&shift, "umask 000", &["agents"]);
    let agent = ["--bg", "--json", "--no-worktree", "--agent", "rehearsal"];
    let args = [&agent[..], &["--permission-mode", "auto", "say begun\nwait 600"]].concat();
    let id = id_of(&serde_json::from_str(&after(&shift, "umask 077", &args)).unwrap());
    shift.wait_log(&id, "\nbegun");
    shift.kill_supervisor();
    after(&shift, "umask 000", &["agents"]);
    // It waits for the turn to end, and is sent to the process that comes after this one: that has
    // what the host was given, and not what this caller has.
    after(&shift, "umask 022", &["reply", &id, "run umask > mask; : > made\ndone it"]);
    let running = u32::try_from(shift.entry(&id)["pid"].as_u64().unwrap()).unwrap();
    crate::support::kill(&Identity::of(running).unwrap());
    shift.wait_entry(&id, "its result", |entry| entry["result"] == "it");
    let work = shift.home.work();
    assert_eq!(std::fs::read_to_string(work.join("mask")).unwrap().trim(), "0077");
    assert_eq!(mode(&work.join("made")), 0o600);
}

#[test]
fn security_14_a_worktree_is_made_with_it() {
    let shift = Shift::new();
    after(&shift, "umask 000", &["agents"]);
    let config = "[user]\n\tname = T\n\temail = t@t\n[init]\n\tdefaultBranch = main\n";
    std::fs::write(shift.home.user_home().join(".gitconfig"), config).unwrap();
    let root = shift.home.work().join("shop");
    std::fs::create_dir_all(root.join("deep")).unwrap();
    for (name, text) in [("a.txt", "one\n"), ("deep/b.txt", "two\n"), (".gitignore", "local/\n")] {
        std::fs::write(root.join(name), text).unwrap();
    }
    std::fs::write(root.join(".worktreeinclude"), "local/\n").unwrap();
    let git = |args: &[&str]| {
        let mut git = shift.home.command(Path::new("git"));
        ran(git.args(args).current_dir(&root), b"").ok(args)
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "-m", "first"]);
    std::fs::create_dir(root.join("local")).unwrap();
    std::fs::write(root.join("local/key"), "k").unwrap();
    std::fs::set_permissions(root.join("local"), PermissionsExt::from_mode(0o711)).unwrap();
    std::fs::set_permissions(root.join("local/key"), PermissionsExt::from_mode(0o604)).unwrap();
    for (umask, file, dir) in [("0027", 0o640, 0o750), ("0002", 0o664, 0o775)] {
        let args = ["--cwd", "shop", "--agent", "rehearsal", "--permission-mode", "auto"];
        let args = [&args[..], &["write new.txt x\ndone it"]].concat();
        let id = dispatch(&shift, &format!("umask {umask}"), &args);
        let entry: Value = shift.entry(&id);
        let tree = PathBuf::from(entry["lodging"]["path"].as_str().unwrap_or_else(|| {
            panic!("no worktree: {entry}");
        }));
        for (name, expected) in [
            ("a.txt", file),
            ("deep/b.txt", file),
            ("new.txt", file),
            ("deep", dir),
            ("", dir),
            // As in the main checkout.
            ("local", 0o711),
            ("local/key", 0o604),
        ] {
            assert_eq!(mode(&tree.join(name)), expected, "{umask} {name}");
        }
    }
}

#[test]
fn security_18_what_is_kept_is_for_the_user_alone_and_no_core_is_left() {
    let shift = Shift::new();
    let id = dispatch(&shift, "umask 000", &["--agent", "rehearsal", "say hello"]);
    let state = shift.home.state();
    let mut next = vec![state.clone()];
    let mut seen = 0;
    while let Some(dir) = next.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path) & 0o077, 0, "{} is {:o}", path.display(), mode(&path));
            seen += 1;
            if path.symlink_metadata().unwrap().is_dir() {
                next.push(path);
            }
        }
    }
    assert!(seen > 5, "{seen}");
    for process in [shift.supervisor(), shift.host(&id)] {
        assert_eq!(line(&process, "status", "Umask:"), "0077");
        assert_eq!(line(&process, "limits", "Max core file size"), "0");
    }
    // Brought back by a backup, say: narrowed by the next supervisor.
    shift.kill_supervisor();
    let open = ["nightshift.db", "jobs", &format!("jobs/{id}"), "rehearsal"].map(|n| state.join(n));
    for path in &open {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
    }
    shift.ok(&["agents"]);
    for path in &open {
        assert_eq!(mode(path) & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn security_18_a_session_has_the_core_limit_of_whoever_dispatched_it() {
    let shift = Shift::new();
    let limit = |words: &str| {
        let id = dispatch(&shift, words, &["--exec", "ulimit -c"]);
        shift.ok(&["logs", &id]).trim().to_owned()
    };
    let hard = ran(shift.home.command(Path::new("sh")).args(["-c", "ulimit -H -c"]), b"").ok(&[]);
    assert_eq!(limit("ulimit -S -c 0"), "0");
    assert_eq!(limit("ulimit -S -c $(ulimit -H -c)"), hard.trim());
}
