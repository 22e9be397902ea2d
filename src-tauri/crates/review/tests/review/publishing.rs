//! Pushing and opening pull requests, with a bare remote on disk and a scripted `gh`.

use crate::repo::{Repo, write};
use nightshift_protocol::review::{RequestState, ReviewAct, ReviewResult};
use nightshift_testkit::Tripwire;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn ask(repo: &Repo) -> (Option<String>, RequestState, String) {
    let open = ReviewAct::PullRequest { title: "Fix login".into(), body: "It works.".into() };
    match repo.done(open) {
        ReviewResult::PullRequest { url, state, note } => (url, state, note),
        other => panic!("{other:?}"),
    }
}

/// A program of this name that runs `script` and is found first.
fn program(repo: &mut Repo, name: &str, script: &str) {
    let bin = repo.home.work().join("bin");
    write(&bin, name, &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    repo.env.insert("PATH".into(), path.into());
}

/// The remote is on disk, but git calls it what a forge would.
fn on_forge(repo: &Repo, address: &str) {
    let remote = repo.home.work().join("remote.git");
    let key = format!("url.{}.insteadOf", remote.display());
    repo.main(&["config", &key, address]);
    repo.main(&["remote", "set-url", "origin", address]);
}

fn work() -> Repo {
    let repo = Repo::new().with_remote();
    repo.write("work.txt", "w\n");
    repo.commit("work");
    repo
}

#[test]
fn a_push_takes_the_works_own_branch() {
    let repo = work();
    let before = repo.remote(&["rev-parse", "main"]);
    match repo.done(ReviewAct::Push) {
        ReviewResult::Pushed { remote, branch } => {
            assert_eq!((remote.as_str(), branch.as_str()), ("origin", "work"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(repo.remote(&["rev-parse", "work"]), repo.git(&["rev-parse", "HEAD"]));
    assert_eq!(repo.remote(&["rev-parse", "main"]), before);
    assert_eq!(repo.remote(&["for-each-ref", "refs/nightshift"]), "", "rescues stay here");
}

#[test]
fn protected_branches_are_not_pushed_to() {
    let mut repo = work();
    repo.git(&["branch", "-m", "develop"]);
    repo.refuses(ReviewAct::Push, &["develop is a protected branch", "git switch"]);
    repo.git(&["switch", "--quiet", "--detach"]);
    repo.refuses(ReviewAct::Push, &["on no branch"]);
    repo.subject.dir = repo.root.clone();
    write(&repo.root, "x.txt", "x\n");
    repo.commit_main("on main");
    let before = repo.remote(&["rev-parse", "main"]);
    repo.refuses(ReviewAct::Push, &["main is a protected branch"]);
    assert_eq!(repo.remote(&["rev-parse", "main"]), before);
}

#[test]
fn a_push_never_overwrites() {
    let repo = work();
    repo.done(ReviewAct::Push);
    repo.git(&["commit", "--quiet", "--amend", "-m", "another"]);
    let before = repo.remote(&["rev-parse", "work"]);
    repo.refuses(ReviewAct::Push, &["rejected", "rebase"]);
    assert_eq!(repo.remote(&["rev-parse", "work"]), before);
}

#[test]
fn without_a_remote_a_push_says_what_to_do() {
    let repo = Repo::new();
    repo.write("work.txt", "w\n");
    repo.commit("work");
    repo.refuses(ReviewAct::Push, &["no remote", "git remote add"]);
}

#[test]
fn a_remote_without_pages_is_pushed_to_and_said_so() {
    let repo = work();
    let (url, state, note) = ask(&repo);
    assert_eq!((url, state), (None, RequestState::ByHand));
    assert!(note.contains("work is pushed"), "{note}");
    repo.remote(&["rev-parse", "work"]);
}

#[test]
fn without_the_forges_program_the_page_is_named() {
    let mut repo = work();
    // A PATH in which there is git, and no `gh` whatever the machine has.
    program(&mut repo, "gh", "exit 127");
    on_forge(&repo, "https://user:secret@github.com/acme/shop.git");
    let (url, state, note) = ask(&repo);
    let page = "https://github.com/acme/shop/compare/main...work?expand=1";
    assert_eq!((url.as_deref(), state), (Some(page), RequestState::ByHand));
    assert!(note.contains("gh"), "{note}");
}

#[test]
fn gh_opens_the_request_and_finds_it_again() {
    let mut repo = work();
    let log = repo.home.work().join("gh.log");
    let script = format!(
        "echo \"$@\" >> '{log}'\n\
         case \"$2\" in\n\
         list) test -e '{log}.made' && echo https://github.com/acme/shop/pull/7 ;;\n\
         create) cat >> '{log}'; touch '{log}.made'; echo https://github.com/acme/shop/pull/7 ;;\n\
         esac\nexit 0",
        log = log.display()
    );
    program(&mut repo, "gh", &script);
    on_forge(&repo, "git@github.com:acme/shop.git");
    let page = Some("https://github.com/acme/shop/pull/7".to_owned());
    assert_eq!(ask(&repo), (page.clone(), RequestState::Opened, String::new()));
    assert_eq!(ask(&repo), (page, RequestState::Existing, String::new()));
    let said = fs::read_to_string(log).unwrap();
    assert!(said.contains("--head work --base main --title Fix login"), "{said}");
    assert!(said.contains("It works."), "{said}");
}

#[test]
fn what_gh_complains_of_is_told_beside_the_page() {
    let mut repo = work();
    program(&mut repo, "gh", "echo 'To get started, please run: gh auth login' >&2; exit 4");
    on_forge(&repo, "https://github.com/acme/shop");
    let (url, state, note) = ask(&repo);
    assert!(url.is_some_and(|url| url.contains("/compare/")));
    assert_eq!(state, RequestState::ByHand);
    assert!(note.contains("gh auth login"), "{note}");
}

#[test]
fn the_branch_that_the_work_began_from_is_not_pushed_to() {
    let mut repo = Repo::new().with_remote();
    if let Some(recorded) = &mut repo.subject.recorded {
        recorded.label = "work".into();
    }
    repo.write("a.txt", "1\n");
    repo.commit("on the base itself");
    repo.refuses(ReviewAct::Push, &["work is a protected branch"]);
}

#[test]
fn security_02_the_forges_program_runs_no_repository_inside_the_worktree() {
    let mut repo = work();
    let wire = Tripwire::set(&repo.home.work());
    let inner = repo.tree.join("inner");
    repo.git(&["init", "--quiet", "inner"]);
    write(&inner, "x.txt", "x\n");
    repo.run_in(&inner, &["add", "."]);
    repo.run_in(&inner, &["commit", "--quiet", "-m", "x"]);
    // Both the configuration and the files may ask for the look.
    let modules = "[submodule \"a.b\"]\n\tpath = inner\n\turl = ./inner\n\tignore = none\n";
    write(&repo.tree, ".gitmodules", modules);
    repo.git(&["add", "--all"]);
    repo.git(&["commit", "--quiet", "-m", "a repository inside"]);
    repo.run_in(&inner, &["config", "filter.x.clean", &wire.program()]);
    write(&inner, ".gitattributes", "* filter=x\n");
    write(&inner, "x.txt", "y\n");
    // As `gh` does, to warn of what is not committed.
    let script = "git status --porcelain >&2; echo https://github.com/acme/shop/pull/7";
    program(&mut repo, "gh", script);
    on_forge(&repo, "git@github.com:acme/shop.git");
    for without_file in [false, true] {
        if without_file {
            fs::remove_file(repo.tree.join(".gitmodules")).unwrap();
        }
        assert!(ask(&repo).0.is_some());
        assert_eq!(wire.sprung(), "", "a filter of the repository inside ran");
    }
    repo.git(&["status"]);
    assert!(wire.note().exists(), "the trap is none");
}
