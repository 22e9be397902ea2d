//! Running other programs: shown before they run, their result lines kept for the summary.
//!
//! Promise: a program that fails or is missing becomes an error that names it.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;

/// Of a runner that failed, this many lines that say what failed are repeated at the end: more are
/// no longer a hint but the log itself.
const FAILURES_REPEATED: usize = 24;

/// A program to run in a directory.
pub struct Tool {
    command: Command,
    shown: String,
}

impl Tool {
    pub fn new(program: &str, directory: &Path) -> Tool {
        let mut command = Command::new(program);
        command.current_dir(directory);
        Tool { command, shown: program.to_owned() }
    }

    pub fn cargo(directory: &Path) -> Tool {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut tool = Tool::new(&cargo, directory);
        tool.shown = "cargo".to_owned();
        if std::io::stdout().is_terminal() {
            tool = tool.env("CARGO_TERM_COLOR", "always");
        }
        tool
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Tool {
        self.shown.push(' ');
        self.shown.push_str(&arg.as_ref().to_string_lossy());
        self.command.arg(arg);
        self
    }

    pub fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(self, args: I) -> Tool {
        args.into_iter().fold(self, Tool::arg)
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Tool {
        self.command.env(name, value);
        self
    }

    /// Runs with our own terminal.
    pub fn run(mut self) -> Result<()> {
        eprintln!("$ {}", self.shown);
        let status =
            self.command.status().with_context(|| format!("cannot start `{}`", self.shown))?;
        if !status.success() {
            bail!("`{}` ended with {status}", self.shown);
        }
        Ok(())
    }

    /// Runs silently and gives its standard output.
    pub fn output(mut self) -> Result<String> {
        let output = self
            .command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start `{}`", self.shown))?;
        if !output.status.success() {
            bail!("`{}` ended with {}", self.shown, output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether it starts and succeeds; prints nothing.
    pub fn succeeds(mut self) -> bool {
        let quiet = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// Runs, passes its output on and gives the lines in which a test runner says its result; when
    /// it fails, the error repeats which tests failed, so that the end of a log tells it.
    pub fn run_collecting(mut self) -> Result<Vec<String>> {
        eprintln!("$ {}", self.shown);
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.shown))?;
        let (sender, lines) = mpsc::channel();
        let readers = [
            child.stdout.take().map(|pipe| forward(pipe, sender.clone())),
            child.stderr.take().map(|pipe| forward(pipe, sender)),
        ];
        let (mut kept, mut failures) = (Vec::new(), Vec::new());
        for line in lines {
            eprintln!("{line}");
            kept.extend(result_line(&line));
            let new = failure_line(&line).filter(|line| !failures.contains(line));
            failures.extend(new.filter(|_| failures.len() < FAILURES_REPEATED));
        }
        for reader in readers.into_iter().flatten() {
            reader.join().map_err(|_| anyhow::anyhow!("a reader of `{}` failed", self.shown))?;
        }
        let status = child.wait().with_context(|| format!("waiting for `{}`", self.shown))?;
        if !status.success() {
            let failures: String = failures.iter().map(|line| format!("\n  {line}")).collect();
            bail!("`{}` ended with {status}{failures}", self.shown);
        }
        std::io::stderr().flush()?;
        Ok(kept)
    }
}

fn forward<R: Read + Send + 'static>(
    pipe: R,
    to: mpsc::Sender<String>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|n| n > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            bytes.clear();
            if to.send(line).is_err() {
                return;
            }
        }
    })
}

/// The line as the summary repeats it, if a test runner states its result in it.
fn result_line(line: &str) -> Option<String> {
    let plain = without_colours(line);
    let text = plain.trim();
    let counts = ["passed", "failed", "errors"].iter().any(|word| text.contains(word));
    let runner = ["Summary [", "test result:", "Tests ", "Test Files ", "svelte-check found"];
    let says = runner.iter().any(|start| text.starts_with(start)) && counts;
    (says || text.ends_with("tests passed")).then(|| text.to_owned())
}

/// The line, if a runner names a failed test, or what went wrong in it.
fn failure_line(line: &str) -> Option<String> {
    let plain = without_colours(line);
    let text = plain.trim();
    let names = ["FAIL ", "FAIL [", "TIMEOUT [", "SIGABRT [", "SIGSEGV ["];
    let causes = ["AssertionError: ", "TimeoutError: ", "Error: ", "error: ", "error["];
    let says = names.iter().chain(&causes).any(|start| text.starts_with(start));
    let rust = text.starts_with("test ") && text.ends_with(" FAILED");
    (says || rust).then(|| text.to_owned())
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_repeated_in_the_error_and_once() {
        let script = "echo ' FAIL  tests/a.test.ts > opens'; echo '     FAIL [ 1.2s] crate it'; \
                      echo '     FAIL [ 1.2s] crate it'; echo 'AssertionError: 1 is not 2' >&2; \
                      echo 'passed'; exit 3";
        let run = Tool::new("sh", Path::new("/")).args(["-c", script]).run_collecting();
        let told = run.unwrap_err().to_string();
        let mut lines: Vec<_> = told.lines().rev().take(3).collect();
        lines.sort_unstable();
        let expected = [
            "  AssertionError: 1 is not 2",
            "  FAIL  tests/a.test.ts > opens",
            "  FAIL [ 1.2s] crate it",
        ];
        assert_eq!(lines, expected);
        assert!(told.contains("ended with exit status: 3"), "{told}");
    }

    #[test]
    fn result_lines_of_the_runners_are_recognised() {
        for (line, kept) in [
            ("     Summary [  3.2s] 41 tests run: 41 passed, 0 skipped", true),
            ("test result: ok. 3 passed; 0 failed", true),
            ("\u{1b}[2m      Tests \u{1b}[22m 12 passed (12)", true),
            ("svelte-check found 0 errors and 0 warnings", true),
            ("   Compiling passed v1.0.0", false),
            ("running 3 tests", false),
        ] {
            assert_eq!(result_line(line).is_some(), kept, "{line:?}");
        }
    }
}
