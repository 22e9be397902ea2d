//! One repository with what lies around it, and the words that make it hostile.

use super::ground::Ground;
use nightshift_testkit::Tripwire;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Lab<'a> {
    pub ground: &'a Ground,
    /// Everything of it.
    pub dir: PathBuf,
    /// The main checkout.
    pub root: PathBuf,
    pub git_dir: PathBuf,
    /// Where the user is when a session is dispatched.
    pub at: PathBuf,
    /// Files that nobody may change.
    pub outside: PathBuf,
    /// The path of a program that notes that it ran.
    pub evil: String,
    wire: Tripwire,
}

impl<'a> Lab<'a> {
    /// A harmless one.
    pub fn new(ground: &'a Ground, name: &str) -> Lab<'a> {
        let dir = ground.work.join(name.replace(' ', "-"));
        let copied = Command::new("cp").arg("-a").arg(&ground.base).arg(&dir).status();
        assert!(copied.unwrap().success());
        let wire = Tripwire::set(&dir);
        let root = dir.join("repo");
        let lab = Lab {
            ground,
            git_dir: root.join(".git"),
            at: root.clone(),
            root,
            outside: dir.join("outside"),
            evil: wire.program(),
            wire,
            dir,
        };
        // The remote's address has this repository's own directory behind it.
        let rewrite = format!("url.{}.insteadOf", lab.dir.join("remote.git").display());
        lab.config(&rewrite, "git@github.com:acme/shop");
        lab
    }

    /// What ran.
    pub fn sprung(&self) -> String {
        self.wire.sprung()
    }

    /// What ran while the trap was set does not count.
    pub fn arm(&self) {
        self.wire.arm();
    }

    /// The file that appears when it runs.
    pub fn note(&self) -> &Path {
        self.wire.note()
    }

    pub fn git(&self, args: &[&str]) -> String {
        self.ground.git(&self.root, args)
    }

    pub fn config(&self, name: &str, value: &str) {
        self.git(&["config", name, value]);
    }

    pub fn config_evil(&self, names: &[&str]) {
        for name in names {
            self.config(name, &self.evil);
        }
    }

    /// All files get these attributes, whatever is committed.
    pub fn attributes(&self, words: &str) {
        write(&self.git_dir, "info/attributes", &format!("* {words}\n"));
    }

    pub fn hooks(&self, dir: &Path) {
        self.wire.hooks(dir);
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.root, path, text);
    }

    /// Commits these alone: what the user has staged stays.
    pub fn commit(&self, paths: &[&str]) {
        self.git(&[&["add", "--force", "--"], paths].concat());
        let words = ["-c", "core.hooksPath=/dev/null", "commit", "--quiet", "-m", "x", "--"];
        self.git(&[&words[..], paths].concat());
    }

    /// Writes files and commits them.
    pub fn committed(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            self.write(path, text);
        }
        self.commit(&Vec::from_iter(files.iter().map(|(path, _)| *path)));
    }

    /// Objects that are missing, and a remote that has them.
    pub fn promisor(&self, settings: &[(&str, &str)]) {
        self.config("core.repositoryFormatVersion", "1");
        self.config("extensions.partialClone", "evil");
        self.config("remote.evil.promisor", "true");
        for (name, value) in settings {
            self.config(name, value);
        }
        write(&self.git_dir, "refs/remotes/evil/main", &"1".repeat(40));
        write(&self.git_dir, "refs/heads/absent", &"1".repeat(40));
    }

    /// Plain files that make git ask a remote, whose program is the evil one.
    pub fn plain_files(&self, git_dir: &Path) {
        write(git_dir, "HEAD", "ref: refs/heads/main\n");
        write(git_dir, "refs/heads/main", &"1".repeat(40));
        write(git_dir, "objects/info/k", "k");
        let config = format!(
            "[core]\n\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\
             \tpartialClone = evil\n[remote \"evil\"]\n\turl = .\n\tpromisor = true\n\
             \tuploadpack = {}\n",
            self.evil
        );
        write(git_dir, "config", &config);
    }

    /// A repository with a commit and a change of the same size.
    pub fn repository(&self, dir: &Path) {
        self.git(&["init", "--quiet", &dir.to_string_lossy()]);
        write(dir, "x.txt", "x\n");
        self.ground.git(dir, &["add", "."]);
        self.ground.git(dir, &["commit", "--quiet", "-m", "x"]);
        write(dir, "x.txt", "y\n");
    }

    pub fn evil_filters(&self, dir: &Path) {
        for name in ["filter.x.clean", "filter.x.smudge", "core.fsmonitor"] {
            self.ground.git(dir, &["config", name, &self.evil]);
        }
        write(dir, ".gitattributes", "* filter=x\n");
    }

    /// Another repository, which the main checkout has as submodule `name` at `path`, filled.
    pub fn submodule(&self, name: &str, path: &str) {
        let other = self.dir.join(format!("other-{name}"));
        self.repository(&other);
        let address = other.to_string_lossy();
        self.git(&["submodule", "--quiet", "add", "--name", name, &address, path]);
        self.commit(&[".gitmodules", path]);
    }

    /// git's directory of a worktree.
    pub fn admin(&self, tree: &Path) -> PathBuf {
        let text = fs::read_to_string(tree.join(".git")).unwrap();
        PathBuf::from(text.trim().strip_prefix("gitdir: ").unwrap())
    }

    /// The user commits what is in the checkout, without git's looking at the repository's settings.
    pub fn users_commit(&self) {
        // A submodule's files are others.
        if let Ok(shared) = fs::read_to_string(self.root.join("shared.txt")) {
            write(&self.root, "shared.txt", &shared.replace("line 8", "line eight"));
        }
        self.commit_files(&self.root, &self.git_dir, &["dir/b.txt", "shared.txt"]);
    }

    /// The agent commits its work, in the same way.
    pub fn agents_commit(&self, tree: &Path) {
        self.commit_files(tree, &self.admin(tree), &["work.txt", "shared.txt", "more.txt"]);
    }

    fn commit_files(&self, checkout: &Path, admin: &Path, files: &[&str]) {
        let index = admin.join("index");
        let plumbing =
            |args: &[&str]| self.ground.plumbing(&index, &self.git_dir, args).trim().to_owned();
        for path in files {
            let file = checkout.join(path);
            if file.exists() {
                let file = file.to_string_lossy();
                let object = plumbing(&["hash-object", "-w", "--no-filters", &file]);
                let entry = format!("100644,{object},{path}");
                plumbing(&["update-index", "--add", "--cacheinfo", &entry]);
            }
        }
        let head = fs::read_to_string(admin.join("HEAD")).unwrap();
        let branch = self.git_dir.join(head.trim().strip_prefix("ref: ").unwrap());
        let old = fs::read_to_string(&branch).unwrap();
        let tree = plumbing(&["write-tree"]);
        let new = plumbing(&["commit-tree", &tree, "-p", old.trim(), "-m", "by hand"]);
        fs::write(&branch, format!("{new}\n")).unwrap();
    }
}

pub fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub fn pipe(path: &Path) {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).unwrap();
    }
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
}
