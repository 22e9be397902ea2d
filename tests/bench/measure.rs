//! The measurements: starting jobs, what hosts and supervisor cost, and the attached terminal.

use crate::machine::{cpu_ms, pss_mib, wakeups};
use crate::nightshift::Nightshift;
use crate::peer::Tmux;
use crate::table::{Budget, Table, median, quantile};
use crate::terminal::Terminal;
use anyhow::Result;
use nightshift_platform::clock;
use std::path::Path;
use std::time::Duration;

const STARTS_WARM: usize = 40;
const STARTS_COLD: usize = 10;
const IDLE_SESSIONS: usize = 20;
/// Idleness is looked at over this time.
const IDLE_TIME: Duration = Duration::from_secs(10);
/// After a start everything gets this long to come to rest; idle helper threads end meanwhile.
pub const REST: Duration = Duration::from_secs(6);
const ATTACHES: usize = 20;
const ECHOES: usize = 300;
const THROUGHPUT_MB: usize = 200;
const THROUGHPUT_RUNS: usize = 3;
/// A terminal that printed nothing for this long has painted its screen.
const PAINTED: Duration = Duration::from_millis(200);

pub fn ms(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = clock::monotonic();
    work()?;
    Ok((clock::monotonic() - start).as_secs_f64() * 1000.0)
}

pub fn dispatch(binary: &Path, table: &mut Table) -> Result<()> {
    let ns = Nightshift::new(binary)?;
    let mut cold = Vec::new();
    for _ in 0..STARTS_COLD {
        cold.push(ms(|| ns.job("true").map(|_| ()))?);
        ns.end()?;
    }
    ns.job("true")?;
    let mut warm = Vec::new();
    for _ in 0..STARTS_WARM {
        warm.push(ms(|| ns.job("true").map(|_| ()))?);
    }
    table.add("`--bg --exec`, supervisor up", median(&mut warm), "ms", Budget::AtMost(30.0));
    table.add("the same, p99", quantile(&mut warm, 0.99), "ms", Budget::None);
    table.add("`--bg --exec`, no supervisor", median(&mut cold), "ms", Budget::AtMost(200.0));
    Ok(())
}

pub fn cost(binary: &Path, table: &mut Table) -> Result<()> {
    let ns = Nightshift::new(binary)?;
    for _ in 0..IDLE_SESSIONS {
        ns.job("exec sleep 3600")?;
    }
    std::thread::sleep(REST);
    let supervisor = ns.supervisor_pid()?;
    let hosts = ns.host_pids()?;
    let mut pss = hosts.iter().map(|pid| pss_mib(*pid)).collect::<Result<Vec<f64>>>()?;
    table.add("`pty` host, idle, PSS", median(&mut pss), "MiB", Budget::AtMost(3.0));
    let what = format!("supervisor with {IDLE_SESSIONS} sessions, PSS");
    table.add(&what, pss_mib(supervisor)?, "MiB", Budget::AtMost(20.0));
    std::thread::sleep(REST);
    let all =
        |of: &dyn Fn(u32) -> Result<f64>| -> Result<f64> { hosts.iter().map(|pid| of(*pid)).sum() };
    let woken = |pid: u32| -> Result<f64> { Ok(wakeups(pid)? as f64) };
    let (hosts_before, supervisor_before) = (all(&woken)?, woken(supervisor)?);
    let cpu_before = all(&cpu_ms)? + cpu_ms(supervisor)?;
    std::thread::sleep(IDLE_TIME);
    let per_second = |n: f64| n / IDLE_TIME.as_secs_f64();
    let hosts_woken = per_second(all(&woken)? - hosts_before);
    let supervisor_woken = per_second(woken(supervisor)? - supervisor_before);
    let cpu = all(&cpu_ms)? + cpu_ms(supervisor)? - cpu_before;
    table.add("wake-ups of all hosts, idle", hosts_woken, "/s", Budget::AtMost(0.0));
    table.add("wake-ups of the supervisor, idle", supervisor_woken, "/s", Budget::AtMost(0.0));
    table.add("processor of everything, idle", per_second(cpu) / 10.0, "% of a core", Budget::None);
    Ok(())
}

