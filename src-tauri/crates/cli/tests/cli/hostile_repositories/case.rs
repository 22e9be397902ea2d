//! A session's life in one repository: every act, one after the other, and what is looked at after each.

use super::ground::Ground;
use super::kept::{Kept, snapshot};
use super::lab::{Lab, write};
use crate::support::Ran;
use nightshift_model::{PullState, State};
use nightshift_protocol::SessionView;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One way to be hostile.
#[derive(Clone, Copy)]
pub struct Repository {
    /// Also its directory's, where its note would be.
    pub name: &'static str,
    /// In a line: what it tries.
    pub why: &'static str,
    /// In the main checkout.
    pub build: for<'a> fn(&mut Lab<'a>),
    /// In a session's worktree, as the agent could.
    pub late: for<'a> fn(&Lab<'a>, &Path),
    /// What becomes of a dispatch into it.
    pub begins: Begins,
    /// What its agent does.
    pub script: &'static str,
    /// Acts that are refused there; all others succeed.
    pub refused: &'static [&'static str],
    pub control: Control,
}

/// As harmless as the user's own: where builders begin.
pub const PLAIN: Repository = Repository {
    name: "plain",
    why: "nothing in it is hostile, so every act succeeds",
    build: |_| {},
    late: |_, _| {},
    script: SCRIPT,
    begins: Begins::Starts,
    refused: EARLY,
    control: Control::NoProgram,
};

