//! Kill -9 the window: nothing else notices, and the next window shows all (S1 S2).

use anyhow::Result;
use nightshift_e2e::{Stage, eventually};

#[tokio::test]
async fn a_killed_window_takes_nothing_with_it() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let numbers = window
        .dispatch("! i=0; while [ $i -lt 100000 ]; do i=$((i+1)); echo n$i; sleep 0.05; done")
        .await?;
    window.row(&numbers, "working").await?;
    let asks = window.dispatch("ask Still there? | Yes | No").await?;
    window.row(&asks, "needs_input").await?;
    window.attach(&numbers).await?;
    window.reads("[data-testid='terminal']", "n1").await?;

    let supervisor = stage.supervisor()?;
    for app in stage.processes.running("nightshift-desktop") {
        stage.processes.kill(&app)?;
    }
    eventually("the window to be gone", async || {
        let left = stage.processes.running("nightshift-desktop").len();
        Ok(if left == 0 { Ok(()) } else { Err(format!("{left} left")) })
    })
    .await?;
    assert!(stage.processes.is_alive(&supervisor));
    let seen = highest(&stage.nightshift(&["logs", &numbers])?);
    eventually("the job to go on", async || {
        let now = highest(&stage.nightshift(&["logs", &numbers])?);
        Ok(if now > seen { Ok(()) } else { Err(format!("still at {now}")) })
    })
    .await?;

    let window = stage.open().await?;
    window.row(&numbers, "working").await?;
    window.row(&asks, "needs_input").await?;
    window.attach(&numbers).await?;
    window.reads("[data-testid='terminal']", &format!("n{}", seen + 1)).await?;
    assert_eq!(stage.supervisor()?, supervisor);
    window.close_session().await
}

/// The highest number that the job has printed; its numbers must have no gap.
fn highest(log: &str) -> u64 {
    let numbers: Vec<u64> =
        log.lines().filter_map(|line| line.trim().strip_prefix('n')?.parse().ok()).collect();
    for pair in numbers.windows(2) {
        assert_eq!(pair[0] + 1, pair[1], "a number is missing");
    }
    numbers.last().copied().unwrap_or(0)
}
