//! Who asks GitHub: a token of the environment, else the one that `gh` has.
//!
//! Promise: the token is in no argument, message or log.

use nightshift_platform::program::{Run, run};
use nightshift_platform::spawn::{Program, own_environment};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

const VARIABLES: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];
/// It may ask a keyring, and that its user.
const GH_PATIENCE: Duration = Duration::from_secs(10);
const TOKEN_MAX_BYTES: usize = 1024;
const GITHUB_API: &str = "https://api.github.com";

/// None: GitHub is asked as anybody is.
pub fn token(api: &str) -> Option<String> {
    let set = VARIABLES.iter().find_map(|name| std::env::var(name).ok().and_then(|it| plain(&it)));
    set.or_else(|| of_gh(api))
}

/// One word.
fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    (!text.is_empty() && text.len() <= TOKEN_MAX_BYTES && visible).then(|| text.to_owned())
}

fn of_gh(api: &str) -> Option<String> {
    let mut args: Vec<OsString> = vec!["auth".into(), "token".into()];
    if api != GITHUB_API {
        args.extend(["--hostname".into(), host(api)?.into()]);
    }
    let env = own_environment();
    let program =
        Program { program: OsStr::new("gh"), args: &args, env: &env, cwd: Path::new("/") };
    let how =
        Run { input: b"", timeout: GH_PATIENCE, output_max_bytes: TOKEN_MAX_BYTES, log: None };
    let ended = run(&program, &how).ok().filter(|ended| ended.code == Some(0))?;
    plain(&String::from_utf8_lossy(&ended.stdout))
}

fn host(api: &str) -> Option<&str> {
    let rest = api.split_once("://")?.1;
    rest.split(['/', ':']).next().filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word() {
        assert_eq!(plain(" gho_a\n").as_deref(), Some("gho_a"));
        for wrong in ["", " ", "a b", "a\nb", "é"] {
            assert_eq!(plain(wrong), None, "{wrong:?}");
        }
        assert_eq!(host("https://ghe.example/api/v3"), Some("ghe.example"));
    }
}
