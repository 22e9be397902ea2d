//! Repositories of tests, made by the `git` program in an environment of their own, and the reader.

use nightshift_git_reader::{Answer, Files, Limits, Reader, Request, Seen, Unknown, UnknownKind};
use nightshift_platform::program::{Ended, Run, run};
use nightshift_platform::spawn::Program;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Nothing a test asks of git takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
const OUTPUT_MAX_BYTES: usize = 16 * 1024 * 1024;
/// For looks that must succeed, however busy the machine is.
const PATIENT: Limits = Limits { wall: Duration::from_secs(60), cpu_s: 60 };

pub struct Repo {
    /// Removed when dropped.
    _dir: TempDir,
    pub root: PathBuf,
}

impl Repo {
    /// One commit: `a.txt` and `dir/b.txt`.
    pub fn new() -> Repo {
        let repo = Repo::empty();
        repo.write("a.txt", "a\n");
        repo.write("dir/b.txt", "b\n");
        repo.commit("first");
        repo
    }

    pub fn empty() -> Repo {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap().join("project");
        fs::create_dir(&root).unwrap();
        let repo = Repo { _dir: dir, root };
        repo.git(&["init", "--quiet"]);
        repo
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.with_file_name(name)
    }

    pub fn git(&self, args: &[&str]) -> String {
        git(&self.root, args)
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.root, path, text);
    }

    pub fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    pub fn answer(&self) -> Answer {
        answer(&Request::own(&self.root))
    }

    pub fn seen(&self) -> Seen {
        seen(&Request::own(&self.root))
    }

    pub fn files(&self) -> Files {
        self.seen().files.unwrap()
    }
}

pub fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// The example program beside this test's own.
pub fn words() -> Vec<OsString> {
    let own = std::env::current_exe().unwrap();
    let program = own.parent().and_then(Path::parent).unwrap().join("examples/git_reader");
    assert!(program.exists(), "{} is missing; build examples too", program.display());
    vec![program.into()]
}

pub fn reader() -> Reader {
    Reader::new(words()).with_limits(PATIENT)
}

pub fn answer(request: &Request) -> Answer {
    let mut answers = reader().look(std::slice::from_ref(request));
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

pub fn seen(request: &Request) -> Seen {
    match answer(request) {
        Answer::Seen(seen) => *seen,
        other => panic!("{}: {other:?}", request.directory.display()),
    }
}

pub fn unknown(answer: &Answer) -> UnknownKind {
    match answer {
        Answer::Unknown(Unknown { kind, .. }) => *kind,
        other => panic!("{other:?}"),
    }
}

pub fn environment() -> BTreeMap<OsString, OsString> {
    let mut env: BTreeMap<OsString, OsString> = [
        ("HOME", "/nonexistent"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_AUTHOR_NAME", "T"),
        ("GIT_AUTHOR_EMAIL", "t@t"),
        ("GIT_COMMITTER_NAME", "T"),
        ("GIT_COMMITTER_EMAIL", "t@t"),
        ("LC_ALL", "C"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into();
    env.insert("PATH".into(), std::env::var_os("PATH").unwrap());
    env
}

pub fn try_git(dir: &Path, args: &[&OsStr]) -> Ended {
    let settings =
        ["-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", "-c", "gc.auto=0"];
    let args: Vec<OsString> =
        settings.iter().map(OsString::from).chain(args.iter().map(OsString::from)).collect();
    let env = environment();
    let program = Program { program: OsStr::new("git"), args: &args, env: &env, cwd: dir };
    let how = Run { input: b"", timeout: PATIENCE, output_max_bytes: OUTPUT_MAX_BYTES, log: None };
    run(&program, &how).unwrap()
}

pub fn git_bytes(dir: &Path, args: &[&str]) -> Vec<u8> {
    let words: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
    let ended = try_git(dir, &words);
    let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.code, Some(0), "git {args:?} in {}: {complaint}", dir.display());
    ended.stdout
}

pub fn git(dir: &Path, args: &[&str]) -> String {
    String::from_utf8(git_bytes(dir, args)).unwrap().trim_end().to_owned()
}

pub fn fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if path.symlink_metadata().is_ok() {
        fs::remove_file(path).unwrap();
    }
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

/// Every path below a directory with what it holds; pipes and links by what they are.
pub fn snapshot(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut next = vec![dir.to_owned()];
    while let Some(at) = next.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let entry = entry.unwrap();
            let (path, meta) = (entry.path(), entry.path().symlink_metadata().unwrap());
            if meta.is_dir() {
                next.push(path.clone());
            }
            let state = format!("{:?} {} {:?}", meta.file_type(), meta.len(), meta.modified());
            found.insert(path, state);
        }
    }
    found
}

/// Paths as text, for comparing.
pub fn shown(path: &[u8]) -> String {
    Path::new(OsStr::from_bytes(path)).display().to_string()
}
