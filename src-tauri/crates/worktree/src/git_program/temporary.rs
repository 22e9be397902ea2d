//! Temporary directories of ours, where git finds what we made for it.
//!
//! Promise: those of a process that was killed go when the next one makes its first; what is removed is
//! named by us, belongs to this user and to a process that is gone, and no link in it is followed.
//! Must not know: what is put there.

use crate::error::{AtPath, Result};
use nightshift_platform::{Identity, Liveness3};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Once;
use tempfile::TempDir;

/// Followed by the process that made it: pid, when that started, and something of its own.
const PREFIX: &str = "nightshift-git-";
const USUAL: &str = "/tmp";

pub(crate) fn directory() -> Result<TempDir> {
    static SWEPT: Once = Once::new();
    let above = std::env::temp_dir();
    // A TMPDIR that is not there keeps nobody from working.
    let above = if above.is_dir() { above } else { PathBuf::from(USUAL) };
    SWEPT.call_once(|| sweep(&above));
    directory_in(&above)
}

/// The user's own directory for the time of a login: programs may run there where they may not in the other.
pub(crate) fn directory_in_runtime() -> Option<TempDir> {
    static SWEPT: Once = Once::new();
    let above = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)?;
    SWEPT.call_once(|| sweep(&above));
    directory_in(&above).ok()
}

fn directory_in(above: &Path) -> Result<TempDir> {
    let own = Identity::own().at(Path::new("/proc/self"))?;
    let prefix = format!("{PREFIX}{}-{}-", own.pid, own.start_ticks);
    tempfile::Builder::new().prefix(&prefix).tempdir_in(above).at(above)
}

fn sweep(above: &Path) {
    let Ok(own) = std::fs::metadata("/proc/self") else { return };
    for entry in std::fs::read_dir(above).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(maker) = name.to_str().and_then(maker_of) else { continue };
        let Ok(metadata) = entry.metadata() else { continue };
        let ours = metadata.is_dir() && metadata.uid() == own.uid();
        if ours && maker.liveness() == Liveness3::Gone {
            // What cannot be removed is of no harm to anybody.
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}

fn maker_of(name: &str) -> Option<Identity> {
    let mut parts = name.strip_prefix(PREFIX)?.splitn(3, '-');
    let (pid, start_ticks) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next()?;
    Some(Identity { pid, start_ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_left_that_is_gone_is_removed_and_nothing_else() {
        let above = tempfile::tempdir().unwrap();
        let own = Identity::own().unwrap();
        let precious = above.path().join("precious");
        std::fs::create_dir(&precious).unwrap();
        std::fs::write(precious.join("file"), "precious").unwrap();
        let names = [
            // Nobody has this pid: the kernel's limit is 2^22.
            (format!("{PREFIX}4194399-1-abc"), true),
            (format!("{PREFIX}{}-{}-abc", own.pid, own.start_ticks), false),
            (format!("{PREFIX}x-1-abc"), false),
            (format!("{PREFIX}4194399-1"), false),
            ("nightshift-4194399-1-abc".to_owned(), false),
        ];
        for (name, _) in &names {
            let dir = above.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            std::os::unix::fs::symlink(&precious, dir.join("objects")).unwrap();
        }
        sweep(above.path());
        for (name, goes) in &names {
            assert_eq!(above.path().join(name).exists(), !goes, "{name}");
        }
        assert!(precious.join("file").exists());
    }
}
