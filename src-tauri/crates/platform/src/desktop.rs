//! Whether and how the user's desktop can be reached from here, and what it starts at login.
//!
//! Must not know: what is told to it, which programs those are.

use crate::files::{read_bounded, write_durably};
use std::io;
use std::path::{Path, PathBuf};

/// Names the session bus; set in a desktop's own programs.
pub const BUS_VARIABLE: &str = "DBUS_SESSION_BUS_ADDRESS";
const RUNTIME_VARIABLE: &str = "XDG_RUNTIME_DIR";

/// Variables that lead to a desktop: a program that was started without them is told these.
pub const DESKTOP_VARIABLES: [&str; 8] = [
    BUS_VARIABLE,
    RUNTIME_VARIABLE,
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_TYPE",
    "XDG_DATA_DIRS",
];

/// The session bus of an environment: the one it names, else the one that systemd puts into the
/// runtime directory. Never guessed from the user's number: a test or a sandbox means another one.
pub fn session_bus(get: impl Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name: &str| get(name).filter(|value| !value.trim().is_empty());
    set(BUS_VARIABLE).or_else(|| {
        let socket = PathBuf::from(set(RUNTIME_VARIABLE)?).join("bus");
        socket.exists().then(|| format!("unix:path={}", socket.display()))
    })
}

/// A desktop entry is a few lines.
const ENTRY_MAX_BYTES: u64 = 64 * 1024;
/// The line of a desktop entry that names the program.
const EXEC: &str = "Exec=";

/// Quotes these words where the desktop entry `file` starts just them and they stand there as they
/// are; false when it does not. A path with a space names another program there, or none.
pub fn quote_exec(file: &Path, words: &[&str]) -> io::Result<bool> {
    let text = read_bounded(file, ENTRY_MAX_BYTES)?;
    let text = String::from_utf8_lossy(&text);
    let bare = format!("\n{EXEC}{}\n", words.join(" "));
    if !text.contains(&bare) {
        return Ok(false);
    }
    let mended = text.replacen(&bare, &format!("\n{EXEC}{}\n", exec(words)), 1);
    write_durably(file, mended.as_bytes()).map(|()| true)
}

/// Words as the key `Exec` holds them: each quoted, `%` doubled, and all of it escaped once more, as
/// every string of an entry is.
/// <https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html>
fn exec(words: &[&str]) -> String {
    let mut line = String::new();
    for word in words {
        line.push_str(if line.is_empty() { "\"" } else { " \"" });
        for c in word.chars() {
            match c {
                '"' | '`' | '$' | '\\' => line.extend(['\\', c]),
                '%' => line.push_str("%%"),
                _ => line.push(c),
            }
        }
        line.push('"');
    }
    line.replace('\\', r"\\").replace('\n', r"\n").replace('\t', r"\t").replace('\r', r"\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_18_words_of_an_entry_are_quoted() {
        for (words, expected) in [
            (&["/usr/bin/a", "--hidden"][..], r#""/usr/bin/a" "--hidden""#),
            (&["/home/a b/x;y"], r#""/home/a b/x;y""#),
            (&["/a/%u"], r#""/a/%%u""#),
            (&["/a/$HOME`x`"], r#""/a/\\$HOME\\`x\\`""#),
            (&["/a\"b"], r#""/a\\"b""#),
            (&["/a\\b"], r#""/a\\\\b""#),
            (&["/a\nExec=evil"], r#""/a\nExec=evil""#),
        ] {
            assert_eq!(exec(words), expected, "{words:?}");
        }
    }

    #[test]
    fn security_18_an_entry_is_mended_once_and_keeps_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.desktop");
        let entry = |exec: &str| {
            format!("[Desktop Entry]\nType=Application\nName=A\nExec={exec}\nTerminal=false\n")
        };
        std::fs::write(&file, entry("/home/a b/x --hidden")).unwrap();
        let words = ["/home/a b/x", "--hidden"];
        assert!(quote_exec(&file, &words).unwrap());
        let mended = std::fs::read_to_string(&file).unwrap();
        assert_eq!(mended, entry(r#""/home/a b/x" "--hidden""#));
        assert!(!quote_exec(&file, &words).unwrap());
        // Another's is left alone.
        std::fs::write(&file, entry("/opt/x --hidden")).unwrap();
        assert!(!quote_exec(&file, &words).unwrap());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), entry("/opt/x --hidden"));
        quote_exec(&dir.path().join("none"), &words).unwrap_err();
    }

    #[test]
    fn the_bus_is_named_or_in_the_runtime_directory() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = dir.path().to_str().unwrap().to_owned();
        let get = |bus: &str| {
            let bus = bus.to_owned();
            let runtime = runtime.clone();
            move |name: &str| match name {
                BUS_VARIABLE => Some(bus.clone()),
                RUNTIME_VARIABLE => Some(runtime.clone()),
                _ => None,
            }
        };
        assert_eq!(session_bus(get("unix:abstract=x")).as_deref(), Some("unix:abstract=x"));
        assert_eq!(session_bus(get("")), None);
        std::fs::write(dir.path().join("bus"), "").unwrap();
        assert_eq!(session_bus(get("")), Some(format!("unix:path={runtime}/bus")));
        assert_eq!(session_bus(|_| None), None);
    }
}
