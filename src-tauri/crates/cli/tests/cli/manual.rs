//! Completions and the manual: what a package installs beside the command.

use crate::support::Shift;
use std::path::Path;

/// Whether this machine has the program.
fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

#[test]
fn completions_load_in_their_shells_and_know_the_verbs() {
    let shift = Shift::new();
    for (shell, check) in [
        ("bash", "source \"$1\" && complete -p nightshift"),
        ("zsh", "zsh -n \"$1\""),
        ("fish", "fish --no-execute \"$1\""),
    ] {
        let script = shift.ok(&["completions", shell]);
        for word in ["nightshift", "agents", "respond", "daemon", "read-only", "since"] {
            assert_eq!(script.contains(word), word != "respond", "{word} in {shell}");
        }
        assert_eq!(shift.json(&["completions", shell, "--json"])["script"], script.as_str());
        if has(shell) {
            let file = shift.home.work().join(shell);
            std::fs::write(&file, &script).unwrap();
            let mut command = shift.home.command(Path::new(shell));
            let file = file.to_str().unwrap();
            let ran = crate::support::ran(command.args(["-c", check, "sh", file]), b"");
            assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{shell}: {ran:?}");
        }
    }
    assert_eq!(shift.run(&["completions", "tcsh"]).code, Some(2));
    assert!(!shift.home.state().exists(), "printing a text needs no home");
}

#[test]
fn the_manual_has_a_page_for_the_command_and_one_for_each_verb() {
    let shift = Shift::new();
    for (args, parts) in [
        (&["man"][..], ["nightshift", "daemon"]),
        (&["man", "logs"], ["nightshift\\-logs", "since"]),
        (&["man", "daemon", "stop"], ["nightshift\\-daemon\\-stop", "workers"]),
    ] {
        let roff = shift.ok(args);
        assert!(roff.contains(".TH"), "{args:?}: {roff}");
        for part in parts {
            assert!(roff.contains(part), "{args:?}: {part} is not in {roff}");
        }
        if has("groff") {
            let mut command = shift.home.command(Path::new("groff"));
            command.args(["-man", "-Tutf8", "-ww", "-z"]).stdin(std::process::Stdio::piped());
            let ran = crate::support::ran(&mut command, roff.as_bytes());
            assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{args:?}: {ran:?}");
        }
    }
    shift.fails(&["man", "frob"], &["no verb `frob`", "--help"]);
    assert!(shift.json(&["man", "--json"])["roff"].as_str().unwrap().contains(".TH"));
}
