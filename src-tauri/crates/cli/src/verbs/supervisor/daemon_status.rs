//! `nightshift daemon status`: whether the supervisor runs, and what it says of itself.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain::one_line;
use crate::output::table::age;
use nightshift_client::{Client, why_absent};
use nightshift_host::finding::{Finding, inspect};
use nightshift_model::Millis;
use nightshift_model::counted::counted;
use nightshift_platform::clock;
use nightshift_platform::dirs::Home;
use nightshift_protocol::{DaemonStatus, Fault, FaultCode, calls};
use serde::Serialize;
use std::fs::DirEntry;
use std::path::Path;
use std::process::ExitCode;

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    status: &'a DaemonStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'a str>,
}

pub async fn run(here: Context) -> Result<ExitCode, Failure> {
    let client = connect(&here.home).await?;
    let status = status(&client).await?;
    let text = for_people(&status, clock::now());
    let warning = mismatch(&status);
    if let Some(warning) = &warning {
        eprintln!("warning: {}", one_line(warning));
    }
    here.say(&Shown { status: &status, warning: warning.as_deref() }, &text)
}

/// Connects, and starts no supervisor. Where none runs, sessions that go on without one are told.
pub async fn connect(home: &Home) -> Result<Client, Fault> {
    refuse_links(home)?;
    let fault = match Client::connect(home).await {
        Err(fault) if fault.code == FaultCode::Unreachable => fault,
        connected => return connected,
    };
    if let Some(why) = why_absent(home) {
        return Err(why);
    }
    Err(match unsupervised(home) {
        0 => fault,
        n => {
            let keep = if n == 1 { "keeps" } else { "keep" };
            let sessions = counted(n, "session");
            let text =
                format!("no supervisor is running; {sessions} {keep} running without a supervisor");
            let hint = "`nightshift agents` starts a supervisor, which takes them over";
            Fault::new(FaultCode::Unreachable, text).hint(hint)
        }
    })
}

/// A supervisor refuses to work behind a link that may be anybody's: what runs elsewhere is not there.
fn refuse_links(home: &Home) -> Result<(), Fault> {
    let is_link = |dir: &Path| dir.symlink_metadata().is_ok_and(|is| is.is_symlink());
    if !is_link(&home.state) && !is_link(&home.run) {
        return Ok(());
    }
    home.ensure().map_err(|e| Fault::new(FaultCode::Refused, e.to_string()))
}

/// Hosts that live, as their directories tell.
fn unsupervised(home: &Home) -> u32 {
    let directories = std::fs::read_dir(home.jobs()).into_iter().flatten().flatten();
    let lives = |dir: &DirEntry| matches!(inspect(&dir.path()), Finding::Alive(_));
    u32::try_from(directories.filter(lives).count()).unwrap_or(u32::MAX)
}

fn for_people(status: &DaemonStatus, now: Millis) -> String {
    let mut words = vec![
        format!("running · pid {} · version {}", status.pid, status.version),
        format!("protocol {}", status.protocol),
        reached(status),
    ];
    match status.unknown {
        0 => {}
        n => words.push(format!("{n} of unknown state")),
    }
    match status.notices {
        None | Some(0) => {}
        Some(n) => words.push(counted(n, "notification")),
    }
    if status.schedules_paused {
        words.push("schedules are paused".to_owned());
    }
    words.push(format!("{} MiB", status.memory_kib.div_ceil(1024)));
    words.push(format!("up {}", age(now.since(status.started_at))));
    let next = match status.next_due {
        None => "nothing is due".to_owned(),
        Some(at) => format!("next in {}", age(at.since(now))),
    };
    let beat = age(now.since(status.heartbeat_at));
    format!("{}\nclock looked at {beat} ago · {next}\nsocket {}", words.join(" · "), status.socket)
}

/// The supervisor goes on in its version after an update, until it is started again.
fn mismatch(status: &DaemonStatus) -> Option<String> {
    let own = env!("CARGO_PKG_VERSION");
    (status.version != own).then(|| {
        format!(
            "the supervisor has version {} and this command {own}; renew it with \
             `nightshift daemon stop --keep-workers`; sessions keep running",
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
    Ok(client.ask(calls::Status {}).await?)
}

pub fn sessions(count: u32) -> String {
    counted(count, "live session")
}
