//! A short run with a fixed seed: `cargo xtask chaos` does longer ones with any seed.

use std::path::Path;
use std::process::Command;

const SEED: &str = "1";
const STEPS: &str = "60";

#[test]
fn nothing_is_lost_doubled_or_left_behind_when_processes_are_killed_at_random() {
    let chaos = Path::new(env!("CARGO_BIN_EXE_nightshift-chaos"));
    let nightshift = chaos.with_file_name("nightshift");
    assert!(nightshift.exists(), "build it first: cargo build -p nightshift");
    let run = Command::new(chaos).arg(&nightshift).args([SEED, STEPS]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
}
