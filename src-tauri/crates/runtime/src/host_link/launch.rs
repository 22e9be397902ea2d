//! Starting a host process, or finding the one an earlier supervisor started.

use crate::host_link::blocking::{self, in_words};
use crate::host_link::limits::{
    ADOPTIONS_AT_ONCE, LAUNCH_TIMEOUT, RECONNECT_FIRST, RECONNECT_LONGEST,
};
use crate::host_link::path_guard::patience;
use crate::host_link::{Report, end};
use nightshift_host::finding::{self as hosts, Finding};
use nightshift_host::kin;
use nightshift_platform::process::Identity;
use nightshift_platform::signals::{SIGKILL, SIGTERM};
use nightshift_platform::{Mark, files, private, process, spawn};
use nightshift_protocol::launch::{EXIT_FILE, LAUNCH_FILE, READY_FILE, ROLE_VARIABLE};
use nightshift_protocol::{Environment, Launch, Ready};
use nightshift_supervisor::ports::world::Lane;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longest readiness line: `ready`, or one line of error.
const READY_LINE_MAX_BYTES: u64 = 4096;
/// Pause between looks at an unfinished launch of an earlier supervisor.
const STARTING_PAUSE: Duration = Duration::from_millis(50);

pub enum NotStarted {
    Failed(String),
    Found(Finding),
}

/// A host: our child, or one that was found, with the environment it was given.
pub(super) type Started = Result<(Ready, Option<Child>, Option<Environment>), NotStarted>;

pub async fn launch(
    dir: PathBuf,
    mut launch: Launch,
    program: impl FnOnce() -> Result<Vec<String>, String> + Send + 'static,
    env: Environment,
    binary: PathBuf,
    log: PathBuf,
) -> Started {
    let given_up = Arc::new(AtomicBool::new(false));
    let cancelled = given_up.clone();
    let place = dir.clone();
    let mut starting = tokio::spawn(blocking::run(Lane::Launches, move || {
        if cancelled.load(Ordering::Relaxed) {
            return Err(NotStarted::Failed("it was given up before it began".into()));
        }
        launch.argv = program().map_err(NotStarted::Failed)?;
        start(&dir, &launch, env, &binary, &log)
    }));
    match tokio::time::timeout(LAUNCH_TIMEOUT, &mut starting).await {
        Ok(Ok(Ok(started))) => started,
        Ok(Ok(Err(e))) => {
            Err(NotStarted::Failed(format!("its host could not be started: {}", in_words(&e))))
        }
        Ok(Err(e)) => Err(NotStarted::Failed(format!("the launch broke off: {e}"))),
        Err(_elapsed) => {
            given_up.store(true, Ordering::Relaxed);
            // Before anybody hears of it: a supervisor killed after that would know of no host.
            if let Err(e) = blocking::run(Lane::Launches, move || end::give_up(&place)).await {
                tracing::warn!("a host that was given up was not ended: {e}");
            }
            tokio::spawn(end_late(starting));
            Err(NotStarted::Failed(format!(
                "its host did not get ready within {} s",
                LAUNCH_TIMEOUT.as_secs()
            )))
        }
    }
}

/// Why nothing is started any more: nobody can be told from the user by marks below one that was lowered. No
/// client follows such a supervisor, so only its end helps.
pub fn mark_lowered() -> String {
    format!(
        "another process has lowered the supervisor's limit for file locks (`prlimit --locks`): end it with \
         `kill {}`, then start it again; sessions keep running",
        std::process::id()
    )
}

/// A host that gets ready after it was given up belongs to nobody: it is ended.
async fn end_late(starting: tokio::task::JoinHandle<io::Result<Started>>) {
    let Ok(Ok(Ok((ready, child, _)))) = starting.await else { return };
    let host = Identity { pid: ready.pid, start_ticks: ready.start_ticks };
    let ended = blocking::run(Lane::Launches, move || {
        process::signal(&host, SIGTERM)?;
        child.map_or(Ok(()), |mut child| child.wait().map(|_| ()))
    });
    match ended.await {
        Ok(Ok(())) => {}
        Ok(Err(e)) => tracing::warn!(pid = ready.pid, "a late host was not ended: {e}"),
        Err(e) => tracing::warn!(pid = ready.pid, "a late host was not ended: {e}"),
    }
}

