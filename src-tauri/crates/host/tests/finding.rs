//! What a session directory says, whatever is in it: damaged, hostile, huge, or not files at all.
//! Unknown is never taken for gone, and nobody else's process for the host.

use nightshift_host::finding::{DOCUMENT_MAX_BYTES, Finding, document, inspect};
use nightshift_model::Millis;
use nightshift_platform::process::{Identity, boot_id};
use nightshift_protocol::launch::{DOCUMENT_VERSION, EXIT_FILE, LAUNCH_FILE, READY_FILE};
use nightshift_protocol::{Exited, Launch, LaunchKind, Ready};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const DOCUMENTS: [&str; 3] = [LAUNCH_FILE, READY_FILE, EXIT_FILE];

fn launch() -> Launch {
    Launch {
        version: DOCUMENT_VERSION,
        session: "7c5d0a1b".into(),
        kind: LaunchKind::Pty,
        argv: vec!["sh".into(), "-c".into(), "true".into()],
        cwd: "/".into(),
        socket: "/run/s".into(),
        env_names: vec!["PATH".into()],
        cols: 80,
        rows: 24,
        journal_max_bytes: 1 << 20,
        journal_after: 0,
        listens: false,
        prompt: None,
        about: None,
    }
}

/// As this very process would have written it, were it a host.
fn ready() -> Ready {
    let own = Identity::own().unwrap();
    Ready {
        version: DOCUMENT_VERSION,
        pid: own.pid,
        start_ticks: own.start_ticks,
        child_pid: own.pid,
        child_start_ticks: own.start_ticks,
        boot_id: boot_id().unwrap(),
        socket: "/run/s".into(),
        protocol: 1,
        build: "0.1.0".into(),
        binary: "/bin/nightshift".into(),
        at: Millis(1),
    }
}

fn exited() -> Exited {
    Exited {
        version: DOCUMENT_VERSION,
        code: Some(3),
        signal: None,
        spawn_error: None,
        user_time_ms: 1,
        system_time_ms: 2,
        max_rss_kib: 3,
        at: Millis(4),
        last_seq: 5,
    }
}

fn whole(name: &str) -> Vec<u8> {
    let bytes = match name {
        LAUNCH_FILE => serde_json::to_vec_pretty(&launch()),
        READY_FILE => serde_json::to_vec_pretty(&ready()),
        _ => serde_json::to_vec_pretty(&exited()),
    };
    bytes.unwrap()
}

/// A directory with these documents whole.
fn directory(names: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(dir.path().join(name), whole(name)).unwrap();
    }
    dir
}

/// What is at a document's name.
#[derive(Clone, Debug)]
enum At {
    Nothing,
    Empty,
    Whole,
    /// Half of it.
    Torn,
    OfAnotherAge,
    TooLarge,
    Directory,
    Pipe,
    LinkToItself,
    LinkToNothing,
    Bytes(Vec<u8>),
    Json(Value),
}

fn put(dir: &Path, name: &str, what: &At) {
    let path = dir.join(name);
    let write = |bytes: &[u8]| std::fs::write(&path, bytes).unwrap();
    match what {
        At::Nothing => {}
        At::Empty => write(b""),
        At::Whole => write(&whole(name)),
        At::Torn => write(&whole(name)[..whole(name).len() / 2]),
        At::OfAnotherAge => {
            let mut value: Value = serde_json::from_slice(&whole(name)).unwrap();
            value["version"] = json!(DOCUMENT_VERSION + 2);
            write(value.to_string().as_bytes());
        }
        At::TooLarge => {
            let mut bytes = whole(name);
            let len = usize::try_from(DOCUMENT_MAX_BYTES).unwrap() + 1;
            bytes.resize(len, b' ');
            write(&bytes);
        }
        At::Directory => std::fs::create_dir(&path).unwrap(),
        At::Pipe => assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()),
        At::LinkToItself => std::os::unix::fs::symlink(&path, &path).unwrap(),
        At::LinkToNothing => std::os::unix::fs::symlink(dir.join("nothing"), &path).unwrap(),
        At::Bytes(bytes) => write(bytes),
        At::Json(value) => write(value.to_string().as_bytes()),
    }
}

/// What any value at a document's name means.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Nothing,
    Something,
    Unreadable,
}