pub fn attach(binary: &Path, table: &mut Table) -> Result<()> {
    let ns = Nightshift::new(binary)?;
    let tmux = Tmux::new()?;
    let prompt = "printf 'at rest\\n'; exec cat";
    let id = ns.job(prompt)?;
    tmux.session("rest", prompt)?;
    let ours = || ns.terminal(&["attach", &id]);
    let theirs = || tmux.attach("rest");
    let mut times = attach_times(&ours)?;
    let mut peers = attach_times(&theirs)?;
    table.add("attach until painted", median(&mut times), "ms", Budget::AtMost(50.0));
    table.add("tmux, attach until painted", median(&mut peers), "ms", Budget::None);
    let (mut times, mut peers) = echo_times(&mut ours()?, &mut theirs()?)?;
    let peer = median(&mut peers);
    // Both are far below a screen's refresh; a tenth is the noise of a shared machine.
    table.add(
        "echo, median",
        median(&mut times),
        "ms",
        Budget::NotAbovePeer { name: "tmux", peer, slack: 0.1 },
    );
    let (ours_p99, peer) = (quantile(&mut times, 0.99), quantile(&mut peers, 0.99));
    table.add("echo, p99", ours_p99, "ms", Budget::NotAbovePeer { name: "tmux", peer, slack: 0.1 });
    throughput(&ns, &tmux, table)
}

fn attach_times(attach: &dyn Fn() -> Result<Terminal>) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..ATTACHES {
        let mut terminal = None;
        times.push(ms(|| terminal.insert(attach()?).expect(b"at rest"))?);
    }
    Ok(times)
}

/// Keys alternate between both, so that what the machine does meanwhile meets both alike.
fn echo_times(ours: &mut Terminal, theirs: &mut Terminal) -> Result<(Vec<f64>, Vec<f64>)> {
    ours.settle(PAINTED)?;
    theirs.settle(PAINTED)?;
    let mut times = (Vec::new(), Vec::new());
    for n in 0..ECHOES {
        let key = [b'a' + (n % 26) as u8];
        for (terminal, times) in [(&mut *ours, &mut times.0), (&mut *theirs, &mut times.1)] {
            times.push(ms(|| {
                terminal.keys(&key)?;
                terminal.expect(&key)
            })?);
        }
    }
    Ok(times)
}

fn throughput(ns: &Nightshift, tmux: &Tmux, table: &mut Table) -> Result<()> {
    let file = ns.home.path().join("output.txt");
    std::fs::write(&file, compiler_output(THROUGHPUT_MB * 1_000_000))?;
    // Waits for a key, prints the file, then a word that the key's echo cannot hold.
    let command = format!(
        "stty -echo; echo ready; read x; cat {}; echo fin''ished; exec cat",
        file.display()
    );
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..THROUGHPUT_RUNS {
        let id = ns.job(&command)?;
        ours.push(through(ns.terminal(&["attach", &id])?)?);
        ns.call(&["rm", &id])?;
        let name = format!("out{run}");
        tmux.session(&name, &command)?;
        theirs.push(through(tmux.attach(&name)?)?);
        tmux.call(&["kill-session", "-t", &name])?;
    }
    let peer = median(&mut theirs);
    let budget = Budget::NotBelowPeer { name: "tmux", peer, slack: 0.05 };
    let what = format!("{THROUGHPUT_MB} MB to an attached client");
    table.add(&what, median(&mut ours), "MB/s", budget);
    Ok(())
}

fn through(mut terminal: Terminal) -> Result<f64> {
    terminal.expect(b"ready")?;
    terminal.settle(PAINTED)?;
    let took = ms(|| {
        terminal.keys(b"\r")?;
        terminal.expect(b"finished")
    })?;
    Ok(THROUGHPUT_MB as f64 / (took / 1000.0))
}

/// Coloured lines as a compiler prints them.
fn compiler_output(bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + 256);
    let mut line = 0;
    while out.len() < bytes {
        line += 1;
        let text = format!(
            "\x1b[1;33mwarning\x1b[0m: unused variable `value{line}`\r\n  \x1b[34m-->\x1b[0m src/module_{}/file.rs:{line}:9\r\n",
            line % 97
        );
        out.extend_from_slice(text.as_bytes());
    }
    out.truncate(bytes);
    out.extend_from_slice(b"\x1b[0m\r\n");
    out
}
