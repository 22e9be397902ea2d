//! `docs/cli.md`: every verb with its help, as the program prints it. `cargo xtask docs` writes it.

#![cfg(test)]

use crate::args::Cli;
use clap::{Command, CommandFactory};
use std::path::Path;

/// Tells the test to write the file instead of comparing it.
const UPDATE: &str = "NIGHTSHIFT_UPDATE_DOCS";

const TOP: &str = "\
# Command line

<!-- Written by `cargo xtask docs` from src-tauri/crates/cli. Do not edit. -->

This is what `nightshift <verb> --help` prints, for every verb. `nightshift man <verb>` is the manual page and
`nightshift completions <shell>` completes verbs, options and sessions in your shell.

";

fn write(command: &mut Command, depth: usize, to: &mut String) {
    if command.is_hide_set() {
        return;
    }
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let help = command.render_help().to_string();
    let marks = "#".repeat(depth);
    *to += &format!("{marks} `{name}`\n\n```text\n{}\n```\n\n", help.trim_end());
    for verb in command.get_subcommands_mut() {
        write(verb, (depth + 1).min(3), to);
    }
}

fn reference() -> String {
    let mut whole = Cli::command();
    // Gives the verbs their full names.
    whole.build();
    let mut all = TOP.to_owned();
    write(&mut whole, 2, &mut all);
    format!("{}\n", all.trim_end())
}

#[test]
fn the_reference_is_what_the_program_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/cli.md");
    let expected = reference();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == expected, "docs/cli.md is not what the program prints: `cargo xtask docs`");
}

#[test]
fn every_verb_is_in_it() {
    let all = reference();
    for verb in Cli::command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
        assert!(all.contains(&format!("### `nightshift {}`\n", verb.get_name())), "{verb:?}");
    }
    assert!(!all.contains("`nightshift host`"), "what people do not type is in it");
}