fn says(what: &At) -> Says {
    match what {
        At::Nothing | At::Empty | At::LinkToNothing => Says::Nothing,
        At::Whole => Says::Something,
        At::Bytes(bytes) if bytes.is_empty() => Says::Nothing,
        At::Torn
        | At::OfAnotherAge
        | At::TooLarge
        | At::Directory
        | At::Pipe
        | At::LinkToItself
        | At::Bytes(_)
        | At::Json(_) => Says::Unreadable,
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    let keys = prop_oneof![
        Just("version".to_owned()),
        Just("pid".to_owned()),
        Just("startTicks".to_owned()),
        Just("code".to_owned()),
        Just("lastSeq".to_owned()),
        ".{0,8}",
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(keys.clone(), inner, 0..6)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn anything() -> impl Strategy<Value = At> {
    prop_oneof![
        Just(At::Nothing),
        Just(At::Empty),
        Just(At::Whole),
        Just(At::Torn),
        Just(At::OfAnotherAge),
        Just(At::TooLarge),
        Just(At::Directory),
        Just(At::Pipe),
        Just(At::LinkToItself),
        Just(At::LinkToNothing),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(At::Bytes),
        any_json().prop_map(At::Json),
    ]
}

/// Whoever is said to live does: this process is the only one that was ever written down.
fn assert_never_another(found: &Finding) {
    if let Finding::Alive(host) = found {
        let said = Identity { pid: host.pid, start_ticks: host.start_ticks };
        assert_eq!(said, Identity::own().unwrap());
    }
}

proptest! {
    #[test]
    fn whatever_lies_there_gives_what_can_be_known_and_no_more(
        launch in anything(), ready in anything(), exit in anything()
    ) {
        let dir = tempfile::tempdir().unwrap();
        for (name, what) in DOCUMENTS.iter().zip([&launch, &ready, &exit]) {
            put(dir.path(), name, what);
        }
        let found = inspect(dir.path());
        assert_never_another(&found);
        // A link to nothing and a pipe are names that are there, but say nothing of a host.
        let begun = !matches!(launch, At::Nothing | At::LinkToNothing);
        match (says(&exit), says(&ready)) {
            (Says::Unreadable, _) | (Says::Nothing, Says::Unreadable) => {
                prop_assert!(matches!(found, Finding::Unknown(_)), "{found:?}");
            }
            (Says::Something, _) => {
                prop_assert!(matches!(&found, Finding::Ended(e) if *e == exited()), "{found:?}");
            }
            (Says::Nothing, Says::Something) => {
                prop_assert!(matches!(found, Finding::Alive(_)), "{found:?}");
            }
            (Says::Nothing, Says::Nothing) => {
                let known = match found {
                    Finding::Starting => begun,
                    Finding::NotLaunched => !begun,
                    // A name that leads back to itself cannot be looked at.
                    Finding::Unknown(_) => matches!(launch, At::LinkToItself),
                    Finding::Alive(_) | Finding::Ended(_) | Finding::Gone(_) => false,
                };
                prop_assert!(known, "{found:?}");
            }
        }
    }

    #[test]
    fn flipped_bits_end_nobody_and_raise_nobody(
        which in 0usize..2, flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..4)
    ) {
        let name = [READY_FILE, EXIT_FILE][which];
        let dir = directory(&[LAUNCH_FILE, READY_FILE]);
        let mut bytes = whole(name);
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        std::fs::write(dir.path().join(name), &bytes).unwrap();
        let found = inspect(dir.path());
        assert_never_another(&found);
        if name == EXIT_FILE {
            // Damage that still reads as an exit record is one; the host's life is not denied by less.
            let read = document::<Exited>(dir.path(), EXIT_FILE);
            prop_assert_eq!(matches!(found, Finding::Ended(_)), matches!(read, Ok(Some(_))));
            prop_assert!(matches!(found, Finding::Ended(_) | Finding::Unknown(_)), "{found:?}");
        } else {
            match document::<Ready>(dir.path(), READY_FILE) {
                Err(_) => prop_assert!(matches!(found, Finding::Unknown(_)), "{found:?}"),
                Ok(read) => {
                    let (read, own) = (read.unwrap(), ready());
                    let same = (read.pid, read.start_ticks, read.boot_id)
                        == (own.pid, own.start_ticks, own.boot_id);
                    prop_assert_eq!(matches!(found, Finding::Alive(_)), same);
                    prop_assert!(!matches!(found, Finding::Ended(_)), "{found:?}");
                }
            }
        }
    }

    #[test]
    fn another_process_with_the_hosts_number_is_not_the_host(ticks in any::<u64>()) {
        let own = ready();
        prop_assume!(ticks != own.start_ticks);
        let dir = directory(&[LAUNCH_FILE]);
        let reused = Ready { start_ticks: ticks, ..own };
        std::fs::write(dir.path().join(READY_FILE), serde_json::to_vec(&reused).unwrap()).unwrap();
        prop_assert!(matches!(inspect(dir.path()), Finding::Gone(_)));
    }
}

#[test]
fn a_document_cut_anywhere_is_unknown() {
    for name in [READY_FILE, EXIT_FILE] {
        let dir = directory(&[LAUNCH_FILE, READY_FILE]);
        let bytes = whole(name);
        for cut in 1..bytes.len() {
            std::fs::write(dir.path().join(name), &bytes[..cut]).unwrap();
            let found = inspect(dir.path());
            assert!(matches!(found, Finding::Unknown(_)), "{name} cut at {cut}: {found:?}");
        }
    }
    let dir = directory(&[]);
    for cut in 1..whole(LAUNCH_FILE).len() {
        std::fs::write(dir.path().join(LAUNCH_FILE), &whole(LAUNCH_FILE)[..cut]).unwrap();
        assert!(document::<Launch>(dir.path(), LAUNCH_FILE).is_err(), "cut at {cut}");
        assert!(matches!(inspect(dir.path()), Finding::Starting), "cut at {cut}");
    }
}

#[test]
fn a_process_that_ended_and_one_of_another_boot_are_gone() {
    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    let identity = Identity::of(child.id()).unwrap();
    let dir = directory(&[LAUNCH_FILE]);
    let write = |ready: &Ready| {
        std::fs::write(dir.path().join(READY_FILE), serde_json::to_vec(ready).unwrap()).unwrap();
    };
    let host = Ready { pid: identity.pid, start_ticks: identity.start_ticks, ..ready() };
    write(&host);
    assert!(matches!(inspect(dir.path()), Finding::Alive(_)));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(inspect(dir.path()), Finding::Gone(_)));
    write(&Ready { boot_id: "another".into(), ..ready() });
    assert!(matches!(inspect(dir.path()), Finding::Gone(_)));
}
