//! A repository of a test, with a home, a ledger and what is asked of worktrees in it.

use nightshift_platform::program::{Ended, Run, run};
use nightshift_platform::spawn::Program;
use nightshift_testkit::TestHome;
use nightshift_worktree::{
    Choice, Created, Defaults, Environment, Error, Git, Inspection, Ledger, Looker, Order, Own,
    Plan, Policy, Record, Removal, create, inspect, plan, reader, release, remove, set_up, undo,
};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Nothing a test asks of git takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
const OUTPUT_MAX_BYTES: usize = 16 * 1024 * 1024;

pub struct Repo {
    pub home: TestHome,
    pub root: PathBuf,
    pub git: Git,
    pub ledger: Ledger,
}

impl Repo {
    /// A repository with one commit: `a.txt`, `dir/b.txt` and a `.gitignore` for `*.ignored`.
    pub fn new() -> Repo {
        let repo = Repo::empty();
        repo.write("a.txt", "a\n");
        repo.write("dir/b.txt", "b\n");
        repo.write(".gitignore", "*.ignored\n");
        repo.commit("first");
        repo
    }

    pub fn empty() -> Repo {
        let home = TestHome::new();
        let config = "[user]\n\tname = T\n\temail = t@t\n[init]\n\tdefaultBranch = main\n\
                      [protocol \"file\"]\n\tallow = always\n";
        fs::write(home.user_home().join(".gitconfig"), config).unwrap();
        let root = fs::canonicalize(home.work()).unwrap().join("project");
        fs::create_dir(&root).unwrap();
        let mut env: Environment =
            home.environment().into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        env.insert("GIT_CONFIG_NOSYSTEM".into(), "1".into());
        let git = Git::new(&env);
        let ledger = Ledger::open(&home.state().join("worktrees")).unwrap();
        let repo = Repo { home, root, git, ledger };
        repo.run(&["init", "--quiet"]);
        repo
    }

    /// Adds a remote that has everything so far.
    pub fn with_remote(self) -> Repo {
        let remote = self.home.work().join("remote.git");
        self.run(&["init", "--quiet", "--bare", &remote.to_string_lossy()]);
        self.run(&["remote", "add", "origin", &remote.to_string_lossy()]);
        self.run(&["push", "--quiet", "-u", "origin", "main"]);
        self
    }

    pub fn run(&self, args: &[&str]) -> String {
        self.run_in(&self.root, args)
    }

    pub fn run_in(&self, dir: &Path, args: &[&str]) -> String {
        let ended = self.try_in(dir, args);
        let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.code, Some(0), "git {args:?} in {}: {complaint}", dir.display());
        String::from_utf8(ended.stdout).unwrap()
    }

    pub fn try_in(&self, dir: &Path, args: &[&str]) -> Ended {
        let env: BTreeMap<OsString, OsString> = self.environment();
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let program = Program { program: OsStr::new("git"), args: &args, env: &env, cwd: dir };
        let how =
            Run { input: b"", timeout: PATIENCE, output_max_bytes: OUTPUT_MAX_BYTES, log: None };
        run(&program, &how).unwrap()
    }

    pub fn environment(&self) -> Environment {
        let mut env: Environment =
            self.home.environment().into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        env.insert("GIT_CONFIG_NOSYSTEM".into(), "1".into());
        env
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.root, path, text);
    }

    pub fn commit(&self, message: &str) {
        self.run(&["add", "--all"]);
        self.run(&["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    pub fn plan(&self, dir: &Path, choice: &Choice) -> Plan {
        plan(&self.git, dir, choice, &Defaults::default()).unwrap()
    }

    pub fn own(&self) -> Own {
        match self.plan(&self.root, &Choice::Usual) {
            Plan::Own(own) => *own,
            Plan::Stay(stay) => panic!("{stay}"),
        }
    }

    pub fn try_make(&self, id: &str, hint: &str) -> Result<Created, Error> {
        let own = self.own();
        create(&self.git, &self.ledger, &Order { id, hint, own: &own, holder: None })
    }

    /// A worktree that is ready, held by nobody.
    pub fn make(&self, id: &str) -> Record {
        let mut record = self.try_make(id, id).unwrap().record;
        set_up(&self.git, &self.ledger, &mut record, &self.log(), &AtomicBool::new(false)).unwrap();
        release(&record).unwrap();
        record
    }

    /// The reader's example program: built with the tests of all crates.
    pub fn reader_program(&self) -> PathBuf {
        let own = std::env::current_exe().unwrap();
        let program = own.parent().and_then(Path::parent).unwrap().join("examples/git_reader");
        assert!(program.exists(), "{} is missing; build examples too", program.display());
        program
    }

    /// With the reader of repositories, as the supervisor looks.
    pub fn looker(&self) -> Looker {
        Looker::new(self.git.clone(), reader(&self.reader_program()))
    }

    /// That, and what there is without a reader.
    pub fn lookers(&self) -> [Looker; 2] {
        [self.looker(), Looker::of_program(self.git.clone())]
    }

    pub fn log(&self) -> PathBuf {
        self.home.work().join("script.log")
    }

    pub fn inspect(&self, record: &Record) -> Inspection {
        inspect(&self.git, record)
    }

    pub fn remove(&self, id: &str, policy: Policy) -> Removal {
        remove(&self.git, &self.ledger, id, policy, &self.log()).unwrap()
    }

    /// Why it was kept, as words.
    pub fn kept(&self, id: &str, policy: Policy) -> Vec<&'static str> {
        match self.remove(id, policy) {
            Removal::Kept { blockers } => {
                blockers.iter().map(nightshift_worktree::Blocker::word).collect()
            }
            Removal::Removed { .. } | Removal::Forgotten { .. } => panic!("{id} was removed"),
        }
    }

    pub fn undo(&self, id: &str) -> Record {
        undo(&self.git, &self.ledger, id).unwrap()
    }

    pub fn fsck(&self) {
        self.run(&["fsck", "--full", "--strict", "--no-dangling"]);
    }
}

pub fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Every file below `dir` with its bytes, links with their targets; nothing is followed.
pub fn snapshot(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut next = vec![dir.to_owned()];
    while let Some(at) = next.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(dir).unwrap().to_owned();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_symlink() {
                let target = fs::read_link(&path).unwrap();
                found.insert(name, target.to_string_lossy().into_owned().into_bytes());
            } else if metadata.is_dir() {
                found.insert(name, Vec::new());
                next.push(path);
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}
