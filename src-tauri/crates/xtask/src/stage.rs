//! Stages of a run: named, timed, summed up at the end with the test runners' own result lines.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

type Work<'a> = Box<dyn FnOnce() -> Result<Vec<String>> + 'a>;

/// What is to be done, in order. The first failure ends the run.
#[derive(Default)]
pub struct Stages<'a> {
    stages: Vec<(&'static str, Work<'a>)>,
}

struct Done {
    name: &'static str,
    took: Duration,
    lines: Vec<String>,
    error: Option<anyhow::Error>,
}

impl<'a> Stages<'a> {
    #[must_use]
    pub fn stage(
        mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<Vec<String>> + 'a,
    ) -> Stages<'a> {
        self.stages.push((name, Box::new(work)));
        self
    }

    /// Runs those whose name contains `only`.
    pub fn run(self, only: Option<&str>) -> Result<()> {
        let begun = now();
        let mut done: Vec<Done> = Vec::new();
        for (name, work) in self.stages {
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
            if failed {
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
    match done.last() {
        None => bail!("no stage has that name"),
        Some(Done { name, error: Some(error), .. }) => bail!("stage `{name}`: {error:#}"),
        Some(_) => Ok(()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the summary needs times; xtask is no product code")]
fn now() -> Instant {
    Instant::now()
}
