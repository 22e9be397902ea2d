//! A look starts no process and imports nothing to start one or to reach a network with.

use crate::repo::{Repo, environment, write};
use nightshift_git_reader::{Bytes, Expected};
use nightshift_platform::clock;
use nightshift_platform::process::{Identity, descendants};
use nightshift_platform::spawn::{Program, spawn_piped};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// A child asked by hand, so that it can be looked at while it works.
struct Hand {
    child: Child,
    identity: Identity,
    answers: BufReader<std::process::ChildStdout>,
}

impl Hand {
    fn new() -> Hand {
        let words = crate::repo::words();
        let env = environment();
        let program =
            Program { program: &words[0], args: &words[1..], env: &env, cwd: Path::new("/") };
        let (mut child, identity) = spawn_piped(&program).unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut hand = Hand { child, identity, answers };
        assert_eq!(hand.line(), "{\"git_reader\":1}\n");
        hand
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line
    }

    fn ask(&mut self, root: &Path) {
        let request = json!({
            "directory": Bytes::from(root),
            "expected": Expected::Own,
            "files": true,
            "user": {},
            "wall_ms": 30_000,
            "cpu_s": 2,
        });
        writeln!(self.child.stdin.as_mut().unwrap(), "{request}").unwrap();
    }

    fn status(&self, name: &str) -> String {
        let text = fs::read_to_string(format!("/proc/{}/status", self.identity.pid)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().to_owned()
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn the_child_has_its_limits_before_it_is_asked_anything() {
    let hand = Hand::new();
    let limits = fs::read_to_string(format!("/proc/{}/limits", hand.identity.pid)).unwrap();
    for (name, max) in [
        ("Max address space", "1073741824"),
        ("Max data size", "536870912"),
        ("Max core file size", "0"),
        ("Max processes", "0"),
        ("Max file size", "65536"),
    ] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let hard = line[name.len()..].split_whitespace().nth(1).unwrap();
        assert_eq!(hard, max, "{line}");
    }
    assert_eq!(hand.status("NoNewPrivs"), "1");
    assert_eq!(hand.status("Threads"), "1");
    if Path::new("/proc/sys/kernel/seccomp").exists() {
        assert_eq!(hand.status("Seccomp"), "2");
    }
}

#[test]
fn security_02_no_process_is_ever_made_by_a_look() {
    let repo = Repo::new();
    repo.write(".gitattributes", "* filter=x\n");
    repo.git(&["config", "filter.x.clean", "sleep 60"]);
    repo.git(&["config", "core.fsmonitor", "sleep 60"]);
    // Keeps the child at work until the kernel ends it.
    repo.write(".gitignore", "*a*a*a*a*a*ab\n");
    write(&repo.root, &format!("{}c", "a".repeat(120)), "");
    let mut hand = Hand::new();
    hand.ask(&repo.root);
    let deadline = clock::monotonic() + PATIENCE;
    let mut looks = 0_u32;
    while hand.child.try_wait().unwrap().is_none() {
        assert!(clock::monotonic() < deadline, "the child was not ended");
        assert_eq!(descendants(hand.identity.pid).unwrap(), []);
        looks += 1;
    }
    assert!(looks > 0);
    use std::os::unix::process::ExitStatusExt;
    let status = hand.child.wait().unwrap();
    assert_eq!(status.signal(), Some(24), "SIGXCPU");
}

/// Names that a program takes from libraries: the strings of its `.dynstr` section, and more.
fn imports(program: &Path) -> Vec<String> {
    let bytes = fs::read(program).unwrap();
    let number = |at: usize, size: usize| {
        bytes[at..at + size].iter().rev().fold(0_usize, |n, byte| n << 8 | usize::from(*byte))
    };
    // elf(5), 64 bit, little endian: place, size of an entry and number of section headers.
    assert_eq!(&bytes[..6], b"\x7fELF\x02\x01");
    let (at, size, count) = (number(0x28, 8), number(0x3a, 2), number(0x3c, 2));
    const DYNSYM: usize = 11;
    let section = |n: usize| at + n * size;
    let symbols = (0..count).map(section).find(|s| number(s + 4, 4) == DYNSYM).unwrap();
    let names = section(number(symbols + 0x28, 4));
    let names = number(names + 0x18, 8);
    let (begin, length) = (number(symbols + 0x18, 8), number(symbols + 0x20, 8));
    (begin..begin + length)
        .step_by(24)
        // Section 0: defined elsewhere.
        .filter(|symbol| number(symbol + 6, 2) == 0)
        .map(|symbol| {
            let name = names + number(symbol, 4);
            let end = bytes[name..].iter().position(|&b| b == 0).unwrap();
            String::from_utf8_lossy(&bytes[name..name + end]).into_owned()
        })
        .collect()
}

#[test]
fn security_02_the_child_does_not_even_import_the_means() {
    let imports = imports(Path::new(&crate::repo::words()[0]));
    assert!(imports.iter().any(|name| name == "mmap" || name == "mmap64"), "{imports:?}");
    for name in ["fork", "vfork", "execve", "execvp", "execv", "posix_spawn", "posix_spawnp"] {
        assert!(!imports.iter().any(|found| found == name), "{name} is imported");
    }
    for name in ["system", "popen", "socket", "connect", "getaddrinfo", "dlopen"] {
        assert!(!imports.iter().any(|found| found == name), "{name} is imported");
    }
}
