//! The service as a launchd agent.

use super::Definition;
use std::path::{Path, PathBuf};

pub const MANAGER: &str = "launchctl";
const LABEL: &str = "nightshift.supervisor";

pub fn file(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    Some(variable("HOME")?.join("Library/LaunchAgents").join(format!("{LABEL}.plist")))
}

pub fn links(_: &Path) -> Vec<PathBuf> {
    Vec::new()
}

/// Loading starts it: a supervisor that finds another one running ends at once.
pub fn enable(file: &Path, _: bool) -> Vec<Vec<String>> {
    vec![vec!["bootstrap".into(), domain(), file.to_string_lossy().into_owned()]]
}

pub fn disable(_: &Path) -> Vec<Vec<String>> {
    vec![vec!["bootout".into(), format!("{}/{LABEL}", domain())]]
}

pub fn forget() -> Vec<Vec<String>> {
    Vec::new()
}

fn domain() -> String {
    format!("gui/{}", rustix::process::getuid().as_raw())
}

/// `AbandonProcessGroup`: a session outlives the supervisor.
pub fn text(service: &Definition) -> String {
    let mut variables = String::new();
    for (name, value) in &service.variables {
        variables
            .push_str(&format!("    <key>{name}</key>\n    <string>{}</string>\n", xml(value)));
    }
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{LABEL}</string>
  <key>ProgramArguments</key>
  <array>
    <string>{}</string>
    <string>daemon</string>
    <string>run</string>
  </array>
  <key>EnvironmentVariables</key>
  <dict>
{variables}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>Crashed</key>
    <true/>
  </dict>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>StandardOutPath</key>
  <string>/dev/null</string>
  <key>StandardErrorPath</key>
  <string>{}</string>
</dict>
</plist>
"#,
        xml(&service.binary),
        xml(&service.log)
    )
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_special_characters_stay_text() {
        let text = text(&Definition {
            binary: "/Applications/R&D <x>/nightshift".into(),
            log: "/state/daemon.log".into(),
            variables: vec![("NIGHTSHIFT_HOME", "/a&b".into())],
        });
        for part in [
            "<string>/Applications/R&amp;D &lt;x&gt;/nightshift</string>",
            "<key>NIGHTSHIFT_HOME</key>\n    <string>/a&amp;b</string>",
            "<key>AbandonProcessGroup</key>\n  <true/>",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let home = |name: &str| (name == "HOME").then(|| PathBuf::from("/u"));
        let expected = Path::new("/u/Library/LaunchAgents/nightshift.supervisor.plist");
        assert_eq!(file(home).as_deref(), Some(expected));
    }
}
