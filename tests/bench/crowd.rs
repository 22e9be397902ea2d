//! A thousand sessions in the real window, twenty of them changing every second: how long its frames take
//! while somebody scrolls, moves the selection and filters.

use crate::table::{Budget, Table};
use anyhow::{Context, Result};
use nightshift_e2e::{Stage, eventually};
use serde_json::json;
use std::path::Path;

const SESSIONS: usize = 1_000;
const CHANGING: usize = 20;
/// Frames that are looked at for each of the three.
const FRAMES: usize = 600;
/// Two of sixty a second: what is done for the eye in that time does not stutter.
const FRAME_MAX_MS: f64 = 34.0;
/// A board that looks the same all the time is not being used.
const LOOKS_MIN: u64 = 10;

/// Failures never fold away: all of them are rows.
const ENDED: &str = "exit 3";
const TICKING: &str = "while :; do date +%s%N; sleep 1; done";

/// Does `act(n)` before each of so many frames, and gives how long each took.
const TIMED: &str = "const [act, frames, done] = arguments;
    const [took, seen] = [[], new Set()];
    const find = (id) => document.querySelector(`[data-testid='${id}']`);
    const acts = {
        scroll: (n) => (find('board').scrollTop += n % 240 < 120 ? 90 : -90),
        move: (n) => n % 3 === 0 && document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', { key: 'ArrowDown', code: 'ArrowDown', bubbles: true })),
        filter: (n) => {
            if (n % 6) return;
            const field = find('filter-input');
            field.value = `job ${n % 90}`;
            field.dispatchEvent(new InputEvent('input', { bubbles: true }));
        },
    };
    let before = performance.now();
    let n = 0;
    const frame = () => {
        const now = performance.now();
        took.push(now - before);
        before = now;
        seen.add(`${find('board').scrollTop} ${find('group-completed')?.textContent.slice(0, 200)}`);
        acts[act](n++);
        if (n < frames) requestAnimationFrame(frame);
        else done({ took, seen: seen.size });
    };
    requestAnimationFrame(frame);";

pub async fn frames(programs: &Path, table: &mut Table) -> Result<()> {
    let stage = Stage::of(programs)?;
    for n in 0..SESSIONS {
        let job = if n < SESSIONS - CHANGING { ENDED } else { TICKING };
        stage.nightshift(&["--bg", "--name", &format!("job {n}"), "--exec", job])?;
    }
    let window = stage.open().await?;
    eventually("the board", async || {
        let count = "return document.querySelector(\"[data-testid='group-completed']\")?.innerText";
        let count = window.client.execute(count, Vec::new()).await?;
        let count = count.as_str().unwrap_or_default().to_owned();
        let all = count.contains(&(SESSIONS - CHANGING).to_string());
        Ok(if all { Ok(()) } else { Err(count) })
    })
    .await?;
    for (act, what) in [
        ("scroll", "while it scrolls"),
        ("move", "while the selection moves"),
        ("filter", "while it is filtered"),
    ] {
        let arguments = vec![json!(act), json!(FRAMES)];
        let told = window.client.execute_async(TIMED, arguments).await?;
        let mut took = Vec::new();
        for frame in told["took"].as_array().context("times of frames")?.iter().skip(1) {
            took.push(frame.as_f64().context("a time in milliseconds")?);
        }
        took.sort_by(f64::total_cmp);
        let p95 = took[took.len() * 95 / 100];
        let longest = *took.last().context("no frame")?;
        anyhow::ensure!(told["seen"].as_u64() > Some(LOOKS_MIN), "{act} changes nothing");
        eprintln!("  {act}: the longest frame took {longest:.0} ms");
        let what = format!("window: frames {what}, {SESSIONS} sessions, {CHANGING} changing, p95");
        table.add(&what, p95, "ms", Budget::AtMost(FRAME_MAX_MS));
    }
    window.close_session().await
}
