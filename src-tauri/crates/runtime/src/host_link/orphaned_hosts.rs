//! Hosts that run although their directories were deleted or damaged while nobody supervised them:
//! they know all that stood there and are asked to write it anew.
//!
//! Promise: found by their program and command line among this user's processes; a host of another
//! home is left alone, and so is one whose directory is whole.
//! Must not know: sessions.

use crate::host_link::limits::{RESTORE_LOOKS, RESTORE_PAUSE};
use nightshift_host::finding::document;
use nightshift_platform::dirs::Home;
use nightshift_platform::process::{self, Identity};
use nightshift_platform::signals::SIGURG;
use nightshift_protocol::Ready;
use nightshift_protocol::launch::{READY_FILE, ROLE_VARIABLE};
use std::io;
use std::path::{Path, PathBuf};

/// Those that were asked, with their directories.
pub fn call_back(home: &Home) -> Vec<PathBuf> {
    let hosts = match orphaned_hosts(home) {
        Ok(hosts) => hosts,
        Err(e) => {
            tracing::warn!("hosts not looked for: {e}");
            return Vec::new();
        }
    };
    for (host, dir) in &hosts {
        tracing::warn!(pid = host.pid, "its host recreates {}", dir.display());
        if let Err(e) = ask(host, dir) {
            tracing::warn!(pid = host.pid, "not asked: {e}");
        }
    }
    hosts.into_iter().map(|(_, dir)| dir).collect()
}

/// Blocks until they have done it, or have had the time.
pub fn wait_for(dirs: &[PathBuf]) {
    for _ in 0..RESTORE_LOOKS {
        if dirs.iter().all(|dir| is_whole(dir)) {
            return;
        }
        std::thread::sleep(RESTORE_PAUSE);
    }
}

fn ask(host: &Identity, dir: &Path) -> io::Result<()> {
    let ready = dir.join(READY_FILE);
    // Damaged: the host writes only what is missing.
    match std::fs::rename(&ready, ready.with_extension("damaged")) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        Ok(()) | Err(_) => {}
    }
    process::signal(host, SIGURG)
}

pub fn is_whole(dir: &Path) -> bool {
    matches!(document::<Ready>(dir, READY_FILE), Ok(Some(_)))
}

fn orphaned_hosts(home: &Home) -> io::Result<Vec<(Identity, PathBuf)>> {
    let mut found = Vec::new();
    for host in process::find_by_env(ROLE_VARIABLE, "host")? {
        if !process::runs_our_program(host.pid)? {
            continue;
        }
        let Ok(words) = process::arguments(host.pid) else { continue };
        let [_, verb, dir] = words.as_slice() else { continue };
        let dir = PathBuf::from(dir);
        if verb == "host" && dir.parent() == Some(&home.jobs()) && !is_whole(&dir) {
            found.push((host, dir));
        }
    }
    Ok(found)
}
