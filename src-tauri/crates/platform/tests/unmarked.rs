//! Where no mark can be taken, no program is started: real limits, and a kernel that refuses or pretends.

use nightshift_platform::Mark;
use nightshift_platform::program::{Run, run};
use nightshift_platform::spawn::{Program, own_environment};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::time::Duration;

/// What the kernel does from now on with an order of this thread, or of what it starts, to change the limit
/// for file locks: this error instead, or with 0 nothing, as if it were done.
fn answer_orders_with(errno: u32) {
    // Of `struct seccomp_data`: number of the call at 0, low halves of the arguments from 16 on.
    const CALL: u32 = 0;
    const RESOURCE: u32 = 16 + 8;
    const NEW_LIMIT: u32 = 16 + 16;
    let code = |parts: u32| u16::try_from(parts).unwrap();
    let load = code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS);
    let equal = code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K);
    let give = code(libc::BPF_RET | libc::BPF_K);
    let step = |code, k, jt, jf| libc::sock_filter { code, jt, jf, k };
    let call = u32::try_from(libc::SYS_prlimit64).unwrap();
    let mut steps = [
        step(load, CALL, 0, 0),
        step(equal, call, 0, 4),
        step(load, RESOURCE, 0, 0),
        step(equal, libc::RLIMIT_LOCKS, 0, 2),
        step(load, NEW_LIMIT, 0, 0),
        // Without a new limit it only reads.
        step(equal, 0, 0, 1),
        step(give, libc::SECCOMP_RET_ALLOW, 0, 0),
        step(give, libc::SECCOMP_RET_ERRNO | errno, 0, 0),
    ];
    let program =
        libc::sock_fprog { len: u16::try_from(steps.len()).unwrap(), filter: steps.as_mut_ptr() };
    // SAFETY: the filter lives until the kernel has copied it.
    let set = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    assert!(set, "{}", io::Error::last_os_error());
}

/// Runs something that would leave a file.
fn try_it(dir: &Path) -> io::Result<Option<i32>> {
    let args = [OsString::from("-c"), OsString::from("touch ran")];
    let env = own_environment();
    let program = Program { program: OsStr::new("/bin/sh"), args: &args, env: &env, cwd: dir };
    let timeout = Duration::from_secs(60);
    run(&program, &Run { input: b"", timeout, output_max_bytes: 100, log: None }).map(|e| e.code)
}

fn is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let error = try_it(dir.path()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Unsupported, "{error}");
    assert!(error.to_string().contains("limit for file locks (`ulimit -x`)"), "{error}");
    assert!(!dir.path().join("ran").exists(), "it ran unmarked");
    assert!(Mark::own().below(3).take().is_err());
}

/// Each in a thread of its own, which alone gets the filter.
fn apart(test: fn()) {
    std::thread::spawn(test).join().unwrap();
}

#[test]
fn security_06_where_marks_are_forbidden_no_program_is_started() {
    apart(|| {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(try_it(dir.path()).unwrap(), Some(0));
        assert!(dir.path().join("ran").exists());
        answer_orders_with(libc::EPERM.unsigned_abs());
        is_refused();
    });
}

#[test]
fn security_06_where_a_mark_does_not_hold_no_program_is_started() {
    apart(|| {
        answer_orders_with(0);
        is_refused();
    });
}

#[test]
fn security_06_below_a_limit_of_nothing_there_is_no_mark() {
    // For good: in a process of its own.
    let script = "ulimit -x 0 && exec \"$0\" --exact below_nothing --nocapture";
    let own = std::env::current_exe().unwrap();
    let ended = std::process::Command::new("bash").args(["-c", script]).arg(own).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
}

/// Says what it should where the limit is 0, and where it is not that there is a mark.
#[test]
fn below_nothing() {
    let own = Mark::own();
    match serde_json::to_string(&own).unwrap() == "0" {
        true => is_refused(),
        false => assert!(own.below(3).is_below(own)),
    }
}

#[test]
fn other_errors_keep_their_words() {
    let error = io::Error::from_raw_os_error(libc::ENOENT);
    let words = error.to_string();
    assert_eq!(Mark::explain(error).to_string(), words);
}
