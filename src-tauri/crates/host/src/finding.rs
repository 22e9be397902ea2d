//! What one session directory and the process table say about a host. Alive, ended, gone or
//! unknown; never a guess.

use nightshift_platform::files;
use nightshift_platform::process::{self, Identity, Liveness3};
use nightshift_protocol::launch::{self, DOCUMENT_VERSION, EXIT_FILE, LAUNCH_FILE, READY_FILE};
use nightshift_protocol::{Exited, Ready};
use serde::de::DeserializeOwned;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Launch, ready and exit documents are far smaller; more is damage.
pub const DOCUMENT_MAX_BYTES: u64 = 1024 * 1024;

/// The verb that makes our program a host.
pub(crate) const HOST_VERB: &str = "host";

#[derive(Debug)]
pub enum Finding {
    Alive(Box<Ready>),
    /// The exit record is there.
    Ended(Exited),
    /// The host is gone and left no exit record: why.
    Gone(String),
    /// It cannot be said.
    Unknown(String),
    /// A launch document and no more: its host may be about to get ready.
    Starting,
    /// Not even a launch document.
    NotLaunched,
}

/// What every version of every document says.
#[derive(serde::Deserialize)]
struct Versioned {
    version: u32,
}

/// Looks at `dir` once. Blocking.
pub fn inspect(dir: &Path) -> Finding {
    match document::<Exited>(dir, EXIT_FILE) {
        Ok(Some(exited)) => return Finding::Ended(exited),
        Ok(None) => {}
        Err(why) => return Finding::Unknown(why),
    }
    match document::<Ready>(dir, READY_FILE) {
        Ok(Some(ready)) => host_of(dir, ready),
        Ok(None) => match std::fs::exists(dir.join(LAUNCH_FILE)) {
            Ok(true) => Finding::Starting,
            Ok(false) => Finding::NotLaunched,
            Err(e) => Finding::Unknown(format!("{LAUNCH_FILE} cannot be read: {e}")),
        },
        Err(why) => Finding::Unknown(why),
    }
}

fn host_of(dir: &Path, ready: Ready) -> Finding {
    match process::boot_id() {
        Ok(boot) if boot != ready.boot_id => {
            return Finding::Gone("the machine was restarted".into());
        }
        Ok(_) => {}
        Err(e) => return Finding::Unknown(format!("boot id cannot be read: {e}")),
    }
    let identity = Identity { pid: ready.pid, start_ticks: ready.start_ticks };
    match identity.liveness() {
        Liveness3::Alive => match copied_from(dir, &ready) {
            Some(original) => Finding::Gone(format!(
                "its home is a copy: its host (pid {}) is that of {}",
                ready.pid,
                original.display()
            )),
            None => Finding::Alive(Box::new(ready)),
        },
        Liveness3::Gone => Finding::Gone(format!(
            "its host (pid {}) was killed or crashed; it left no exit record",
            ready.pid
        )),
        Liveness3::Unknown(why) => Finding::Unknown(why),
    }
}

/// The directory that a living host works for, where `dir` is a copy of it. Blocking.
pub fn runs_elsewhere(dir: &Path) -> Option<PathBuf> {
    let Ok(None) = document::<Exited>(dir, EXIT_FILE) else { return None };
    let ready = document::<Ready>(dir, READY_FILE).ok()??;
    let identity = Identity { pid: ready.pid, start_ticks: ready.start_ticks };
    let same_boot = process::boot_id().is_ok_and(|boot| boot == ready.boot_id);
    let lives = same_boot && matches!(identity.liveness(), Liveness3::Alive);
    if lives { copied_from(dir, &ready) } else { None }
}

/// The directory that the host works for, where `dir` was copied from it. A directory that was moved is that
/// directory, and so is one that is reached by another name.
fn copied_from(dir: &Path, ready: &Ready) -> Option<PathBuf> {
    let words = process::arguments(ready.pid).ok()?;
    let [_, verb, works_for] = words.as_slice() else { return None };
    let works_for = Path::new(works_for);
    if verb != HOST_VERB || works_for == dir {
        return None;
    }
    let place = |path: &Path| fs::metadata(path).map(|there| (there.dev(), there.ino())).ok();
    let is_another =
        place(works_for).is_some_and(|there| place(dir).is_some_and(|own| own != there));
    is_another.then(|| works_for.to_owned())
}

/// Whether a document that tells of the host can be read and says nothing, today or ever: damage, or
/// another version. A disk or descriptors that fail are another matter.
pub fn is_damaged(dir: &Path) -> bool {
    use io::ErrorKind::{FileTooLarge, InvalidInput};
    [EXIT_FILE, READY_FILE].into_iter().any(|name| {
        let unfit = match files::read_bounded(&dir.join(name), DOCUMENT_MAX_BYTES) {
            Ok(_) => true,
            Err(e) => matches!(e.kind(), FileTooLarge | InvalidInput),
        };
        let unread = match name {
            EXIT_FILE => document::<Exited>(dir, name).is_err(),
            _ => document::<Ready>(dir, name).is_err(),
        };
        unfit && unread
    })
}

/// A document of the directory: there, not there (or nothing in it), or damaged.
pub fn document<T: DeserializeOwned>(dir: &Path, name: &str) -> Result<Option<T>, String> {
    let bytes = match files::read_bounded(&dir.join(name), DOCUMENT_MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(format!("{name} cannot be read: {e}")),
    };
    // After a power cut a name may have come to the disk without its content.
    if bytes.is_empty() {
        return Ok(None);
    }
    let damaged = |e: serde_json::Error| format!("{name} is damaged: {e}");
    let Versioned { version } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if !launch::understands(version) {
        return Err(format!(
            "{name} has version {version}, this build knows {DOCUMENT_VERSION}; it is of another \
             nightshift and left alone"
        ));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_content_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(LAUNCH_FILE), "{}").unwrap();
        std::fs::write(dir.path().join(READY_FILE), "").unwrap();
        assert!(matches!(inspect(dir.path()), Finding::Starting));
        std::fs::write(dir.path().join(READY_FILE), "{").unwrap();
        assert!(matches!(inspect(dir.path()), Finding::Unknown(_)));
    }
}
