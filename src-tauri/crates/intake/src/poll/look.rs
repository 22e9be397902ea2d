//! One look at a repository: what is new since the last, oldest first.

use super::cursor::Cursor;
use super::github::{Github, Got, Page};
use super::token::token;
use nightshift_protocol::intake::PolledRepository;
use nightshift_routines::github::kinds::EventKind;
use nightshift_routines::github::{Event, Received, Source, from_activity};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// GitHub keeps 300 events of a repository and shows 100 at a time.
const PAGES_MAX: usize = 3;

pub struct Looked {
    /// Each with the entry that told of it.
    pub events: Vec<(Event, Value)>,
    pub cursor: Cursor,
    /// The cursor is another than before.
    pub moved: bool,
    pub again_in: Duration,
}

/// Why there is nothing to tell.
#[derive(Debug)]
pub struct Trouble {
    pub why: String,
    /// As GitHub says; else it is tried again after a growing pause.
    pub again_in: Option<Duration>,
}

impl Trouble {
    pub fn of(why: String) -> Trouble {
        Trouble { why, again_in: None }
    }
}

/// Blocks for as long as GitHub takes.
pub fn look(api: &str, repository: &PolledRepository, cursor: Cursor) -> Result<Looked, Trouble> {
    let github = Github::new(api, token(api));
    let before = cursor.clone();
    let mut looked = Looked { events: Vec::new(), cursor, moved: false, again_in: Duration::ZERO };
    activity(&github, &repository.name, &mut looked)?;
    if repository.workflow_runs {
        workflow_runs(&github, &repository.name, &mut looked)?;
    }
    looked.moved = looked.cursor != before;
    Ok(looked)
}

fn number(entry: &Value) -> Option<u64> {
    let id = entry.get("id")?;
    id.as_u64().or_else(|| id.as_str()?.parse().ok())
}

/// The list of what happened, from the last entry that is known on.
fn activity(github: &Github, name: &str, looked: &mut Looked) -> Result<(), Trouble> {
    let url = github.url(&format!("/repos/{name}/events?per_page=100"));
    let first = match github.get(&url, looked.cursor.events_etag.as_deref())? {
        Got::Same(again_in) => {
            looked.again_in = looked.again_in.max(again_in);
            return Ok(());
        }
        Got::Page(page) => *page,
    };
    looked.again_in = looked.again_in.max(first.again_in);
    let etag = first.etag.clone();
    let known = looked.cursor.event;
    let mut entries = pages(github, first, known)?;
    entries.sort_by_key(number);
    let newest = entries.last().and_then(number);
    let is_new = |entry: &Value| {
        // The first look only remembers where it was.
        known.is_some_and(|known| number(entry).is_some_and(|number| number > known))
    };
    for entry in entries.into_iter().filter(is_new) {
        let whole = completed(github, entry);
        match from_activity(&whole) {
            Ok(Received::Event(event)) => looked.events.push((*event, whole)),
            Ok(Received::Ping | Received::Other(_)) => {}
            Err(malformed) => tracing::debug!("{name}: {malformed}"),
        }
    }
    looked.cursor.event = newest.max(known).or(Some(0));
    looked.cursor.events_etag = etag;
    Ok(())
}

/// All entries back to one that is known.
fn pages(github: &Github, first: Page, known: Option<u64>) -> Result<Vec<Value>, Trouble> {
    let mut entries = Vec::new();
    let mut page = first;
    for _ in 0..PAGES_MAX {
        let Value::Array(list) = page.body else {
            return Err(Trouble::of("GitHub's answer is no list of events".to_owned()));
        };
        let reached =
            list.iter().filter_map(number).any(|number| known.is_none_or(|it| number <= it));
        entries.extend(list);
        let Some(next) = page.next.filter(|_| !reached) else { break };
        match github.get(&next, None)? {
            Got::Page(next) => page = *next,
            Got::Same(_) => break,
        }
    }
    Ok(entries)
}

/// GitHub leaves most of a pull request out of its list: the whole is put in its place.
fn completed(github: &Github, mut entry: Value) -> Value {
    let Some(pull) = entry.pointer("/payload/pull_request") else { return entry };
    let is_whole = pull.get("title").is_some() && pull.pointer("/head/repo").is_some();
    let Some(url) = pull.get("url").and_then(Value::as_str).filter(|_| !is_whole) else {
        return entry;
    };
    match github.get(url, None) {
        Ok(Got::Page(page)) => {
            if let Some(pull) = entry.pointer_mut("/payload/pull_request") {
                *pull = page.body;
            }
        }
        Ok(Got::Same(_)) => {}
        // It counts as one of a fork, whose code nobody knows.
        Err(trouble) => tracing::warn!("a pull request is not known whole: {}", trouble.why),
    }
    entry
}

/// Workflow runs that are over and were not at the last look.
fn workflow_runs(github: &Github, name: &str, looked: &mut Looked) -> Result<(), Trouble> {
    let url = github.url(&format!("/repos/{name}/actions/runs?status=completed&per_page=100"));
    let page = match github.get(&url, looked.cursor.runs_etag.as_deref())? {
        Got::Same(again_in) => {
            looked.again_in = looked.again_in.max(again_in);
            return Ok(());
        }
        Got::Page(page) => *page,
    };
    looked.again_in = looked.again_in.max(page.again_in);
    let mut runs = page.body.get("workflow_runs").and_then(Value::as_array).cloned();
    let mut over = BTreeSet::new();
    for run in runs.iter_mut().flat_map(|runs| runs.iter_mut().rev()) {
        let attempt = run.get("run_attempt").and_then(Value::as_u64).unwrap_or(1);
        let Some(key) = number(run).map(|number| format!("{number}.{attempt}")) else { continue };
        let is_new = looked.cursor.runs.as_ref().is_some_and(|known| !known.contains(&key));
        over.insert(key);
        let (kind, action) = (EventKind::WorkflowRun, Some("completed"));
        let source =
            Source { kind, action, repository: name, object: run, beside: None, detail: None };
        if let (true, Ok(event)) = (is_new, source.event()) {
            looked.events.push((event, run.take()));
        }
    }
    looked.cursor.runs = Some(over);
    looked.cursor.runs_etag = page.etag;
    Ok(())
}
