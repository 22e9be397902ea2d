//! What the user and the repository set about worktrees.
//!
//! Read in this order, later ones win: the user's Nightshift settings, `.claude/settings.json`,
//! `.claude/settings.local.json`, `.nightshift/settings.json`; always the object `worktree` in them.
//! Promise: a file that cannot be read changes nothing and is named in `notes`.

use crate::limits::{SETTINGS_MAX_BYTES, SETUP_TIMEOUT};
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
    pub teardown: Option<String>,
    pub setup_timeout: Duration,
    pub submodules: bool,
    /// Settings files that were passed over, and why.
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
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            off_by: None,
            directory: ".claude/worktrees".into(),
            branch_prefix: "worktree-".to_owned(),
            base: BaseChoice::Head,
            setup: None,
            teardown: None,
            setup_timeout: SETUP_TIMEOUT,
            submodules: true,
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
}

impl Settings {
    /// `user`: the user's own Nightshift settings file. `root`: the main checkout.
    pub fn read(user: Option<&Path>, root: &Path) -> Settings {
        let mut settings = Settings::default();
        let project = PROJECT_FILES.iter().map(|file| root.join(file));
        for path in user.map(Path::to_owned).into_iter().chain(project) {
            match section(&path) {
                Ok(Some(section)) => settings.take(section, &path),
                Ok(None) => {}
                Err(why) => {
                    let note = format!("{} was passed over: {why}", path.display());
                    settings.notes.push(note);
                }
            }
        }
        settings
    }

    fn take(&mut self, section: Section, path: &Path) {
        match section.bg_isolation.as_deref() {
            Some("none") => self.off_by = Some(path.to_owned()),
            Some("worktree") => self.off_by = None,
            Some(other) => {
                let path = path.display();
                self.notes.push(format!("{path}: worktree.bgIsolation `{other}` is not known"));
            }
            None => {}
        }
        let Section { directory, branch_prefix, base, setup, teardown, submodules, .. } = section;
        self.directory = directory.map_or(std::mem::take(&mut self.directory), PathBuf::from);
        self.branch_prefix = branch_prefix.unwrap_or(std::mem::take(&mut self.branch_prefix));
        self.setup = setup.or(self.setup.take());
        self.teardown = teardown.or(self.teardown.take());
        self.submodules = submodules.unwrap_or(self.submodules);
        if let Some(seconds) = section.setup_timeout_seconds {
            self.setup_timeout = Duration::from_secs(seconds);
        }
        match base.as_deref() {
            Some("head") => self.base = BaseChoice::Head,
            Some("default" | "fresh") => self.base = BaseChoice::Default,
            Some(named) => self.base = BaseChoice::Named(named.to_owned()),
            None => {}
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
    fn later_files_win_and_broken_ones_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(Settings::read(None, root), Settings::default());
        let user = root.join("user.json");
        write("user.json", r#"{"worktree":{"setup":"make","branchPrefix":"ns/"},"x":1}"#);
        write(".claude/settings.json", r#"{"worktree":{"bgIsolation":"none","baseRef":"fresh"}}"#);
        write(".nightshift/settings.json", r#"{"worktree":{"setup":"npm ci"}}"#);
        write(".claude/settings.local.json", "{");
        let settings = Settings::read(Some(&user), root);
        assert_eq!(settings.off_by, Some(root.join(".claude/settings.json")));
        assert_eq!(settings.base, BaseChoice::Default);
        assert_eq!(settings.setup.as_deref(), Some("npm ci"));
        assert_eq!(settings.branch_prefix, "ns/");
        assert_eq!(settings.notes.len(), 1);
        assert!(settings.notes[0].contains("settings.local.json"), "{:?}", settings.notes);
    }
}
