//! A configuration that is harmless whenever it is looked at and hostile whenever git works.
//!
//! Whoever writes to a repository all the time meets every such moment sooner or later. Here a `git` that
//! comes first on the PATH makes sure of it.

use super::Lab;
use crate::repo::write;
use nightshift_worktree::{Git, Looker, MainCheckout, Policy, Removal, list, remove, undo};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const REAL_PATH: &str = "REAL_PATH";

/// From now on the repository's configuration changes with every call.
fn make_sly(lab: &mut Lab) {
    let config = lab.repo.root.join(".git/config");
    let harmless = fs::read_to_string(&config).unwrap();
    let sly = fs::canonicalize(lab.repo.home.work()).unwrap().join("sly");
    write(&sly, "harmless", &harmless);
    let evil = &lab.evil;
    let hostile = format!(
        "{harmless}[core]\n\tfsmonitor = {evil}\n\thooksPath = {bin}\n\
         [diff]\n\texternal = {evil}\n[filter \"evil\"]\n\tclean = {evil}\n\tsmudge = {evil}\n\
         [merge \"evil\"]\n\tdriver = {evil}\n[diff \"evil\"]\n\tcommand = {evil}\n\ttextconv = {evil}\n",
        bin = sly.display(),
    );
    write(&sly, "hostile", &hostile);
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in 'config --list'*) f=harmless;; *) f=hostile;; esac\n\
         cp '{sly}/'$f '{config}'\nPATH=${REAL_PATH} exec git \"$@\"\n",
        sly = sly.display(),
        config = config.display(),
    );
    write(&sly, "git", &script);
    fs::set_permissions(sly.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut env = lab.repo.environment();
    let path = env[std::ffi::OsStr::new("PATH")].clone();
    let first = format!("{}:{}", sly.display(), path.to_string_lossy());
    env.insert("PATH".into(), first.into());
    env.insert(REAL_PATH.into(), path);
    lab.repo.git = Git::new(&env);
}

#[test]
fn security_12_what_is_written_to_the_configuration_in_the_moment_of_a_call_runs_nothing() {
    let mut lab = Lab::new();
    lab.attributes("filter=evil diff=evil merge=evil");
    make_sly(&mut lab);
    lab.repo.write("a.txt", "of the user\n");
    let program = Looker::of_program(lab.repo.git.clone());
    let before = MainCheckout::look(&program, &lab.repo.root).unwrap();
    let record = lab.repo.make("one");
    write(&record.path, "a.txt", "changed\n");
    write(&record.path, "new.txt", "new\n");
    let seen = lab.repo.inspect(&record);
    assert_eq!(seen.unreadable, Vec::<String>::new());
    assert_eq!(seen.uncommitted().len(), 2, "{seen:?}");
    for looker in lab.repo.lookers() {
        list(&looker, &lab.repo.ledger, &BTreeSet::from([lab.repo.root.clone()]));
    }
    let log = lab.repo.log();
    let kept = remove(&lab.repo.git, &lab.repo.ledger, "one", Policy::Careful, &log).unwrap();
    assert!(matches!(kept, Removal::Kept { .. }), "{kept:?}");
    let gone = remove(&lab.repo.git, &lab.repo.ledger, "one", Policy::Discard, &log).unwrap();
    assert!(matches!(gone, Removal::Removed { .. }), "{gone:?}");
    let back = undo(&lab.repo.git, &lab.repo.ledger, "one").unwrap();
    assert_eq!(fs::read_to_string(back.path.join("a.txt")).unwrap(), "changed\n");
    let after = MainCheckout::look(&program, &lab.repo.root).unwrap();
    assert_eq!(after.changed_since(&before), Vec::<std::path::PathBuf>::new());
    assert_eq!(fs::read_to_string(lab.repo.root.join("a.txt")).unwrap(), "of the user\n");
    assert_eq!(lab.wire.sprung(), "");

    // The traps are traps.
    lab.repo.write("a.txt", "again\n");
    lab.repo.run(&["status"]);
    assert_ne!(lab.wire.sprung(), "");
}