/// The user's work in the main checkout is not committed then.
pub const EARLY: &[&str] = &["merge into work of the user's"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// The user is asked, and lets it start without.
    Asks,
    Starts,
    /// It does not start; its error has these words.
    Fails(&'static str),
}

/// What the user's own git, or trust, would run into: the trap is a trap.
#[derive(Clone, Copy)]
pub enum Control {
    /// git with these words in the main checkout.
    Main(&'static [&'static str]),
    /// Where the user is.
    Here(&'static [&'static str]),
    /// In a worktree that plain git has made.
    Tree(&'static [&'static str]),
    /// In this directory of that worktree.
    Below(&'static str, &'static [&'static str]),
    /// A line for the shell, in the main checkout.
    Shell(&'static str),
    /// A session of this agent, where the repository is trusted.
    Trusted(&'static str),
    /// No program is in it: it leads elsewhere, or holds up who looks. What it would change is looked at.
    NoProgram,
}

/// When it becomes hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the session is dispatched; what is in the worktree comes while its agent works.
    Before,
    /// While the agent works.
    Later,
}

pub struct Case<'a> {
    ground: &'a Ground,
    what: Repository,
    when: When,
    lab: Lab<'a>,
    id: String,
    tree: Option<PathBuf>,
    kept: Kept,
    /// The user's work is committed and the branch may move.
    may_merge: bool,
    refused: BTreeSet<&'static str>,
    said: Vec<String>,
}

const SCRIPT: &str = "write work.txt work\\n\nrun sed -i 's/line 2/line two/' shared.txt\n\
                      ask Go on? | Yes\nwrite more.txt more\\n\ndone ok";
/// Where it works among the user's own files.
pub const QUIET: &str = "ask Go on? | Yes\ndone ok";
const DISPATCH: [&str; 5] = ["--bg", "--permission-mode", "auto", "--json", "--agent"];

impl<'a> Case<'a> {
    pub fn new(ground: &'a Ground, what: Repository, when: When) -> Case<'a> {
        let name = match when {
            When::Before => what.name.to_owned(),
            When::Later => format!("{} later", what.name),
        };
        let mut lab = Lab::new(ground, &name);
        if when == When::Before {
            (what.build)(&mut lab);
            lab.arm();
        }
        let kept = Kept::of(&lab);
        Case {
            ground,
            what,
            when,
            lab,
            id: String::new(),
            tree: None,
            kept,
            may_merge: false,
            refused: BTreeSet::new(),
            said: Vec::new(),
        }
    }

    fn named(&self) -> String {
        format!("{} ({:?}: {})", self.what.name, self.when, self.what.why)
    }

    /// After every act.
    pub fn check(&self, act: &str) {
        let ran = self.lab.sprung();
        assert!(ran.is_empty(), "{}: {act} ran {ran}", self.named());
        let from = self.tree.as_deref().filter(|_| self.may_merge);
        let differences = self.kept.differences(&self.lab, from);
        assert!(differences.is_empty(), "{}: after {act}: {differences:#?}", self.named());
    }

    /// A command of the user's. It does what it should or says in a line why not.
    fn act(&mut self, act: &'static str, args: &[&str]) -> Ran {
        let ran = self.ground.nightshift(&self.lab.at, args);
        let said = ran.code == Some(0) || ran.code == Some(1) && ran.err.starts_with("error: ");
        assert!(said, "{}: {act}: {ran:?}", self.named());
        if ran.code != Some(0) {
            self.refused.insert(act);
            self.said.push(format!("{act}: {}", ran.err.trim()));
        }
        self.check(act);
        ran
    }

    fn of_session(&mut self, act: &'static str, verb: &str, args: &[&str]) -> Ran {
        let id = self.id.clone();
        self.act(act, &[&[verb, &id], args].concat())
    }

    /// Starts a session; its entry once it asks something or has ended. None when it does not start.
    fn dispatch(&mut self, more: &[&str], script: &str) -> Option<Value> {
        let agent = match self.what.control {
            Control::Trusted(agent) => agent,
            _ => "rehearsal",
        };
        let args = [&DISPATCH[..], &[agent], more, &[script]].concat();
        let ran = self.ground.nightshift(&self.lab.at, &args);
        if ran.code != Some(0) {
            self.said.push(format!("dispatch: {}", ran.err.trim()));
            return None;
        }
        let entry: Value = serde_json::from_str(&ran.out).unwrap();
        self.id = entry["id"].as_str().unwrap().to_owned();
        Some(self.settled())
    }

    fn settled(&self) -> Value {
        self.ground.until(&self.id, &self.named(), at_rest);
        self.ground.shift.entry(&self.id)
    }

    fn question(entry: &Value) -> &str {
        entry["pending"]["question"].as_str().unwrap_or_default()
    }

    /// While the question is open nothing of the repository counts, and there is nothing to review.
    fn before_trust(&mut self) {
        for (verb, args) in [
            ("diff", &[][..]),
            ("commit", &["-m", "x"]),
            ("merge", &[]),
            ("rebase", &[]),
            ("discard", &["--all"]),
            ("pr", &[]),
        ] {
            let ran = self.of_session(verb, verb, args);
            assert!(ran.err.contains("has not started"), "{}: {verb}: {ran:?}", self.named());
            self.refused.remove(verb);
        }
        self.said.clear();
        self.of_session("why", "why", &[]);
        self.of_session("logs", "logs", &[]);
        self.act("list", &["agents", "--all", "--json"]);
        self.act("trust show", &["trust", "show"]);
    }

    /// Lets what waits for trust start without it.
    fn begin(&mut self, more: &[&str], script: &str) -> Option<Value> {
        let mut entry = self.dispatch(more, script)?;
        self.check("the dispatch");
        let asks = Self::question(&entry).starts_with("Trust ");
        if self.when == When::Before && self.tree.is_none() {
            let may_ask = matches!(self.what.begins, Begins::Asks | Begins::Fails(_));
            let must_ask = self.what.begins == Begins::Asks;
            assert!(may_ask && asks || !must_ask && !asks, "{}: {entry}", self.named());
        }
        if asks {
            self.before_trust();
            let request = entry["pending"]["id"].as_str().unwrap().to_owned();
            let args = ["--request", &request, "deny"];
            let started = self.of_session("start without", "answer", &args);
            let fails = matches!(self.what.begins, Begins::Fails(_));
            assert!(started.code == Some(0) || fails, "{}: {started:?}", self.named());
            entry = self.settled();
        }
        self.check("the start");
        Some(entry)
    }

    /// Before the agent goes on, and until it waits in the middle of its work.
    pub fn starts(&mut self) {
        let entry = self.begin(&["--name", "one"], self.what.script);
        if let (Begins::Fails(why), When::Before) = (self.what.begins, self.when) {
            let error = entry.as_ref().map(|e| e["error"].to_string()).unwrap_or_default();
            let told = error.contains(why) || self.said.iter().any(|said| said.contains(why));
            assert!(told, "{}: {entry:?} {:?}", self.named(), self.said);
            self.said.clear();
            self.refused.clear();
            return;
        }
        let entry = entry.unwrap_or_else(|| panic!("{}: {:?}", self.named(), self.said));
        assert_eq!(Self::question(&entry), "Go on?", "{}: {entry}", self.named());
        self.tree = entry["lodging"]["path"].as_str().map(PathBuf::from);
        if self.when == When::Later {
            (self.what.build)(&mut self.lab);
        }
        if let Some(tree) = self.tree.clone() {
            (self.what.late)(&self.lab, &tree);
        }
        self.lab.arm();
        self.kept = Kept::of(&self.lab);
    }

    /// Every act, but those on all repositories at once.
    pub fn acts(&mut self) {
        let fails = matches!(self.what.begins, Begins::Fails(_)) && self.when == When::Before;
        if fails {
            return;
        }
        if self.tree.is_none() {
            self.acts_without_worktree();
        } else {
            self.acts_while_it_works();
            self.acts_afterwards();
            self.removal();
        }
        if self.when == When::Before {
            self.another_without();
        }
        let expected = BTreeSet::from_iter(self.what.refused.iter().copied());
        assert_eq!(self.refused, expected, "{}: {:#?}", self.named(), self.said);
    }

    fn acts_without_worktree(&mut self) {
        self.of_session("diff", "diff", &["--stat"]);
        self.of_session("answer", "answer", &["1"]);
        self.settled();
        self.of_session("diff", "diff", &[]);
        self.of_session("stop", "stop", &[]);
        for name in ["work.txt", "more.txt"] {
            std::fs::remove_file(self.lab.at.join(name)).ok();
        }
        self.of_session("rm", "rm", &[]);
    }

    fn acts_while_it_works(&mut self) {
        self.act("list", &["agents", "--all", "--json"]);
        self.of_session("diff", "diff", &["--stat"]);
        self.of_session("diff", "diff", &["--json"]);
        self.of_session("diff of a file", "diff", &["work.txt"]);
        let discarded = self.of_session("discard", "discard", &["work.txt", "--json"]);
        if let Ok(discarded) = serde_json::from_str::<Value>(&discarded.out) {
            let rescue = discarded["rescue"].as_str().unwrap().to_owned();
            self.of_session("undo of discard", "discard", &["--undo", &rescue]);
        }
        self.commit("work");
        self.of_session("merge into work of the user's", "merge", &[]);
        self.of_session("answer", "answer", &["1"]);
        self.settled();
        self.check("the end of the turn");
    }

    fn acts_afterwards(&mut self) {
        self.of_session("why", "why", &[]);
        self.of_session("diff", "diff", &[]);
        self.commit("more");
        self.lab.users_commit();
        self.lab.arm();
        self.kept = Kept::of(&self.lab);
        self.of_session("rebase", "rebase", &[]);
        self.may_merge = true;
        self.of_session("merge", "merge", &[]);
        self.may_merge = false;
        self.kept = Kept::of(&self.lab);
        let opened = self.of_session("pr", "pr", &[]);
        if opened.code == Some(0) {
            let merged = |view: &SessionView| {
                view.pull_requests.iter().any(|pull| pull.state == PullState::Merged)
            };
            self.ground.until(&self.id, "the state of its pull request", merged);
            self.check("the pull request's state");
        }
    }

    /// What Nightshift does not commit, the agent does.
    fn commit(&mut self, words: &str) {
        let done = self.of_session("commit", "commit", &["-m", words]);
        if done.err.contains("the filter") || done.err.contains("gpg") {
            self.lab.agents_commit(self.tree.as_ref().unwrap());
            self.lab.arm();
        }
    }

    fn removal(&mut self) {
        let Some(tree) = self.tree.clone() else { return };
        write(&tree, "left.txt", "left\n");
        let before = snapshot(&tree);
        self.of_session("rm", "rm", &[]);
        // As it is to be, whatever the repository is: work in the worktree keeps its session.
        assert!(self.refused.remove("rm"), "{}: a careful removal", self.named());
        assert!(tree.join("left.txt").exists(), "{}: a careful removal", self.named());
        self.of_session("rm without its worktree", "rm", &["--keep-worktree"]);
        assert!(tree.join("left.txt").exists(), "{}: a removal that keeps it", self.named());
        let removed = self.ground.discard_worktree(&self.id);
        self.check("the removal of the worktree");
        if tree.join("left.txt").exists() {
            self.refused.insert("removal");
            self.said.push(format!("{removed:?}"));
        } else {
            let id = self.id.clone();
            self.act("undo", &["undo", "rm", &id]);
        }
        let after = tree.exists().then(|| snapshot(&tree));
        assert_eq!(after, Some(before), "{}: work in the worktree", self.named());
    }

    /// One that works where the user does.
    fn another_without(&mut self) {
        if self.tree.is_none() {
            return;
        }
        let script = "write three.ignored three\ndone ok";
        self.kept = Kept::of(&self.lab);
        let Some(_) = self.begin_beside(script) else { return };
        self.of_session("diff without a worktree", "diff", &[]);
        self.of_session("stop", "stop", &[]);
        self.of_session("rm without a worktree", "rm", &[]);
    }

    fn begin_beside(&mut self, script: &str) -> Option<Value> {
        let entry = self.dispatch(&["--no-worktree"], script)?;
        if !Self::question(&entry).starts_with("Trust ") {
            std::fs::remove_file(self.lab.at.join("three.ignored")).unwrap();
            self.check("a turn in the main checkout");
            return Some(entry);
        }
        self.check("a dispatch into the main checkout");
        let request = entry["pending"]["id"].as_str().unwrap().to_owned();
        let id = self.id.clone();
        let args = ["answer", &id, "--request", &request, "deny"];
        let ran = self.ground.nightshift(&self.lab.at, &args);
        assert_eq!(ran.code, Some(0), "{}: {ran:?}", self.named());
        let entry = self.settled();
        std::fs::remove_file(self.lab.at.join("three.ignored")).unwrap();
        self.check("a turn in the main checkout");
        Some(entry)
    }
}

/// The same repository, and what springs the trap in it.
pub fn control(ground: &Ground, what: &Repository) {
    let mut lab = Lab::new(ground, &format!("{} control", what.name));
    (what.build)(&mut lab);
    let tree = || {
        let tree = lab.dir.join("tree");
        ground.try_git(
            &lab.root,
            &["worktree", "add", "--quiet", "-b", "x", &tree.to_string_lossy()],
        );
        write(&tree, "work.txt", "work\n");
        (what.late)(&lab, &tree);
        tree
    };
    let kept = || Kept::of(&lab);
    let (done, before) = match what.control {
        Control::NoProgram => return,
        Control::Main(args) => {
            lab.arm();
            let before = kept();
            (ground.try_git(&lab.root, args), before)
        }
        Control::Here(args) => {
            lab.arm();
            let before = kept();
            (ground.try_git(&lab.at, args), before)
        }
        Control::Shell(words) => {
            lab.arm();
            let before = kept();
            (ground.shell(&lab.root, words), before)
        }
        Control::Tree(args) => {
            let tree = tree();
            lab.arm();
            let before = kept();
            (ground.try_git(&tree, args), before)
        }
        Control::Below(inside, args) => {
            let tree = tree();
            lab.arm();
            let before = kept();
            (ground.try_git(&tree.join(inside), args), before)
        }
        Control::Trusted(agent) => {
            lab.arm();
            let before = kept();
            (trusted(ground, &lab, agent), before)
        }
    };
    let sprung = !lab.sprung().is_empty() || {
        let outside = lab.outside.display().to_string();
        before.differences(&lab, None).iter().any(|said| said.starts_with(&outside))
    };
    assert!(sprung, "{}: the trap is none: {done:?}", what.name);
}

/// It waits for the user, or has ended.
fn at_rest(view: &SessionView) -> bool {
    !matches!(view.state, State::Starting | State::Working | State::Idle)
}

/// A session where the user trusts the repository, from beginning to end.
fn trusted(ground: &Ground, lab: &Lab<'_>, agent: &str) -> Ran {
    ground.nightshift(&lab.at, &["trust", "add"]).ok(&["trust", "add"]);
    let args = [&DISPATCH[..], &[agent, "done ok"]].concat();
    let ran = ground.nightshift(&lab.at, &args);
    let Ok(entry) = serde_json::from_str::<Value>(&ran.out) else { return ran };
    let id = entry["id"].as_str().unwrap();
    ground.until(id, lab.dir.to_str().unwrap(), at_rest);
    ground.nightshift(&lab.at, &["rm", "--discard", id])
}
