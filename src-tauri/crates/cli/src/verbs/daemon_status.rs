//! `nightshift daemon status`: whether the supervisor runs, and what it says of itself.

use crate::context::Context;
use crate::failure::{Failure, unexpected};
use crate::plain::one_line;
use crate::render::age;
use crate::verbs::notices::notices;
use nightshift_client::Client;
use nightshift_platform::clock;
use nightshift_protocol::{Command, DaemonStatus, Reply};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    status: &'a DaemonStatus,
    /// How many notices the board holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    notices: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'a str>,
}

pub async fn run(here: Context) -> Result<ExitCode, Failure> {
    let client = Client::connect(&here.home).await?;
    let status = status(&client).await?;
    // The status of a supervisor that cannot tell its notices is still its status.
    let notices = notices(&client).await.ok().map(|notices| notices.len());
    let text = format!(
        "running · pid {} · version {} · protocol {} · {}{} · up {}\nsocket {}",
        status.pid,
        status.version,
        status.protocol,
        reached(&status),
        match notices {
            None | Some(0) => String::new(),
            Some(1) => " · 1 notice".to_owned(),
            Some(n) => format!(" · {n} notices"),
        },
        age(clock::now().since(status.started_at)),
        status.socket,
    );
    let warning = mismatch(&status);
    if let Some(warning) = &warning {
        eprintln!("warning: {}", one_line(warning));
    }
    here.say(&Shown { status: &status, notices, warning: warning.as_deref() }, &text)
}

/// The supervisor goes on in its version after an update, until it is started again.
fn mismatch(status: &DaemonStatus) -> Option<String> {
    let own = env!("CARGO_PKG_VERSION");
    (status.version != own).then(|| {
        format!(
            "the supervisor has version {} and this command {own}; renew it with \
             `nightshift daemon stop --keep-workers`, sessions go on",
            status.version
        )
    })
}

/// The live sessions, and how many of them are not followed yet after a restart.
fn reached(status: &DaemonStatus) -> String {
    let missing = status.sessions.saturating_sub(status.connected);
    match missing {
        0 => sessions(status.sessions),
        n => format!("{}, {n} not reached", sessions(status.sessions)),
    }
}

pub async fn status(client: &Client) -> Result<DaemonStatus, Failure> {
    match client.call(Command::Status).await? {
        Reply::Status(status) => Ok(status),
        other => Err(unexpected(&other)),
    }
}

pub fn sessions(count: u32) -> String {
    match count {
        1 => "1 live session".to_owned(),
        n => format!("{n} live sessions"),
    }
}
