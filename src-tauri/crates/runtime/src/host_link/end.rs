//! The end of a host: its last records, its exit record or the cause of its loss, and the sweep.

use crate::host_link::limits::{LAST_WORDS_RECORDS, RECORD_BATCH_MAX, THREAD_PAUSE};
use crate::host_link::path_guard::patience;
use crate::host_link::{Report, blocking};
use nightshift_host::belonging::Belonging;
use nightshift_host::finding::{Finding, document, inspect, is_damaged};
use nightshift_host::household::Household;
use nightshift_host::journal;
use nightshift_model::{Exit, SessionId};
use nightshift_platform::census::Census;
use nightshift_platform::dirs::Home;
use nightshift_platform::ipc;
use nightshift_platform::process::{self, Identity};
use nightshift_protocol::launch::{READY_FILE, SESSION_VARIABLE};
use nightshift_protocol::{Exited, Ready, Record, RecordKind};
use nightshift_supervisor::ports::host_link::HostLinkEvent;
use nightshift_supervisor::ports::world::Lane;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A host that closed its socket is on its way out: it is looked at this often, so far apart.
pub const ENDING_CHECKS: u32 = 25;
pub const ENDING_PAUSE: Duration = Duration::from_millis(20);
/// Rounds of the sweep: each new round finds what the last one's victims had started.
const SWEEP_ROUNDS: u32 = 20;
const SWEEP_PAUSE: Duration = Duration::from_millis(25);
const SIGKILL: i32 = 9;

/// Hands on what the journal holds after `after`, then how it ended. None where nobody makes anything of
/// records: a terminal's journal may have tens of megabytes.
pub(crate) async fn report_end(report: &Report, dir: &Path, finding: Finding, after: Option<u64>) {
    if let Finding::Unknown(why) = finding {
        return report.send(unknown(why)).await;
    }
    let last_seq = match &finding {
        Finding::Ended(exit) => Some(exit.last_seq),
        Finding::Alive(_)
        | Finding::Gone(_)
        | Finding::Unknown(_)
        | Finding::Starting
        | Finding::NotLaunched => None,
    };
    let never_ready = matches!(finding, Finding::Starting);
    // What the agent said last is not given up because no thread is to be had just now.
    let (rest, words) = loop {
        let (path, session) = (dir.to_owned(), report.session.clone());
        let reading = blocking::run(Lane::Directories, move || {
            if never_ready {
                give_up(&path);
            }
            sweep(&path, &session);
            clear_socket(&path);
            let words = last_seq.map(|last| last_words(&path, last)).unwrap_or_default();
            let rest = after.map(|after| journal::read(&path, after).collect::<Vec<Record>>());
            (rest.unwrap_or_default(), words)
        });
        match told_when_late(report, reading).await {
            Ok(read) => break read,
            Err(e) => tracing::warn!("journal not read yet: {e}"),
        }
        tokio::time::sleep(THREAD_PAUSE).await;
    };
    let mut rest = rest.into_iter().peekable();
    while rest.peek().is_some() {
        let batch: Vec<Record> = rest.by_ref().take(RECORD_BATCH_MAX).collect();
        report.send(HostLinkEvent::Records(batch)).await;
    }
    report.send(ended(finding, words)).await;
}

/// What `reading` gives, however long that takes; the loop hears when it takes too long.
pub(crate) async fn told_when_late<T>(report: &Report, reading: impl Future<Output = T>) -> T {
    let mut reading = std::pin::pin!(reading);
    if let Ok(read) = tokio::time::timeout(patience(), &mut reading).await {
        return read;
    }
    let why = "its directory does not answer: its disk or mount hangs".into();
    let way_out = "bring that disk or mount back".into();
    report.send(HostLinkEvent::Unknown { why, way_out }).await;
    reading.await
}

/// What the loop is told of a host that was found so and cannot be talked to any more.
pub fn ended(finding: Finding, last_words: String) -> HostLinkEvent {
    match finding {
        Finding::Ended(exit) => match exit.spawn_error {
            Some(error) => HostLinkEvent::LaunchFailed { error },
            None => HostLinkEvent::Exited { exit: exit_of(&exit, last_words) },
        },
        Finding::Gone(cause) => HostLinkEvent::Lost { cause },
        Finding::NotLaunched => HostLinkEvent::LaunchFailed {
            error: "the supervisor ended before it was started; dispatch it again".into(),
        },
        Finding::Starting => HostLinkEvent::Lost { cause: "its host never became ready".into() },
        Finding::Alive(_) => unknown("its host does not answer".into()),
        Finding::Unknown(why) => unknown(why),
    }
}

/// For a reason that says nothing of what can be done.
pub(crate) fn unknown(why: String) -> HostLinkEvent {
    HostLinkEvent::Unknown { why, way_out: String::new() }
}

