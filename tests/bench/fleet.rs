//! Many sessions at once: starting them beside pueue, what they cost beside tmux, and how fast a new
//! supervisor has them all again.

use crate::machine::{cpu_ms, pss_mib};
use crate::measure::{REST, ms};
use crate::nightshift::Nightshift;
use crate::peer::Tmux;
use crate::pueue::Pueue;
use crate::table::{Budget, Table, median, quantile};
use anyhow::{Context, Result, bail};
use nightshift_platform::{clock, process};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const STARTS: usize = 40;
/// Between two starts: what the job before left to be written down is not the next one's cost.
const SETTLE: Duration = Duration::from_millis(100);
const FLEET: usize = 200;
/// Idleness of the whole fleet is looked at over this time.
const IDLE_TIME: Duration = Duration::from_secs(60);
const RESTARTS: usize = 5;
const DISPATCHES_MEANWHILE: usize = 20;
/// Longest wait for all jobs of a run; beyond it the run is broken.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(1);
const SIGKILL: i32 = 9;

/// A pipe with a name, into which each job says one byte when it begins.
struct Began {
    path: String,
    file: File,
}

impl Began {
    fn new(dir: &Path) -> Result<Began> {
        let path = dir.join("began");
        rustix::fs::mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR)?;
        // For both ways, so that it never ends between two jobs.
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(&path, flags, Mode::empty())?);
        Ok(Began { path: path.to_string_lossy().into_owned(), file })
    }

    fn job(&self, then: &str) -> String {
        format!("printf x > {}; {then}", self.path)
    }

    fn wait(&mut self, jobs: usize) -> Result<()> {
        let mut heard = 0;
        let start = clock::monotonic();
        let mut buffer = [0; 256];
        while heard < jobs {
            let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
            poll(&mut fds, Some(&Timespec::try_from(PATIENCE)?))?;
            match self.file.read(&mut buffer) {
                Ok(n) => heard += n,
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e.into()),
            }
            if clock::monotonic() - start > PATIENCE {
                bail!("{heard} of {jobs} jobs began within {PATIENCE:?}");
            }
        }
        Ok(())
    }
}

/// From the client's start until the job runs and the client is back, ours and pueue's in turn.
pub fn starts(binary: &Path, peers: &Path, table: &mut Table) -> Result<()> {
    let ns = Nightshift::new(binary)?;
    let pueue = Pueue::new(peers)?;
    let mut began = Began::new(ns.home.path())?;
    let job = began.job("true");
    let (mut ours, mut theirs, mut at_once) = (Vec::new(), Vec::new(), Vec::new());
    let mut one = |command: Command| -> Result<f64> {
        ms(|| {
            let client = quiet(command)?;
            began.wait(1)?;
            finish(client)
        })
    };
    one(ns.dispatch(&job))?;
    for _ in 0..STARTS {
        for (command, times) in [
            (ns.dispatch(&job), &mut ours),
            (pueue.add(&job, false), &mut theirs),
            (pueue.add(&job, true), &mut at_once),
        ] {
            std::thread::sleep(SETTLE);
            times.push(one(command)?);
        }
    }
    let peer = median(&mut theirs);
    let budget = Budget::NotAbovePeer { name: "pueue", peer, slack: 0.05 };
    table.add(
        "start of a job until it runs and the client is back",
        median(&mut ours),
        "ms",
        budget,
    );
    let what = "pueue past its queue (`--immediate`)";
    table.add(what, median(&mut at_once), "ms", Budget::None);
    let ours = all_at_once(&|| ns.dispatch(&job), &mut began)?;
    let peer = all_at_once(&|| pueue.add(&job, false), &mut began)?;
    let at_once = all_at_once(&|| pueue.add(&job, true), &mut began)?;
    let budget = Budget::NotAbovePeer { name: "pueue", peer, slack: 0.05 };
    table.add(&format!("{FLEET} jobs from {FLEET} clients at once"), ours, "ms", budget);
    table.add(what, at_once, "ms", Budget::None);
    table.add("pueue's daemon after that, PSS", pss_mib(pueue.daemon_pid())?, "MiB", Budget::None);
    Ok(())
}

