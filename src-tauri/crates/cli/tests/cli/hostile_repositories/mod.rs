//! Repositories that are hostile in every way we know, and every act on each of them, with the real
//! supervisor, the real git and the real command.
//!
//! A repository is hostile before a session is dispatched into it, or becomes so while its agent works.
//! Each brings a program that notes that it ran. After every act there is no such note; everything the
//! user wrote, staged, stashed and committed is as it was; nothing else around the main checkout is other.
//! What plain git, or trust, would have run is proved beside it: each trap is one.

mod case;
mod files;
mod ground;
mod inside;
mod kept;
mod lab;
mod places;
mod settings;

use case::{Case, Repository, When, control};
use ground::Ground;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

/// At the same time: what waits for a process leaves room for others.
const THREADS: usize = 4;

/// `work` for each of `all`, several at once; what failed is said for all of them.
fn at_once<T: Send>(all: Vec<T>, work: impl Fn(T) + Sync) {
    let queue = Mutex::new(all.into_iter());
    let next = || queue.lock().unwrap().next();
    let failed: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(one) = next() {
                    let done = std::panic::catch_unwind(AssertUnwindSafe(|| work(one)));
                    if let Err(panic) = done {
                        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                        failed.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n\n"));
}

/// Every act on every one of them.
fn suite(repositories: &[Repository], when: When) {
    let ground = Ground::new();
    let cases: Mutex<Vec<Case<'_>>> = Mutex::default();
    at_once(repositories.to_vec(), |what| {
        let mut case = Case::new(&ground, what, when);
        case.starts();
        cases.lock().unwrap().push(case);
    });
    let on_all = |words: &[&str]| {
        ground.nightshift(&ground.work, words).ok(words);
        cases.lock().unwrap().iter().for_each(|case| case.check(&words.join(" ")));
    };
    on_all(&["worktrees", "--json"]);
    let begun = std::mem::take(&mut *cases.lock().unwrap());
    at_once(begun, |mut case| {
        case.acts();
        cases.lock().unwrap().push(case);
    });
    on_all(&["worktrees", "--json"]);
    on_all(&["worktrees", "clean"]);
}

/// What the same repositories do to plain git, or where they are trusted.
fn controls(repositories: &[Repository]) {
    let ground = Ground::new();
    at_once(repositories.to_vec(), |what| control(&ground, &what));
}

#[test]
fn security_12_settings_of_a_repository_run_nothing_in_any_act() {
    suite(settings::FILTERS, When::Before);
}

#[test]
fn security_12_settings_that_an_agent_makes_run_nothing_in_any_act() {
    // A worktree that is there already has no files of a later commit.
    let mut later = settings::FILTERS.to_vec();
    later.retain(|one| one.name != "committed attributes");
    suite(&later, When::Later);
}

#[test]
fn security_12_hooks_of_a_repository_run_in_no_act() {
    suite(settings::HOOKS, When::Before);
}

#[test]
fn security_12_hooks_that_an_agent_makes_run_in_no_act() {
    suite(settings::HOOKS, When::Later);
}

#[test]
fn security_02_remotes_of_a_repository_run_nothing_in_any_act() {
    suite(settings::REMOTES, When::Before);
}

#[test]
fn security_02_remotes_that_an_agent_makes_run_nothing_in_any_act() {
    suite(settings::REMOTES, When::Later);
}

#[test]
fn security_12_layouts_lead_no_act_somewhere_else() {
    suite(places::LAYOUTS, When::Before);
}

#[test]
fn security_01_submodules_run_nothing_in_any_act() {
    suite(places::SUBMODULES, When::Before);
}

#[test]
fn links_lead_no_act_outside() {
    suite(places::LINKS, When::Before);
}

#[test]
fn security_03_scripts_run_in_no_act_before_they_are_trusted() {
    suite(files::SCRIPTS, When::Before);
}

#[test]
fn security_05_agents_take_up_nothing_before_it_is_trusted() {
    suite(files::AGENTS, When::Before);
}

#[test]
fn security_02_repositories_inside_run_nothing_in_any_act() {
    suite(inside::INSIDE, When::Before);
}

#[test]
fn failures_38_a_worktree_that_is_turned_into_another_loses_nothing_in_any_act() {
    suite(inside::TURNED, When::Before);
}

#[test]
fn odd_names_are_names_in_every_act() {
    suite(inside::ODD_NAMES, When::Before);
}

const ALL: [&[Repository]; 11] = [
    settings::FILTERS,
    settings::HOOKS,
    settings::REMOTES,
    places::LAYOUTS,
    places::SUBMODULES,
    places::LINKS,
    files::SCRIPTS,
    files::AGENTS,
    inside::INSIDE,
    inside::TURNED,
    inside::ODD_NAMES,
];

#[test]
fn all_of_these_are_traps_where_nobody_keeps_them_from_it() {
    controls(&ALL.concat());
}
