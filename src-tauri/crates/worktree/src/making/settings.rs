//! What the user and the repository set about worktrees.
//!
//! In this order, later ones win: what the user set for every repository, `.claude/settings.json`,
//! `.claude/settings.local.json`, `.nightshift/settings.json`; of files the object `worktree`.
//! Promise: what cannot be read or meant so changes nothing and is named in `notes`; a repository's
//! own files name places below its checkout and nothing else.

use crate::git_program::confined;
use crate::limits::{
    PORTS_MAX, PORTS_PER_WORKTREE, SETTINGS_MAX_BYTES, SETUP_TIMEOUT, SETUP_TIMEOUT_MAX,
};
use nightshift_model::quoted::quoted;
use nightshift_platform::files::read_bounded;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PROJECT_FILES: &[&str] =
    &[".claude/settings.json", ".claude/settings.local.json", ".nightshift/settings.json"];
/// Used when no setting names a command.
pub(crate) const SETUP_FILE: &str = ".nightshift/setup";
pub(crate) const TEARDOWN_FILE: &str = ".nightshift/teardown";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The file that turned worktrees off, if one did.
    pub off_by: Option<PathBuf>,
    /// Where worktrees go: relative to the main checkout, or absolute.
    pub directory: PathBuf,
    pub branch_prefix: String,
    pub base: BaseChoice,
    pub setup: Option<String>,
    /// The file that says so.
    pub setup_by: Option<PathBuf>,
    pub teardown: Option<String>,
    pub teardown_by: Option<PathBuf>,
    /// The user's own file.
    pub user_file: PathBuf,
    pub setup_timeout: Duration,
    pub submodules: bool,
    /// Ports handed to each worktree.
    pub ports: u16,
    /// Settings that were passed over, and why.
    pub notes: Vec<String>,
}

/// What a new branch begins at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaseChoice {
    /// What the main checkout is at.
    Head,
    /// What the remote calls its default branch, as last fetched.
    Default,
    /// A branch, tag or commit.
    Named(String),
    /// The same where the repository has it, else what the main checkout is at: a wish for every
    /// repository fits some of them only.
    Wished(String),
    /// `default`, `head` or a branch, tag or commit that whoever starts the session named for it: this, or no start.
    Exactly(String),
}

/// What the user set for every repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Where that stands, for whoever asks who turned worktrees off.
    pub file: PathBuf,
    pub directory: Option<String>,
    pub branch_prefix: Option<String>,
    pub base: Option<String>,
    /// What the new branch of this one session has to begin at, whatever settings say.
    pub must_begin_at: Option<String>,
    pub isolation: Option<String>,
    pub setup: Option<String>,
    pub teardown: Option<String>,
    pub ports: Option<u16>,
    /// Nothing that the repository says counts: nobody trusts it.
    pub alone: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            off_by: None,
            directory: ".claude/worktrees".into(),
            branch_prefix: "worktree-".to_owned(),
            base: BaseChoice::Head,
            setup: None,
            setup_by: None,
            teardown: None,
            teardown_by: None,
            user_file: PathBuf::new(),
            setup_timeout: SETUP_TIMEOUT,
            submodules: true,
            ports: PORTS_PER_WORKTREE,
            notes: Vec::new(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    worktree: Section,
}

/// Unknown keys belong to other programs.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Section {
    bg_isolation: Option<String>,
    directory: Option<String>,
    branch_prefix: Option<String>,
    #[serde(alias = "baseRef")]
    base: Option<String>,
    setup: Option<String>,
    teardown: Option<String>,
    setup_timeout_seconds: Option<u64>,
    submodules: Option<bool>,
    ports: Option<u16>,
}

/// Says what is wrong with a value.
type Check = fn(&str) -> Result<(), &'static str>;

impl Settings {
    /// `user`: what the user set for every repository. `root`: the main checkout.
    pub fn read(user: &Defaults, root: &Path) -> Settings {
        let mut settings = Settings { user_file: user.file.clone(), ..Settings::default() };
        settings.take(user.section(root), &user.file);
        if let BaseChoice::Named(named) = settings.base {
            settings.base = BaseChoice::Wished(named);
        }
        let files = PROJECT_FILES.iter().filter(|_| !user.alone);
        for path in files.map(|file| root.join(file)) {
            match section(&path) {
                Ok(Some(section)) => {
                    let section = settings.confine(section, &path);
                    settings.take(section, &path);
                }
                Ok(None) => {}
                Err(why) => {
                    let note = format!("{} was passed over: {why}", path.display());
                    settings.notes.push(note);
                }
            }
        }
        if let Some(base) = &user.must_begin_at {
            settings.base = BaseChoice::Exactly(base.clone());
        }
        settings
    }