fn all_at_once(client: &dyn Fn() -> Command, began: &mut Began) -> Result<f64> {
    std::thread::sleep(SETTLE);
    ms(|| {
        let clients = (0..FLEET).map(|_| quiet(client())).collect::<Result<Vec<_>>>()?;
        began.wait(FLEET)?;
        clients.into_iter().try_for_each(finish)
    })
}

/// Memory and idleness of a fleet, and a new supervisor that takes it over.
pub fn fleet(binary: &Path, table: &mut Table) -> Result<()> {
    let ns = Nightshift::new(binary)?;
    let tmux = Tmux::new()?;
    let idle = "exec sleep 3600";
    for n in 0..FLEET {
        ns.job(idle)?;
        tmux.session(&format!("job{n}"), idle)?;
    }
    std::thread::sleep(REST);
    let hosts = ns.host_pids()?;
    let mut pss = hosts.iter().map(|pid| pss_mib(*pid)).collect::<Result<Vec<f64>>>()?;
    let sum: f64 = pss.iter().sum();
    table.add(
        &format!("largest of {FLEET} hosts, PSS"),
        quantile(&mut pss, 1.0),
        "MiB",
        Budget::AtMost(2.0),
    );
    let supervisor = pss_mib(ns.supervisor_pid()?)?;
    let what = format!("supervisor with {FLEET} sessions, PSS");
    table.add(&what, supervisor, "MiB", Budget::AtMost(25.0));
    let sessions = FLEET as f64;
    let peer = pss_mib(tmux.server_pid()?)? / sessions;
    let budget = Budget::AbovePeerAtMost { name: "tmux", peer, more: 1.5 };
    table.add(
        "memory per session, job itself not counted",
        (sum + supervisor) / sessions,
        "MiB",
        budget,
    );
    idleness(&ns, &hosts, table)?;
    restarts(&ns, table)
}

fn idleness(ns: &Nightshift, hosts: &[u32], table: &mut Table) -> Result<()> {
    let mut pids = hosts.to_vec();
    pids.push(ns.supervisor_pid()?);
    std::thread::sleep(REST);
    let spent = || -> Result<f64> { pids.iter().map(|pid| cpu_ms(*pid)).sum() };
    let before = spent()?;
    std::thread::sleep(IDLE_TIME);
    let percent = (spent()? - before) / IDLE_TIME.as_secs_f64() / 10.0;
    let what = format!("processor of everything, {FLEET} idle sessions, {} s", IDLE_TIME.as_secs());
    table.add(&what, percent, "% of a core", Budget::AtMost(0.5));
    Ok(())
}

fn restarts(ns: &Nightshift, table: &mut Table) -> Result<()> {
    let (mut adopted, mut meanwhile) = (Vec::new(), Vec::new());
    for _ in 0..RESTARTS {
        kill(ns.supervisor_pid()?)?;
        adopted.push(ms(|| {
            ns.call(&["agents"])?;
            loop {
                let status = ns.json(&["daemon", "status", "--json"])?;
                if status["connected"].as_u64() >= Some(FLEET as u64) {
                    return Ok(());
                }
                std::thread::sleep(LOOK_AGAIN);
            }
        })?);
    }
    for _ in 0..RESTARTS {
        kill(ns.supervisor_pid()?)?;
        // The first of them also starts the supervisor: it is the restart above, not a dispatch.
        ns.call(&["agents"])?;
        for _ in 0..DISPATCHES_MEANWHILE {
            meanwhile.push(ms(|| ns.job("true").map(|_| ()))?);
        }
    }
    let what = format!("killed supervisor: until its successor has all {FLEET} again");
    table.add(&what, median(&mut adopted), "ms", Budget::AtMost(1000.0));
    table.add(
        "dispatch meanwhile, p99",
        quantile(&mut meanwhile, 0.99),
        "ms",
        Budget::AtMost(50.0),
    );
    Ok(())
}

fn kill(pid: u32) -> Result<()> {
    let identity = process::Identity::of(pid)?;
    process::signal(&identity, SIGKILL)?;
    let start = clock::monotonic();
    while process::Identity::of(pid).is_ok_and(|now| now == identity) {
        if clock::monotonic() - start > PATIENCE {
            bail!("process {pid} does not end");
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

fn quiet(mut command: Command) -> Result<Child> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().with_context(|| format!("{command:?}"))
}

fn finish(client: Child) -> Result<()> {
    let out = client.wait_with_output()?;
    if !out.status.success() {
        bail!("a client failed: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(())
}