fn start(dir: &Path, launch: &Launch, env: Environment, binary: &Path, log: &Path) -> Started {
    let failed = |what: &str, e: io::Error| NotStarted::Failed(format!("{what}: {}", in_words(&e)));
    let of_dir = |e| failed(&format!("session directory {}", dir.display()), e);
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(of_dir)?;
    // What an earlier run left must not be taken for this one's.
    let mut put_aside = false;
    for name in [READY_FILE, EXIT_FILE] {
        match std::fs::rename(dir.join(name), dir.join(format!("{name}.prev"))) {
            Ok(()) => put_aside = true,
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(name, e)),
            Err(_) => {}
        }
    }
    if put_aside {
        // Back after a power cut, an old exit record would be taken for the end of this run.
        files::sync_directory(dir).map_err(of_dir)?;
    }
    let document = serde_json::to_vec_pretty(launch)
        .map_err(|e| NotStarted::Failed(format!("launch document: {e}")))?;
    // Not worth a wait for the disk: the session's row is durable already, and a power cut that
    // took this document also ended the host that it is for.
    files::write_atomically(&dir.join(LAUNCH_FILE), &document).map_err(of_dir)?;
    let mut vars: BTreeMap<OsString, OsString> =
        env.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
    vars.insert(ROLE_VARIABLE.into(), "host".into());
    let args = [OsString::from("host"), dir.into()];
    // A host takes what it is started with for the user's, and would take a session for the user.
    if !Mark::is_as_remembered() {
        return Err(NotStarted::Failed(mark_lowered()));
    }
    let started = spawn::spawn_detaching(binary.as_os_str(), &args, &vars, log)
        .map_err(|e| failed("its host could not be started", e))?;
    let mut line = String::new();
    started
        .stdout
        .take(READY_LINE_MAX_BYTES)
        .read_to_string(&mut line)
        .map_err(|e| failed("its host said nothing readable", e))?;
    let mut child = started.child;
    match line.trim_end().split_once(' ').unwrap_or((line.trim_end(), "")) {
        ("ready", _) => {}
        ("error", message) => {
            child.wait().ok(); // Only so that it is no zombie; how it ended is in its words.
            return Err(NotStarted::Failed(message.to_owned()));
        }
        _ => {
            let status = child.wait().map_or_else(|e| e.to_string(), |s| s.to_string());
            return Err(NotStarted::Failed(format!(
                "its host ended before it was ready ({status})"
            )));
        }
    }
    let ready = files::read_bounded(&dir.join(READY_FILE), hosts::DOCUMENT_MAX_BYTES)
        .map_err(|e| failed("ready.json", e))?;
    let ready: Ready = serde_json::from_slice(&ready)
        .map_err(|e| NotStarted::Failed(format!("ready.json: {e}")))?;
    if !has_its_mark(dir, started.identity.pid) {
        process::signal(&started.identity, SIGKILL).ok();
        child.wait().ok(); // Only so that it is no zombie.
        return Err(NotStarted::Failed(mark_lowered()));
    }
    Ok((ready, Some(child), None))
}

