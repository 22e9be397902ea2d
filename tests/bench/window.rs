//! The window of the app beside a bare one of the same Tauri and WebKit, in the same run.
//!
//! Promise: both open in the same way, on the same desktop, with the same renderer.

use crate::crowd;
use crate::machine::{cpu_ms, pss_mib, tree};
use crate::measure::REST;
use crate::table::{Budget, Table, median};
use anyhow::{Context, Result};
use fantoccini::key::Key;
use nightshift_e2e::{Stage, Window, eventually};
use nightshift_platform::clock;
use std::path::Path;
use std::time::Duration;

const APP: &str = "nightshift-desktop";
const BARE: &str = "bare";
/// How our own processes and WebKit's begin; supervisor and hosts are measured elsewhere.
const OURS: &[&str] = &[APP, BARE, "WebKit"];
const STARTS: usize = 7;
/// First paint: half as much again as a bare window's.
const PAINT_SLACK: f64 = 0.5;
/// Memory with the board and one terminal open: a quarter more than a bare window.
const MEMORY_SLACK: f64 = 0.25;
/// What a garbage collector may hold back at one look and not at another.
const GROWTH_SLACK: f64 = 0.05;
const IDLE_SESSIONS: usize = 50;
const IDLE_TIME: Duration = Duration::from_secs(60);
/// Rounds of use before memory is first looked at: caches fill once.
const ROUNDS_TO_WARM: usize = 40;
/// A round each fifteen seconds is an hour of use.
const ROUNDS: usize = 240;
/// What is left here of those fifteen seconds: the engine collects what a round left behind when
/// nothing happens for a moment, and never has that moment while rounds follow each other at once.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(1500);
const JOB: &str = "printf '\\033[32mready\\033[0m\\n'; seq 1 2000; exec cat";

/// What a paint took since the process started, in milliseconds.
const PAINTED: &str = "const [paint] = performance.getEntriesByName('first-contentful-paint');
    return paint ? performance.timeOrigin + paint.startTime : null";

pub fn measure(programs: &Path, table: &mut Table) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        let mut bare_memory = Vec::new();
        for _ in 0..STARTS {
            let (paint, memory) = opened(programs, BARE).await?;
            bare.push(paint);
            bare_memory.push(memory);
            ours.push(opened(programs, APP).await?.0);
        }
        let peer = median(&mut bare);
        let budget = Budget::NotAbovePeer { name: "bare window", peer, slack: PAINT_SLACK };
        table.add("window: start until first paint", median(&mut ours), "ms", budget);
        in_use(programs, median(&mut bare_memory), table).await?;
        idle(programs, table).await?;
        crowd::frames(programs, table).await
    })
}

/// Opens one of the two and gives the time of its first paint and its memory at rest.
async fn opened(programs: &Path, program: &str) -> Result<(f64, f64)> {
    let mut stage = Stage::of(programs)?;
    stage.app = programs.join(if program == BARE { "examples/bare" } else { program });
    let marker = if program == BARE { "bare" } else { "board" };
    let window = stage.open_to(marker).await?;
    let pid = pid_of(&stage, program)?;
    let started = started_at_ms(pid)?;
    let painted = eventually("the first paint", async || {
        let at = window.client.execute(PAINTED, Vec::new()).await?;
        Ok(at.as_f64().ok_or_else(|| "nothing is painted".to_owned()))
    })
    .await?;
    tokio::time::sleep(REST).await;
    let memory = memory_mib(pid)?;
    window.close_session().await?;
    Ok((painted - started, memory))
}

async fn in_use(programs: &Path, bare: f64, table: &mut Table) -> Result<()> {
    let stage = Stage::of(programs)?;
    let window = stage.open().await?;
    let job = window.dispatch(&format!("! {JOB}")).await?;
    window.row(&job, "working").await?;
    window.attach(&job).await?;
    window.reads("[data-testid='terminal']", "2000").await?;
    tokio::time::sleep(REST).await;
    let pid = pid_of(&stage, APP)?;
    let budget = Budget::NotAbovePeer { name: "bare window", peer: bare, slack: MEMORY_SLACK };
    let what = "window: memory of the app and WebKit, board and one terminal open";
    table.add(what, memory_mib(pid)?, "MiB", budget);

    for _ in 0..ROUNDS_TO_WARM {
        round(&window, &job).await?;
    }
    tokio::time::sleep(REST).await;
    let before = memory_mib(pid)?;
    for _ in 0..ROUNDS {
        round(&window, &job).await?;
    }
    tokio::time::sleep(REST).await;
    let budget = Budget::NotAbovePeer { name: "before", peer: before, slack: GROWTH_SLACK };
    table.add("window: memory after an hour's worth of use", memory_mib(pid)?, "MiB", budget);
    window.close_session().await
}

/// Back to the board, a filter on and off, a peek, and into the terminal again.
async fn round(window: &Window<'_>, job: &str) -> Result<()> {
    window.back_to_board().await?;
    window.select(job).await?;
    window.press(&[], '/').await?;
    window.write("s:working").await?;
    window.press(&[], Key::Escape.into()).await?;
    window.peek(job).await?;
    window.press(&[], Key::Escape.into()).await?;
    window.attach(job).await?;
    tokio::time::sleep(BETWEEN_ROUNDS).await;
    Ok(())
}

async fn idle(programs: &Path, table: &mut Table) -> Result<()> {
    let stage = Stage::of(programs)?;
    let window = stage.open().await?;
    for _ in 0..IDLE_SESSIONS {
        stage.nightshift(&["--bg", "--exec", "exec sleep 3600"])?;
    }
    eventually("all rows", async || {
        let rows = "return document.querySelectorAll(\"[data-testid='row']\").length";
        let rows = window.client.execute(rows, Vec::new()).await?;
        // Those below the window's edge are not drawn.
        Ok(rows.as_u64().filter(|n| *n > 5).ok_or_else(|| format!("{rows} rows")))
    })
    .await?;
    tokio::time::sleep(REST).await;
    let pid = pid_of(&stage, APP)?;
    let before = processor_ms(pid)?;
    tokio::time::sleep(IDLE_TIME).await;
    let share = (processor_ms(pid)? - before) / (IDLE_TIME.as_secs_f64() * 10.0);
    let what = format!("window: processor with {IDLE_SESSIONS} sessions, idle");
    table.add(&what, share, "% of a core", Budget::AtMost(1.0));
    window.close_session().await
}

fn pid_of(stage: &Stage, program: &str) -> Result<u32> {
    let running = stage.processes.running(program);
    let first = running.first().with_context(|| format!("{program} does not run"))?;
    Ok(first.pid)
}

fn memory_mib(pid: u32) -> Result<f64> {
    tree(pid, OURS)?.into_iter().map(pss_mib).sum()
}

fn processor_ms(pid: u32) -> Result<f64> {
    tree(pid, OURS)?.into_iter().map(cpu_ms).sum()
}

/// When a process started, in milliseconds since the epoch.
fn started_at_ms(pid: u32) -> Result<f64> {
    let age = crate::machine::age_ms(pid)?;
    Ok(clock::now().0 as f64 - age)
}
