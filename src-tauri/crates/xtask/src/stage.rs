//! Stages of a run: named, timed, summed up at the end with the test runners' own result lines.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

type Work<'a> = Box<dyn FnOnce() -> Result<Vec<String>> + 'a>;

/// What is to be done, in order.
#[derive(Default)]
pub struct Stages<'a> {
    stages: Vec<Stage<'a>>,
}

struct Stage<'a> {
    name: &'static str,
    work: Work<'a>,
    /// Others do not depend on it: they run though it fails, so that one run tells everything.
    stands_alone: bool,
}

struct Done {
    name: &'static str,
    took: Duration,
    lines: Vec<String>,
    error: Option<anyhow::Error>,
}

impl<'a> Stages<'a> {
    /// A stage whose failure ends the run.
    #[must_use]
    pub fn stage(
        mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<Vec<String>> + 'a,
    ) -> Stages<'a> {
        self.stages.push(Stage { name, work: Box::new(work), stands_alone: false });
        self
    }

    /// A stage whose failure fails the run and ends nothing.
    #[must_use]
    pub fn tests(
        mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<Vec<String>> + 'a,
    ) -> Stages<'a> {
        self.stages.push(Stage { name, work: Box::new(work), stands_alone: true });
        self
    }

    /// Runs those whose name contains `only`.
    pub fn run(self, only: Option<&str>) -> Result<()> {
        let begun = now();
        let mut done: Vec<Done> = Vec::new();
        for Stage { name, work, stands_alone } in self.stages {
            if only.is_some_and(|part| !name.contains(part)) {
                continue;
            }
            eprintln!("\n== {name}");
            let started = now();
            let (lines, error) = match work() {
                Ok(lines) => (lines, None),
                Err(error) => (Vec::new(), Some(error)),
            };
            let failed = error.is_some();
            done.push(Done { name, took: started.elapsed(), lines, error });
            if failed && !stands_alone {
                break;
            }
        }
        summarise(&done, begun.elapsed())
    }
}

fn summarise(done: &[Done], total: Duration) -> Result<()> {
    println!("\n== summary");
    for stage in done {
        let mark = if stage.error.is_some() { "FAIL" } else { "ok" };
        println!("{mark:>4}  {:>6.1} s  {}", stage.took.as_secs_f64(), stage.name);
        for line in &stage.lines {
            println!("                  {line}");
        }
    }
    println!("      {:>6.1} s  in all", total.as_secs_f64());
    let failures = done.iter().filter_map(|stage| Some((stage.name, stage.error.as_ref()?)));
    let failures: Vec<_> =
        failures.map(|(name, error)| format!("stage `{name}`: {error:#}")).collect();
    match (done.is_empty(), failures.is_empty()) {
        (true, _) => bail!("no stage has that name"),
        (false, false) => bail!("{}", failures.join("\n")),
        (false, true) => Ok(()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the summary needs times; xtask is no product code")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_failing_test_stage_ends_nothing_and_fails_the_run() {
        let ran = RefCell::new(Vec::new());
        let act = |name: &'static str, fails: bool| {
            let ran = &ran;
            move || {
                ran.borrow_mut().push(name);
                if fails { bail!("broken") } else { Ok(Vec::new()) }
            }
        };
        let run = Stages::default()
            .tests("a", act("a", true))
            .tests("b", act("b", false))
            .stage("c", act("c", true))
            .stage("d", act("d", false))
            .run(None);
        let told = run.unwrap_err().to_string();
        assert_eq!(told, "stage `a`: broken\nstage `c`: broken");
        assert_eq!(*ran.borrow(), ["a", "b", "c"]);
    }
}
