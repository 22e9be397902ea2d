//! What `setup`, `check` and `test` consist of, quick parts first.

use crate::leftovers::SuiteDirectory;
use crate::stage::Stages;
use crate::tool::Tool;
use crate::workspace::{BUILD_FLAGS, root};
use crate::{debian, node, package, tidy};
use anyhow::Result;

/// Everything but the tests that take the machine for themselves: the real window, random kills.
const WITHOUT_WINDOW: &str = "not package(nightshift-e2e)";
const ONLY_WINDOW: &str = "package(nightshift-e2e)";
/// Each window test draws in software with a browser engine of its own: two on two cores starve
/// each other.
const WINDOW_TEST_THREADS: &str = "1";

pub fn setup() -> Result<()> {
    debian::install(debian::TO_RUN)?;
    debian::install(debian::TO_TEST)?;
    node::install_ui()?;
    node::install_vendors()
}

pub fn check() -> Result<()> {
    setup()?;
    let suite = SuiteDirectory::create()?;
    Stages::default()
        .stage("format", format)
        .stage("tidy", tidied)
        .stage("ui check", ui_checked)
        .stage("ui unit tests", || node::script("test"))
        .stage("ui build", || node::build_ui_if_stale().map(|()| Vec::new()))
        .stage("clippy", clippy)
        .stage("tests", || rust_tests(&suite, WITHOUT_WINDOW, None))
        .stage("leftovers", || suite.check())
        .run(None)
}

pub fn test(only: Option<&str>) -> Result<()> {
    setup()?;
    let suite = SuiteDirectory::create()?;
    Stages::default()
        .stage("format", format)
        .stage("tidy", tidied)
        .stage("ui check", ui_checked)
        .tests("ui unit tests", || node::script("test"))
        .stage("ui build", || node::script("build"))
        .stage("build", build)
        .tests("clippy", clippy)
        .tests("rust tests (unit, host, agents, supervisor, command line, bindings)", || {
            rust_tests(&suite, WITHOUT_WINDOW, None)
        })
        .tests("window tests, and processes killed at random", || {
            rust_tests(&suite, ONLY_WINDOW, Some(WINDOW_TEST_THREADS))
        })
        .tests("package (of the development build)", packaged)
        // Last, because it builds the page anew, and a new page means a new program.
        .tests("ui browser tests", || node::script("test:ui"))
        .tests("leftovers", || suite.check())
        .run(only)
}

fn format() -> Result<Vec<String>> {
    Tool::cargo(root()).args(["fmt", "--all", "--check"]).run_collecting()
}

/// Layout, rules, types: the quick ones first.
fn ui_checked() -> Result<Vec<String>> {
    let mut lines = node::script("format:check")?;
    lines.extend(node::script("lint")?);
    lines.extend(node::script("check")?);
    Ok(lines)
}

fn tidied() -> Result<Vec<String>> {
    tidy::run().map(|()| Vec::new())
}

/// The tests and, with them, the programs they drive: the very build that the test stages use.
fn build() -> Result<Vec<String>> {
    Tool::cargo(root()).args(["test", "--no-run", "--quiet"]).args(BUILD_FLAGS).run_collecting()
}

/// Its contents, and whether what is installed from it starts.
fn packaged() -> Result<Vec<String>> {
    package::package(package::Build::Quick).map(|file| vec![file.display().to_string()])
}

fn clippy() -> Result<Vec<String>> {
    Tool::cargo(root())
        .arg("clippy")
        .args(BUILD_FLAGS)
        .args(["--all-targets", "--", "-D", "warnings"])
        .run_collecting()
}

fn rust_tests(suite: &SuiteDirectory, filter: &str, threads: Option<&str>) -> Result<Vec<String>> {
    let mut lines = run_rust_tests(suite, filter, threads)?;
    lines.extend(node::vendors_skipped().filter(|_| filter == WITHOUT_WINDOW));
    Ok(lines)
}

/// With nextest where it is installed, else with cargo's own runner.
fn run_rust_tests(
    suite: &SuiteDirectory,
    filter: &str,
    threads: Option<&str>,
) -> Result<Vec<String>> {
    let cargo = || Tool::cargo(root()).env("TMPDIR", suite.path());
    if cargo().args(["nextest", "--version"]).succeeds() {
        let run = cargo().args(["nextest", "run"]).args(BUILD_FLAGS).args(["-E", filter]);
        return run
            .args(threads.iter().flat_map(|n| ["--test-threads", n]))
            .args(["--no-fail-fast", "--status-level", "slow"])
            .run_collecting();
    }
    let which: &[&str] = if filter == ONLY_WINDOW {
        &["--test", "window", "--test", "chaos", "--bin", "nightshift-chaos"]
    } else {
        &["--exclude", "nightshift-e2e"]
    };
    let run = cargo().args(["test", "--no-fail-fast"]).args(BUILD_FLAGS).args(which);
    run.arg("--").args(threads.iter().flat_map(|n| ["--test-threads", n])).run_collecting()
}