fn exit_of(exit: &Exited, last_words: String) -> Exit {
    Exit { code: exit.code, signal: exit.signal, last_words }
}

fn last_words(dir: &Path, last: u64) -> String {
    words_of(journal::read(dir, last.saturating_sub(LAST_WORDS_RECORDS)))
}

/// The last line with text that the process printed: of stderr for agents, of the PTY for jobs.
pub fn words_of(records: impl Iterator<Item = Record>) -> String {
    let mut words = String::new();
    for record in records {
        let agent_talk = record.kind == RecordKind::Out && record.body.first() == Some(&b'{');
        if matches!(record.kind, RecordKind::In | RecordKind::Mark) || agent_talk {
            continue;
        }
        // Tabs are words' spaces, and no control that is taken away.
        let body = String::from_utf8_lossy(&record.body);
        let parts: Vec<String> = body.split('\t').map(strip_ansi_escapes::strip_str).collect();
        let text = parts.join("\t");
        if let Some(line) = text.lines().rev().find(|l| !l.trim().is_empty()) {
            words = line.trim().to_owned();
        }
    }
    words
}

/// Ends a host that did not get ready: later it would run, and be on no board.
pub fn give_up(dir: &Path) {
    let found = process::find_by_arguments(&[OsStr::new("host"), dir.as_os_str()]);
    // Others may have been started with such words too.
    let is_host = |found: &Identity| process::runs_our_program(found.pid).unwrap_or(false);
    for host in found.unwrap_or_default().into_iter().filter(is_host) {
        if let Err(e) = process::signal(&host, SIGKILL) {
            tracing::debug!(pid = host.pid, "not signalled: {e}");
        }
    }
}

/// Whether no process is left of a session whose documents cannot say: neither a host in its
/// directory nor anything that was started in it. False where the process table cannot be read.
pub fn nobody_is_left(dir: &Path, session: &SessionId) -> bool {
    let host = process::find_by_arguments(&[OsStr::new("host"), dir.as_os_str()]);
    let none = |found: std::io::Result<Vec<_>>| found.is_ok_and(|found| found.is_empty());
    none(host) && none(all_of(dir, session))
}

/// What `dir` says; where its documents are damaged for good, what the process table says instead.
pub fn look_closely(dir: &Path, session: &SessionId) -> Finding {
    match inspect(dir) {
        Finding::Unknown(why) if is_damaged(dir) && nobody_is_left(dir, session) => {
            Finding::Gone(format!("{why}; no process of it is left"))
        }
        found => found,
    }
}

/// All processes of the session but for the supervisor and the hosts of this home.
fn all_of(dir: &Path, session: &SessionId) -> std::io::Result<Vec<Identity>> {
    static CENSUS: Census = Census::new(SESSION_VARIABLE);
    let ours = Household::of_supervisor(dir);
    let belonging = Belonging::new(dir, session.as_str());
    let mut found = Vec::new();
    for one in CENSUS.look()?.iter().filter(|one| belonging.is_of(one)) {
        if !ours.is_member(&one.identity)? {
            found.push(one.identity);
        }
    }
    Ok(found)
}

/// A host that was killed left its socket.
fn clear_socket(dir: &Path) {
    let Ok(Some(ready)) = document::<Ready>(dir, READY_FILE) else { return };
    if let Err(e) = ipc::remove_dead(Path::new(&ready.socket)) {
        tracing::warn!("socket {} stays: {e}", ready.socket);
    }
}

/// Sockets of hosts that were killed while nobody supervised them, or before anybody removed them.
pub fn clear_sockets(home: &Home) {
    let entries = std::fs::read_dir(&home.run).into_iter().flatten().flatten();
    let own = home.supervisor_socket();
    let is_hosts = |path: &PathBuf| *path != own && path.extension() == Some("sock".as_ref());
    for path in entries.map(|entry| entry.path()).filter(is_hosts) {
        match ipc::remove_dead(&path) {
            Ok(true) => tracing::info!("{} removed: nobody listens there", path.display()),
            Ok(false) => {}
            Err(e) => tracing::warn!("{} stays: {e}", path.display()),
        }
    }
}

/// Ends what is left of a session after its host, whether or not that was killed: a process that entered another
/// PID namespace does not come back to the host when its parents end.
pub fn sweep(dir: &Path, session: &SessionId) {
    for _ in 0..SWEEP_ROUNDS {
        let left = match all_of(dir, session) {
            Ok(left) => left,
            Err(e) => return tracing::warn!(%session, "processes not listed: {e}"),
        };
        if left.is_empty() {
            return;
        }
        for identity in left {
            if let Err(e) = process::signal(&identity, SIGKILL) {
                tracing::debug!(%session, pid = identity.pid, "not signalled: {e}");
            }
        }
        std::thread::sleep(SWEEP_PAUSE);
    }
    tracing::warn!(%session, "some of its processes could not be ended");
}
