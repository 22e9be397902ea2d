//! Repositories that try to run something, or to lead an act somewhere else: every act on every one.
//!
//! A trap is set in the main checkout, before there is a worktree, or in the worktree, as an agent
//! would. Each would write a file outside when it is sprung. After every act that file is not there, and
//! what the user wrote is as it was.

mod embedded;
mod layouts;
mod moments;
mod settings;
mod submodules;

use crate::repo::{Repo, snapshot, write};
use nightshift_testkit::{OwnHooks, Tripwire};
use nightshift_worktree::{
    Choice, Defaults, MainCheckout, Order, Plan, Policy, Record, Removal, Wanted, clean, create,
    disclosure, glances, list, plan, release, remove, undo, whereabouts,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A repository, and a place outside of it that nothing may change.
pub struct Lab {
    pub repo: Repo,
    pub outside: PathBuf,
    wire: Tripwire,
    /// Its program, as a path.
    pub evil: String,
}

pub struct Trap {
    pub name: &'static str,
    /// Before there is a worktree.
    pub main: fn(&Lab),
    /// In the worktree, which has uncommitted work by then.
    pub tree: fn(&Lab, &Path),
    /// What a user's own git would run into: the trap is a trap.
    pub fires: Fires,
}

pub enum Fires {
    /// In the main checkout, in the worktree, below it.
    InMain(&'static [&'static str]),
    InTree(&'static [&'static str]),
    At(&'static str, &'static [&'static str]),
    /// Only for acts that are never done, or not with this version of git.
    Never,
}

pub fn nothing(_: &Lab) {}
pub fn nothing_there(_: &Lab, _: &Path) {}

impl Lab {
    pub fn new() -> Lab {
        let repo = Repo::new();
        let lab = fs::canonicalize(repo.home.work()).unwrap().join("lab");
        let outside = lab.join("outside");
        fs::create_dir_all(&outside).unwrap();
        write(&outside, "precious.txt", "precious\n");
        let wire = Tripwire::set(&lab);
        let evil = wire.program();
        Lab { repo, outside, wire, evil }
    }

    pub fn config(&self, name: &str, value: &str) {
        self.repo.run(&["config", name, value]);
    }

    /// All files get these attributes, whatever is committed.
    pub fn attributes(&self, words: &str) {
        let info = self.repo.root.join(".git/info");
        fs::create_dir_all(&info).unwrap();
        fs::write(info.join("attributes"), format!("* {words}\n")).unwrap();
    }

    /// Every hook there is, in `dir`.
    pub fn hooks(&self, dir: &Path) {
        self.wire.hooks(dir);
    }

    fn quiet(&self, trap: &str, act: &str) {
        let said = self.wire.sprung();
        assert!(said.is_empty(), "{trap}: {act} sprang it: {said}");
    }

    fn looks(&self, trap: &str) {
        for looker in self.repo.lookers() {
            MainCheckout::look(&looker, &self.repo.root).ok();
            self.quiet(trap, "a look at the main checkout");
            whereabouts(&looker, &self.repo.root);
            self.quiet(trap, "a look where it is");
            let roots = BTreeSet::from([self.repo.root.clone()]);
            let (listed, _) = list(&looker, &self.repo.ledger, &roots);
            self.quiet(trap, "the list");
            let wanted: Vec<Wanted<'_>> = listed
                .iter()
                .map(|one| Wanted { path: &one.path, record: one.record.as_ref() })
                .collect();
            glances(&looker, &wanted);
            self.quiet(trap, "a glance at each");
        }
    }

    fn make(&self, trap: &str) -> Option<Record> {
        let planned = plan(&self.repo.git, &self.repo.root, &Choice::Usual, &Defaults::default());
        self.quiet(trap, "the plan");
        let Ok(Plan::Own(own)) = planned else { return None };
        let order = Order { id: "one", hint: "one", own: &own, holder: None };
        let made = create(&self.repo.git, &self.repo.ledger, &order);
        self.quiet(trap, "the making");
        let record = made.ok()?.record;
        release(&record).unwrap();
        disclosure(&record);
        Some(record)
    }

    /// Every act on a worktree with work in it.
    fn acts(&self, trap: &str, record: &Record) {
        let Repo { git, ledger, .. } = &self.repo;
        let work = snapshot(&record.path);
        self.repo.inspect(record);
        self.quiet(trap, "the look into the worktree");
        let kept = remove(git, ledger, "one", Policy::Careful, &self.repo.log());
        assert!(matches!(kept, Ok(Removal::Kept { .. })), "{trap}: {kept:?}");
        self.quiet(trap, "the careful removal");
        assert_eq!(snapshot(&record.path), work, "{trap}");
        let removed = remove(git, ledger, "one", Policy::Discard, &self.repo.log());
        self.quiet(trap, "the removal");
        if let Ok(Removal::Removed { .. }) = removed {
            undo(git, ledger, "one").unwrap_or_else(|error| panic!("{trap}: {error}"));
            self.quiet(trap, "the undo");
        }
        assert_eq!(snapshot(&record.path), work, "{trap}");
        let now = nightshift_platform::clock::now().0;
        clean(git, ledger, &BTreeSet::new(), true, now, &self.repo.log());
        self.quiet(trap, "the cleaning");
        assert_eq!(snapshot(&record.path), work, "{trap}: clean took work away");
    }

    fn fires(&self, trap: &Trap, record: Option<&Record>) {
        let (dir, args) = match (&trap.fires, record) {
            (Fires::InMain(args), _) => (self.repo.root.clone(), *args),
            (Fires::InTree(args), Some(record)) => (record.path.clone(), *args),
            (Fires::At(below, args), Some(record)) => (record.path.join(below), *args),
            (Fires::Never | Fires::InTree(_) | Fires::At(..), _) => return,
        };
        self.repo.try_in(&dir, args);
        assert!(self.wire.note().exists(), "{}: git {args:?} does not spring it", trap.name);
    }
}

/// All acts on one hostile repository after the other, and again where the user has hooks that call git. Each in its
/// own place: none sees another's.
pub fn spring(traps: &[Trap]) {
    for (trap, hooks) in traps.iter().flat_map(|trap| [(trap, false), (trap, true)]) {
        let lab = Lab::new();
        // The user's own, uncommitted.
        lab.repo.write("mine.txt", "mine\n");
        // Of the same size, so that git has to look at its content.
        lab.repo.write("dir/b.txt", "m\n");
        (trap.main)(&lab);
        let own = hooks.then(|| OwnHooks::set(&lab.repo.home.user_home()));
        lab.wire.arm();
        let (outside, main) = (snapshot(&lab.outside), files(&lab.repo.root));
        lab.looks(trap.name);
        let record = lab.make(trap.name);
        assert_eq!(files(&lab.repo.root), main, "{}", trap.name);
        if let Some(record) = &record {
            write(&record.path, "work.txt", "work\n");
            write(&record.path, "a.txt", "b\n");
            (trap.tree)(&lab, &record.path);
            lab.wire.arm();
            lab.looks(trap.name);
            lab.acts(trap.name, record);
            let ran = own.as_ref().map(OwnHooks::ran);
            assert!(ran.is_none_or(|ran| !ran.is_empty()), "{}: no hook ran", trap.name);
        }
        assert_eq!(files(&lab.repo.root), main, "{}: the main checkout is other", trap.name);
        assert_eq!(snapshot(&lab.outside), outside, "{}", trap.name);
        if !hooks {
            lab.fires(trap, record.as_ref());
        }
    }
}

/// What is in a main checkout, without git's own and without the worktrees in it.
fn files(root: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut found = snapshot(root);
    found.retain(|path, _| !path.starts_with(".git") && !path.starts_with(".claude"));
    found
}