    /// Of a repository's wishes, those that stay inside it.
    fn confine(&mut self, section: Section, path: &Path) -> Section {
        let mut keep = |name: &str, value: Option<String>, check: Check| {
            let value = value?;
            match check(&value) {
                Ok(()) => Some(value),
                Err(why) => {
                    let path = path.display();
                    self.notes.push(format!("{path}: worktree.{name} was passed over: {why}"));
                    None
                }
            }
        };
        Section {
            directory: keep("directory", section.directory, confined::directory),
            branch_prefix: keep("branchPrefix", section.branch_prefix, confined::branch_prefix),
            base: keep("base", section.base, confined::base),
            ..section
        }
    }

    fn take(&mut self, section: Section, path: &Path) {
        match section.bg_isolation.as_deref() {
            Some("none") => self.off_by = Some(path.to_owned()),
            Some("worktree") => self.off_by = None,
            Some(other) => {
                let (path, other) = (path.display(), quoted(other));
                self.notes.push(format!("{path}: isolation {other} is neither worktree nor none"));
            }
            None => {}
        }
        let Section { directory, branch_prefix, base, setup, teardown, submodules, .. } = section;
        self.directory = directory.map_or(std::mem::take(&mut self.directory), PathBuf::from);
        self.branch_prefix = branch_prefix.unwrap_or(std::mem::take(&mut self.branch_prefix));
        if setup.is_some() {
            (self.setup, self.setup_by) = (setup, Some(path.to_owned()));
        }
        if teardown.is_some() {
            (self.teardown, self.teardown_by) = (teardown, Some(path.to_owned()));
        }
        self.submodules = submodules.unwrap_or(self.submodules);
        if let Some(seconds) = section.setup_timeout_seconds {
            self.setup_timeout = Duration::from_secs(seconds).min(SETUP_TIMEOUT_MAX);
        }
        match section.ports {
            Some(ports) if ports > PORTS_MAX => {
                let path = path.display();
                self.notes.push(format!("{path}: {ports} ports are more than {PORTS_MAX}"));
            }
            Some(ports) => self.ports = ports,
            None => {}
        }
        match base.as_deref() {
            Some("head") => self.base = BaseChoice::Head,
            Some("default" | "fresh") => self.base = BaseChoice::Default,
            Some(named) => self.base = BaseChoice::Named(named.to_owned()),
            None => {}
        }
    }
}

impl Defaults {
    /// A script of the repository's own counts more than a command for every repository.
    fn section(&self, root: &Path) -> Section {
        let script = |command: &Option<String>, file: &str| {
            command.clone().filter(|_| !root.join(file).is_file())
        };
        let given = self.clone();
        Section {
            bg_isolation: given.isolation,
            directory: given.directory,
            branch_prefix: given.branch_prefix,
            base: given.base,
            setup: script(&self.setup, SETUP_FILE),
            teardown: script(&self.teardown, TEARDOWN_FILE),
            ports: given.ports,
            ..Section::default()
        }
    }
}

fn section(path: &Path) -> Result<Option<Section>, std::io::Error> {
    let bytes = match read_bounded(path, SETTINGS_MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => {
            use std::io::ErrorKind::{NotADirectory, NotFound};
            let absent = matches!(error.kind(), NotFound | NotADirectory);
            return if absent { Ok(None) } else { Err(error) };
        }
    };
    let file: File = serde_json::from_slice(&bytes)?;
    Ok(Some(file.worktree))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repositorys_files_win_over_the_users_and_broken_ones_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(Settings::read(&Defaults::default(), root), Settings::default());
        let user = Defaults {
            file: "settings.toml".into(),
            directory: Some(".trees".into()),
            branch_prefix: Some("ns/".into()),
            base: Some("develop".into()),
            must_begin_at: None,
            isolation: Some("none".into()),
            setup: Some("make".into()),
            teardown: Some("make clean".into()),
            ports: Some(5),
            alone: false,
        };
        let settings = Settings::read(&user, root);
        assert_eq!(settings.off_by.as_deref(), Some(Path::new("settings.toml")));
        assert_eq!(settings.directory, Path::new(".trees"));
        assert_eq!(settings.base, BaseChoice::Wished("develop".into()));
        assert_eq!((settings.ports, settings.setup.as_deref()), (5, Some("make")));
        write(".claude/settings.json", r#"{"worktree":{"bgIsolation":"worktree","ports":101}}"#);
        write(
            ".nightshift/settings.json",
            r#"{"worktree":{"setup":"npm ci","base":"fresh"},"x":1}"#,
        );
        write(".nightshift/teardown", "exit 0");
        write(".claude/settings.local.json", "{");
        let settings = Settings::read(&user, root);
        assert_eq!((settings.off_by, settings.base), (None, BaseChoice::Default));
        assert_eq!(settings.setup.as_deref(), Some("npm ci"));
        assert_eq!(settings.teardown, None, "the repository has its own script");
        assert_eq!((settings.branch_prefix.as_str(), settings.ports), ("ns/", 5));
        for (note, part) in settings.notes.iter().zip(["101 ports", "settings.local.json"]) {
            assert!(note.contains(part), "{:?}", settings.notes);
        }
        assert_eq!(settings.notes.len(), 2);
    }
}
