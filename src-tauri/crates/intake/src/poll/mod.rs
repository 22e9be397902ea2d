//! Polling: what happened in repositories, asked of GitHub where no webhook reaches this machine.
//!
//! Promises: the first look tells nothing and remembers where it was; where it is goes to the supervisor only after all
//! before it was taken there; GitHub is never asked more often than it says.
//! Must not know: triggers, which routine an event is for.

mod cursor;
mod github;
mod look;
mod token;

use crate::app::App;
use cursor::Cursor;
use look::{Looked, look};
use nightshift_protocol::calls;
use nightshift_protocol::intake::{EventCall, IntakeAct, PolledRepository};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// After the first failure in a row; doubled with each.
const PAUSE: Duration = Duration::from_secs(30);
const PAUSE_MAX: Duration = Duration::from_secs(60 * 60);
/// What is shown of an entry.
const SHOWN_MAX_CHARS: usize = 16_384;

/// Polls what is served, until the process ends.
pub async fn poll(app: Arc<App>) {
    let mut serving = app.serving.clone();
    let mut tasks: BTreeMap<String, ((bool, String), AbortHandle)> = BTreeMap::new();
    loop {
        let now = serving.borrow_and_update().clone();
        tasks.retain(|name, (how, task)| {
            let wanted = now.repositories.iter().find(|one| one.name == *name);
            let same =
                wanted.is_some_and(|one| *how == (one.workflow_runs, now.github_api.clone()));
            if !same {
                task.abort();
            }
            same
        });
        for repository in &now.repositories {
            if !tasks.contains_key(&repository.name) {
                let (api, app) = (now.github_api.clone(), app.clone());
                let how = (repository.workflow_runs, api.clone());
                let task = tokio::spawn(follow(app, api, repository.clone()));
                tasks.insert(repository.name.clone(), (how, task.abort_handle()));
            }
        }
        if serving.changed().await.is_err() {
            return;
        }
    }
}

/// One repository, for as long as somebody waits for its events.
async fn follow(app: Arc<App>, api: String, repository: PolledRepository) {
    let mut cursor = repository.cursor.as_deref().map(Cursor::parse).unwrap_or_default();
    let (mut failures, mut troubled) = (0_u32, false);
    loop {
        let asked = (api.clone(), repository.clone(), cursor.clone());
        let looked = tokio::task::spawn_blocking(move || look(&asked.0, &asked.1, asked.2)).await;
        let looked = looked.unwrap_or_else(|e| Err(look::Trouble::of(e.to_string())));
        let taken = match looked {
            Ok(looked) => hand_over(&app, &repository.name, looked).await,
            Err(trouble) => Err(trouble),
        };
        let pause = match taken {
            Ok((next, pause)) => {
                cursor = next;
                failures = 0;
                if std::mem::take(&mut troubled) {
                    say(&app, &repository.name, None).await;
                }
                pause
            }
            Err(trouble) => {
                tracing::warn!("{}: {}", repository.name, trouble.why);
                troubled = true;
                let longer = PAUSE.saturating_mul(2_u32.saturating_pow(failures.min(16)));
                failures = failures.saturating_add(1);
                say(&app, &repository.name, Some(trouble.why)).await;
                trouble.again_in.unwrap_or(longer).min(PAUSE_MAX)
            }
        };
        sleep(pause).await;
    }
}

/// Events first, then the cursor: killed in between, they come again and are known.
async fn hand_over(
    app: &App,
    repository: &str,
    looked: Looked,
) -> Result<(Cursor, Duration), look::Trouble> {
    let failed = |e: String| look::Trouble::of(format!("the supervisor does not take events: {e}"));
    for (event, entry) in looked.events {
        let event = serde_json::to_value(&event).map_err(|e| failed(e.to_string()))?;
        let (headers, body) = (BTreeMap::new(), shown(&entry));
        let call = EventCall { routine: None, event, guid: None, headers, body };
        let act = IntakeAct::Event(Box::new(call));
        app.client.ask(calls::Intake { act }).await.map_err(|e| failed(e.to_string()))?;
    }
    if looked.moved {
        let cursor = looked.cursor.to_text();
        let act = IntakeAct::Polled { repository: repository.to_owned(), cursor };
        app.client.ask(calls::Intake { act }).await.map_err(|e| failed(e.to_string()))?;
    }
    Ok((looked.cursor, looked.again_in))
}

fn shown(entry: &Value) -> String {
    entry.to_string().chars().take(SHOWN_MAX_CHARS).collect()
}

async fn say(app: &App, repository: &str, why: Option<String>) {
    let act = IntakeAct::PollTrouble { repository: repository.to_owned(), why };
    if let Err(fault) = app.client.ask(calls::Intake { act }).await {
        tracing::debug!("the supervisor was not told: {fault}");
    }
}
