//! Bounded waits on a condition.

use anyhow::{Result, bail};
use nightshift_platform::clock;
use std::time::Duration;

/// Generous, because a busy machine is slow and a test that passes never waits this long.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// A driver that does not answer at all within this will not answer later either.
const ONE_LOOK: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Asks `look` until it gives something. What it says meanwhile ends up in the error.
pub async fn eventually<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Result<T, String>>,
) -> Result<T> {
    let deadline = clock::monotonic() + PATIENCE;
    let mut seen = String::from("nothing was seen");
    while clock::monotonic() < deadline {
        match tokio::time::timeout(ONE_LOOK, look()).await {
            Ok(Ok(Ok(found))) => return Ok(found),
            Ok(Ok(Err(not_yet))) => seen = not_yet,
            // A page that is being drawn loses elements under our hands.
            Ok(Err(error)) => seen = format!("{error:#}"),
            Err(_) => seen = "no answer to the last look".to_owned(),
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    bail!("waited {PATIENCE:?} for {what}; last seen: {seen}")
}
