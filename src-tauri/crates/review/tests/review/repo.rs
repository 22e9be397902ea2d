//! A repository of a test, a linked worktree in it, and what review does there.

use nightshift_platform::program::{Run, run};
use nightshift_platform::spawn::Program;
use nightshift_protocol::Fault;
use nightshift_protocol::review::{ChangedFile, Changes, FilePage, ReviewAct, ReviewResult};
use nightshift_review::{Recorded, Subject, act};
use nightshift_testkit::TestHome;
use nightshift_worktree::Environment;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Nothing a test asks of git takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
const OUTPUT_MAX_BYTES: usize = 64 * 1024 * 1024;
const ID: &str = "5e551011";

pub struct Repo {
    pub home: TestHome,
    /// The main checkout, on `main`.
    pub root: PathBuf,
    /// A linked worktree on `work`.
    pub tree: PathBuf,
    pub env: Environment,
    pub subject: Subject,
}

impl Repo {
    /// `a.txt` and `dir/b.txt` are committed on `main`; the worktree begins there.
    pub fn new() -> Repo {
        let home = TestHome::new();
        let config = "[user]\n\tname = T\n\temail = t@t\n[init]\n\tdefaultBranch = main\n";
        fs::write(home.user_home().join(".gitconfig"), config).unwrap();
        let work = fs::canonicalize(home.work()).unwrap();
        let mut env: Environment =
            home.environment().into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        env.insert("GIT_CONFIG_NOSYSTEM".into(), "1".into());
        let (root, tree) = (work.join("project"), work.join("tree"));
        fs::create_dir(&root).unwrap();
        let subject = Subject {
            id: ID.into(),
            dir: tree.clone(),
            recorded: None,
            ledger: home.state().join("worktrees"),
            name: "fix login".into(),
            result: "The form works.".into(),
        };
        let mut repo = Repo { home, root, tree, env, subject };
        repo.main(&["init", "--quiet"]);
        write(&repo.root, "a.txt", "one\ntwo\nthree\n");
        write(&repo.root, "dir/b.txt", "b\n");
        repo.commit_main("first");
        let tree = repo.tree.to_string_lossy().into_owned();
        repo.main(&["worktree", "add", "--quiet", "-b", "work", &tree]);
        let commit = repo.main(&["rev-parse", "HEAD"]).trim().to_owned();
        repo.subject.recorded = Some(Recorded { commit, label: "main".into() });
        repo
    }

    /// Adds a bare remote on disk that has `main`.
    pub fn with_remote(self) -> Repo {
        let remote = self.home.work().join("remote.git");
        self.main(&["init", "--quiet", "--bare", &remote.to_string_lossy()]);
        self.main(&["remote", "add", "origin", &remote.to_string_lossy()]);
        self.main(&["push", "--quiet", "-u", "origin", "main"]);
        self
    }

    pub fn remote(&self, args: &[&str]) -> String {
        self.run_in(&self.home.work().join("remote.git"), args)
    }

    pub fn main(&self, args: &[&str]) -> String {
        self.run_in(&self.root, args)
    }

    pub fn git(&self, args: &[&str]) -> String {
        self.run_in(&self.tree, args)
    }

    pub fn run_in(&self, dir: &Path, args: &[&str]) -> String {
        self.run_as(&self.env, dir, args)
    }

    /// git in the worktree, with another environment.
    pub fn run_with(&self, env: &Environment, args: &[&str]) -> String {
        self.run_as(env, &self.tree, args)
    }

    fn run_as(&self, env: &Environment, dir: &Path, args: &[&str]) -> String {
        let words: Vec<OsString> = args.iter().map(OsString::from).collect();
        let program = Program { program: OsStr::new("git"), args: &words, env, cwd: dir };
        let how =
            Run { input: b"", timeout: PATIENCE, output_max_bytes: OUTPUT_MAX_BYTES, log: None };
        let ended = run(&program, &how).unwrap();
        let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.code, Some(0), "git {args:?} in {}: {complaint}", dir.display());
        String::from_utf8_lossy(&ended.stdout).into_owned()
    }

    pub fn commit_main(&self, message: &str) {
        self.main(&["add", "--all"]);
        self.main(&["commit", "--quiet", "-m", message]);
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.tree, path, text);
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.tree.join(path)).unwrap()
    }

    pub fn act(&self, what: ReviewAct) -> Result<ReviewResult, Fault> {
        act(&self.subject, &self.env, &what)
    }

    pub fn done(&self, what: ReviewAct) -> ReviewResult {
        self.act(what.clone()).unwrap_or_else(|fault| panic!("{what:?}: {fault}"))
    }

    /// An act that must be refused, with words that contain every part.
    pub fn refuses(&self, what: ReviewAct, parts: &[&str]) {
        let fault = match self.act(what.clone()) {
            Ok(result) => panic!("{what:?} gave {result:?}"),
            Err(fault) => fault.to_string(),
        };
        for part in parts {
            assert!(fault.contains(part), "{what:?}: `{part}` is not in `{fault}`");
        }
    }

    pub fn changes(&self) -> Changes {
        match self.done(ReviewAct::Changes) {
            ReviewResult::Changes { changes } => *changes,
            other => panic!("{other:?}"),
        }
    }

    pub fn file(&self, path: &str) -> ChangedFile {
        let found = self.changes().files.into_iter().find(|file| file.path == path);
        found.unwrap_or_else(|| panic!("{path} is not listed"))
    }

    pub fn page(&self, path: &str, old: Option<&str>, from: u32) -> FilePage {
        let old_path = old.map(str::to_owned);
        match self.done(ReviewAct::File { path: path.into(), old_path, from }) {
            ReviewResult::File { page } => page,
            other => panic!("{other:?}"),
        }
    }

    /// Commits everything in the worktree; the commit.
    pub fn commit(&self, message: &str) -> String {
        match self.done(ReviewAct::Commit { message: message.into(), all: true, amend: false }) {
            ReviewResult::Committed { commit, .. } => commit,
            other => panic!("{other:?}"),
        }
    }

    pub fn rescues(&self) -> Vec<String> {
        let list = self.git(&["for-each-ref", "--format=%(refname)", "refs/nightshift/rescue"]);
        list.lines().map(str::to_owned).collect()
    }
}

pub fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub fn paths(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}
