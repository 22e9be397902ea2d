//! What is rescued goes where nobody else has put anything, and git that others start is kept quiet too.

use crate::repo::{Repo, write};
use nightshift_platform::program::{Run, run};
use nightshift_platform::spawn::Program;
use nightshift_testkit::Tripwire;
use nightshift_worktree::{Environment, Policy, Removal};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

#[test]
fn security_02_a_link_in_the_place_of_the_rescues_directory_is_refused() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "new.txt", "work\n");
    let (ours, elsewhere) = (repo.root.join(".git/nightshift"), repo.home.work().join("elsewhere"));
    fs::remove_dir_all(&ours).ok();
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, &ours).unwrap();
    let Removal::Kept { blockers } = repo.remove("one", Policy::Discard) else { panic!() };
    let why = blockers.iter().map(ToString::to_string).collect::<String>();
    assert!(why.contains("is not a directory; nothing is put there"), "{why}");
    assert_eq!(fs::read_to_string(record.path.join("new.txt")).unwrap(), "work\n");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "nothing is put there");
    fs::remove_file(&ours).unwrap();
    assert!(matches!(repo.remove("one", Policy::Discard), Removal::Removed { .. }));
}

#[test]
fn security_02_the_name_of_a_rescues_index_cannot_be_known_before() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "new.txt", "work\n");
    let (ours, victim) = (repo.root.join(".git/nightshift"), repo.home.work().join("victim"));
    fs::create_dir_all(&ours).unwrap();
    fs::write(&victim, "mine\n").unwrap();
    symlink(&victim, ours.join("one.index")).unwrap();
    fs::create_dir(ours.join("one.index.lock")).unwrap();
    let Removal::Removed { removed, .. } = repo.remove("one", Policy::Discard) else { panic!() };
    assert_eq!(repo.run(&["show", &format!("{}:new.txt", removed.rescue_ref)]), "work\n");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine\n");
    let left: Vec<_> = fs::read_dir(&ours).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("one-")), "{left:?}");
}

#[test]
fn security_12_git_that_another_program_starts_runs_nothing_of_the_repository() {
    let repo = Repo::new();
    let wire = Tripwire::set(&repo.home.work());
    let evil = wire.program();
    wire.hooks(&repo.root.join(".git/hooks"));
    for (name, value) in [
        ("core.fsmonitor", evil.as_str()),
        ("filter.x.clean", evil.as_str()),
        ("diff.external", evil.as_str()),
        ("core.pager", evil.as_str()),
    ] {
        repo.run(&["config", name, value]);
    }
    fs::write(repo.root.join(".git/info/attributes"), "* filter=x\n").unwrap();
    write(&repo.root, "a.txt", "b\n");
    let git = |env: &Environment, args: &[&str]| {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let program = Program { program: OsStr::new("git"), args: &args, env, cwd: &repo.root };
        let how = Run {
            input: b"",
            timeout: Duration::from_secs(60),
            output_max_bytes: 1024 * 1024,
            log: None,
        };
        run(&program, &how).unwrap();
    };
    let quiet = repo.git.act(&repo.root, &["status"]).outside().variables().unwrap();
    let mut env = repo.environment();
    env.extend(quiet);
    for args in [&["status"][..], &["diff"], &["update-index", "-q", "--refresh"], &["log", "-1"]] {
        git(&env, args);
        let said = wire.sprung();
        assert!(said.is_empty(), "{args:?} sprang it: {said}");
    }
    git(&repo.environment(), &["status"]);
    assert!(wire.note().exists(), "the trap is one");
}