/// Whether the host took the mark of its session from the one that we began with: nobody lowered our limit
/// or the host's before it did.
fn has_its_mark(dir: &Path, host: u32) -> bool {
    let id = dir.file_name().unwrap_or_default().to_string_lossy();
    let jobs = dir.parent().unwrap_or(dir);
    match Mark::of(host) {
        Ok(mark) => mark == Mark::remembered().below(kin::name_of(jobs, &id)),
        // One that has ended already is nobody's way in; one that cannot be looked at may be.
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Looks at what earlier supervisors left, a few at a time; one that hangs gives its turn away.
async fn look<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    static READS: Semaphore = Semaphore::const_new(ADOPTIONS_AT_ONCE);
    // An error would mean that it was closed, which nobody does: then nothing holds this back.
    let turn = READS.acquire().await.ok();
    let mut looking = std::pin::pin!(blocking::run(Lane::Directories, look));
    if let Ok(looked) = tokio::time::timeout(patience(), &mut looking).await {
        return looked;
    }
    drop(turn);
    looking.await
}

/// What a host was given for its session. It is nowhere else: values are never written down.
fn read_environment(dir: &Path, host: u32) -> Option<Environment> {
    let launch = hosts::document::<Launch>(dir, LAUNCH_FILE).ok()??;
    let mut env = process::environment(host).ok()?;
    env.retain(|name, _| {
        launch.env_names.contains(name) || private::VARIABLES.contains(&name.as_str())
    });
    Some(env)
}

/// Finds a host that was started earlier, and with it the environment that goes when it ends. Where it cannot be
/// said whether it lives, it is looked at again for as long as that takes: descriptors come back, a file system
/// is mended.
pub(crate) async fn adopt(dir: PathBuf, report: &Report) -> Started {
    let mut waited = Duration::ZERO;
    let mut pause = RECONNECT_FIRST;
    let mut told = String::new();
    loop {
        let (looked, session) = (dir.clone(), report.session.clone());
        let looking = look(move || match end::look_closely(&looked, &session) {
            Finding::Alive(ready) => {
                let env = read_environment(&looked, ready.pid);
                Ok((*ready, None, env))
            }
            found => Err(found),
        });
        match end::told_when_late(report, looking).await {
            Ok(Ok(alive)) => return Ok(alive),
            Ok(Err(Finding::Starting)) if waited < LAUNCH_TIMEOUT => {
                tokio::time::sleep(STARTING_PAUSE).await;
                waited += STARTING_PAUSE;
            }
            Ok(Err(Finding::Unknown(why))) => unknown(report, &mut told, why, &mut pause).await,
            Ok(Err(finding)) => return Err(NotStarted::Found(finding)),
            Err(e) => unknown(report, &mut told, in_words(&e), &mut pause).await,
        }
    }
}

/// Says it once for each reason, and waits before the next look.
async fn unknown(report: &Report, told: &mut String, why: String, pause: &mut Duration) {
    if *told != why {
        report.send(end::unknown(why.clone())).await;
        *told = why;
    }
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(RECONNECT_LONGEST);
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_platform::mark::Name;
    use nightshift_platform::spawn::{Detached, own_environment, spawn_detached};
    use std::io::{BufRead, BufReader};

    const DIR: &str = "/jobs/5e550001";

    fn name() -> Name {
        kin::name_of(Path::new("/jobs"), "5e550001")
    }

    /// A process that has these marks, one after the other.
    fn marked(marks: &[Mark]) -> Detached {
        let limits = marks.iter().map(|mark| serde_json::to_string(mark).unwrap());
        let lowered: String =
            limits.map(|limit| format!("ulimit -x {limit} || exit 1; ")).collect();
        let args = ["-c".into(), format!("{lowered} echo ready; exec sleep 1000").into()];
        let log = tempfile::NamedTempFile::new().unwrap();
        let (env, root) = (own_environment(), Path::new("/"));
        let mut started = spawn_detached("bash".as_ref(), &args, &env, root, log.path()).unwrap();
        let mut line = String::new();
        BufReader::new(&mut started.stdout).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        started
    }

    fn is_accepted(mut host: Detached) -> bool {
        let accepted = has_its_mark(Path::new(DIR), host.identity.pid);
        process::signal(&host.identity, SIGKILL).unwrap();
        host.child.wait().unwrap();
        accepted
    }

    #[test]
    fn security_06_a_host_has_the_mark_of_its_session_and_no_other() {
        let own = Mark::remembered();
        assert!(is_accepted(marked(&[own.below(name())])));
        for (case, marks) in [
            ("none", vec![]),
            ("another session's", vec![own.below(kin::name_of(Path::new("/jobs"), "5e550002"))]),
            (
                "one of another home with the same id",
                vec![own.below(kin::name_of(Path::new("/copied/jobs"), "5e550001"))],
            ),
            ("one of no home", vec![own.below(name().id)]),
            ("its own, lowered since", vec![own.below(name()), own.below(name()).below(name())]),
            ("lowered before", vec![own.below(7), own.below(7).below(name())]),
            (
                "lowered to where there are no names",
                vec![Mark::NONE.below(0), serde_json::from_str("5").unwrap()],
            ),
        ] {
            assert!(!is_accepted(marked(&marks)), "{case}");
        }
        let mut ended = marked(&[]);
        process::signal(&ended.identity, SIGKILL).unwrap();
        ended.child.wait().unwrap();
        assert!(has_its_mark(Path::new(DIR), ended.identity.pid), "nobody's way in");
    }

    /// Between the look at our own and the start of the host.
    #[test]
    fn security_06_a_host_of_a_supervisor_that_was_lowered_meanwhile_is_not_accepted() {
        let own = Mark::remembered();
        own.below(7).take().unwrap();
        assert!(!Mark::is_as_remembered());
        // As a host does: below what it was started with.
        assert!(!is_accepted(marked(&[Mark::own().below(name())])));
    }
}
