//! Keeps the worktrees out of the main checkout's status, without touching a tracked file.
//!
//! Promise: one line that names one directory, whatever its name holds; what stands in the file is
//! kept byte for byte; a link in its place is left alone.

use crate::error::{AtPath, Result};
use crate::git_program::confined::exclude_line;
use crate::limits::EXCLUDE_MAX_BYTES;
use crate::making::plan::Own;
use nightshift_platform::files::{read_bounded, write_durably};
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a directory's mode says of a file in it.
const READ_WRITE: u32 = 0o666;

/// Adds the line where it is missing. Returns a note when there is none.
pub(crate) fn exclude(own: &Own) -> Result<Option<String>> {
    let Own { repository, settings, .. } = own;
    if settings.directory.is_absolute() || settings.directory.starts_with("..") {
        return Ok(None);
    }
    let shown = |why: &str| Ok(Some(format!("git status shows the worktrees' directory: {why}")));
    let Some(line) = exclude_line(&settings.directory) else {
        return shown("no line of an exclude file can name it");
    };
    let info = repository.common.join("info");
    let file = info.join("exclude");
    if is_link(&info) || is_link(&file) {
        return shown(&format!("{} is a symbolic link and was left alone", file.display()));
    }
    let mut bytes = match read_bounded(&file, EXCLUDE_MAX_BYTES) {
        Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::FileTooLarge) => {
            return shown(&e.to_string());
        }
        read => read.at(&file)?,
    };
    if bytes.split(|byte| *byte == b'\n').any(|known| known.trim_ascii() == line.as_bytes()) {
        return Ok(None);
    }
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    std::fs::create_dir_all(&info).at(&info)?;
    // Others may work in the same repository: who may read the file stays as it is, or as beside it.
    let mode = match std::fs::metadata(&file) {
        Ok(known) => known.permissions().mode(),
        Err(_) => std::fs::metadata(&info).at(&info)?.permissions().mode() & READ_WRITE,
    };
    write_durably(&file, &bytes).at(&file)?;
    std::fs::set_permissions(&file, Permissions::from_mode(mode)).at(&file)?;
    Ok(None)
}

fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}
