//! Where the window was started from: environment for sessions, directories, our own binaries.

use nightshift_protocol::{Environment, Fault, FaultCode};
use std::path::{Path, PathBuf};

/// Names another `nightshift` binary; tests use it.
const BINARY_VARIABLE: &str = "NIGHTSHIFT_BIN";
/// Variables of the window's own making, or meant for this one process: no session inherits them.
const OF_THE_WINDOW: &[&str] = &[
    "WEBKIT_",
    "TAURI_",
    "GTK_PATH",
    "GIO_LAUNCHED_DESKTOP_FILE",
    "DESKTOP_STARTUP_ID",
    "XDG_ACTIVATION_TOKEN",
];

/// What this process was given when it started.
pub struct Origin {
    pub environment: Environment,
    pub cwd: PathBuf,
    pub user_home: PathBuf,
    /// The `nightshift` binary that runs the supervisor.
    pub binary: PathBuf,
}

impl Origin {
    pub fn capture() -> Origin {
        let environment = for_sessions(nightshift_client::dispatch_environment());
        let user_home = PathBuf::from(environment.get("HOME").map_or("/", String::as_str));
        let cwd = std::env::current_dir().unwrap_or_else(|_| user_home.clone());
        Origin { environment, cwd: working_directory(cwd, &user_home), user_home, binary: binary() }
    }

    /// `text` as a directory: `~` is the user's home, relative ones start where the window did.
    pub fn directory(&self, text: &str) -> Result<String, Fault> {
        let text = text.trim();
        let path = match text.strip_prefix('~') {
            Some("") => self.user_home.clone(),
            Some(rest) if rest.starts_with('/') => self.user_home.join(rest.trim_matches('/')),
            _ => self.cwd.join(text),
        };
        if !path.is_dir() {
            let message = format!("{} is not a directory", path.display());
            return Err(Fault::new(FaultCode::Invalid, message)
                .hint("choose a directory that exists, below the input"));
        }
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| Fault::new(FaultCode::Invalid, "the directory's name is not UTF-8"))
    }
}

/// Started from a menu the window stands in `/`: nobody wants sessions there.
fn working_directory(cwd: PathBuf, user_home: &Path) -> PathBuf {
    if cwd == Path::new("/") { user_home.to_owned() } else { cwd }
}

fn for_sessions(mut environment: Environment) -> Environment {
    environment.retain(|name, _| !OF_THE_WINDOW.iter().any(|own| name.starts_with(own)));
    environment
}

fn binary() -> PathBuf {
    // A relative one would be the directory's that the window happens to be started in.
    let named = std::env::var_os(BINARY_VARIABLE).map(PathBuf::from);
    if let Some(path) = named.filter(|path| path.is_absolute()) {
        return path;
    }
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name("nightshift"));
    beside.filter(|path| path.exists()).unwrap_or_else(|| "nightshift".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_read_as_people_write_them() {
        let user = tempfile::tempdir().unwrap();
        std::fs::create_dir(user.path().join("code")).unwrap();
        let origin = Origin {
            environment: Environment::new(),
            cwd: user.path().join("code"),
            user_home: user.path().to_owned(),
            binary: "nightshift".into(),
        };
        let home = user.path().to_str().unwrap();
        for (text, expected) in [
            ("~", Some(format!("{home}/"))),
            ("~/code", Some(format!("{home}/code"))),
            (" ~/code ", Some(format!("{home}/code"))),
            ("/", Some("/".to_owned())),
            ("..", Some(format!("{home}/code/.."))),
            ("~stranger", None),
            ("~/gone", None),
        ] {
            let found = origin.directory(text).ok();
            let same = |a: &String, b: &String| Path::new(a) == Path::new(b);
            assert!(
                match (&found, &expected) {
                    (Some(a), Some(b)) => same(a, b),
                    (None, None) => true,
                    _ => false,
                },
                "{text:?}: {found:?}"
            );
        }
    }

    #[test]
    fn sessions_do_not_inherit_the_window_s_own_variables() {
        let given = ["PATH", "WEBKIT_DISABLE_DMABUF_RENDERER", "TAURI_WEBVIEW_AUTOMATION"];
        let environment = given.iter().map(|n| ((*n).to_owned(), "x".to_owned())).collect();
        let left: Vec<String> = for_sessions(environment).into_keys().collect();
        assert_eq!(left, ["PATH"]);
    }
}
