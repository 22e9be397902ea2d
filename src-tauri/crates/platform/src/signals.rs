//! Signals by number, and their default behaviour for programs we start.
//!
//! Promise: a child starts as from a fresh login, whatever was ignored by whoever started us.
//! Must not know: who sends what to whom.

pub const SIGHUP: i32 = libc::SIGHUP;
pub const SIGINT: i32 = libc::SIGINT;
pub const SIGKILL: i32 = libc::SIGKILL;
pub const SIGQUIT: i32 = libc::SIGQUIT;
pub const SIGTERM: i32 = libc::SIGTERM;
pub const SIGCHLD: i32 = libc::SIGCHLD;
pub const SIGCONT: i32 = libc::SIGCONT;
pub const SIGSTOP: i32 = libc::SIGSTOP;
/// Ignored by whoever does not listen for it.
pub const SIGURG: i32 = libc::SIGURG;

/// Signals that shells and `nohup` set to "ignore" and that exec would hand on: with SIGINT ignored
/// a job on a PTY could not be interrupted.
const INHERITABLE: [i32; 8] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGCHLD,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
];

/// Back to the defaults. Async-signal-safe: called between fork and exec.
pub(crate) fn reset_to_default() {
    for signal in INHERITABLE {
        // SAFETY: signal(2) with SIG_DFL installs no handler and is async-signal-safe.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}
