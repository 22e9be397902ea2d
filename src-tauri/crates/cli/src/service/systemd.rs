//! The service as a systemd user unit.

use super::Definition;
use std::path::{Path, PathBuf};

pub const MANAGER: &str = "systemctl";
const UNIT: &str = "nightshift.service";
/// What wants the unit once it is enabled.
const WANTED_BY: &str = "default.target";

pub fn file(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let config = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")))?;
    Some(config.join("systemd/user").join(UNIT))
}

/// What `enable` makes, for systems where `disable` cannot be called.
pub fn links(file: &Path) -> Vec<PathBuf> {
    vec![file.with_file_name(format!("{WANTED_BY}.wants")).join(UNIT)]
}

pub fn enable(_: &Path, now: bool) -> Vec<Vec<String>> {
    let enable = if now { call(&["enable", "--now", UNIT]) } else { call(&["enable", UNIT]) };
    vec![call(&["daemon-reload"]), enable]
}

pub fn disable(_: &Path) -> Vec<Vec<String>> {
    vec![call(&["disable", "--now", UNIT])]
}

pub fn forget() -> Vec<Vec<String>> {
    vec![call(&["daemon-reload"])]
}

fn call(words: &[&str]) -> Vec<String> {
    ["--user"].iter().chain(words).map(|word| (*word).to_owned()).collect()
}

/// `KillMode` and `OOMPolicy`: a session outlives the supervisor, and one that is ended for its
/// memory does not take the others with it.
pub fn text(service: &Definition) -> String {
    let mut text = format!(
        "[Unit]\n\
         Description=Nightshift supervisor\n\
         \n\
         [Service]\n\
         Type=exec\n\
         ExecStart={} daemon run\n",
        quoted(&service.binary).replace('$', "$$")
    );
    for (name, value) in &service.variables {
        text.push_str(&format!("Environment={}\n", quoted(&format!("{name}={value}"))));
    }
    text.push_str(&format!(
        "StandardOutput=null\n\
         StandardError=append:{}\n\
         KillMode=process\n\
         OOMPolicy=continue\n\
         Restart=on-failure\n\
         RestartSec=2\n\
         \n\
         [Install]\n\
         WantedBy={WANTED_BY}\n",
        service.log.replace('%', "%%")
    ));
    text
}

/// systemd.syntax(7): quotes and backslashes are escaped, `%` begins a specifier.
fn quoted(words: &str) -> String {
    let escaped = words.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_special_characters_stay_one_word() {
        let text = text(&Definition {
            binary: "/opt/100% \"night\" $shift\\x/nightshift".into(),
            log: "/state/50%/daemon.log".into(),
            variables: vec![("NIGHTSHIFT_HOME", "/a $b".into())],
        });
        for line in [
            r#"ExecStart="/opt/100%% \"night\" $$shift\\x/nightshift" daemon run"#,
            r#"Environment="NIGHTSHIFT_HOME=/a $b""#,
            "StandardError=append:/state/50%%/daemon.log",
            "KillMode=process",
            "OOMPolicy=continue",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }
}
