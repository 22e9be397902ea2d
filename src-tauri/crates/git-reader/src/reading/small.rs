//! Reading small files that others may have written: never a pipe, never through a link, bounded.

use crate::values::answer::{Unknown, UnknownKind};
use rustix::fs::{Mode, OFlags, open};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// The whole content, or none when there is no such file. Anything but a plain file of at most
/// `max_bytes` is refused.
pub fn read(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, Unknown> {
    // Without NONBLOCK opening a pipe waits for its other end.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match open(path, flags, Mode::empty()) {
        Ok(fd) => File::from(fd),
        Err(error) => return absent(path, error.into()),
    };
    let checked = file.metadata().map_err(|error| refused(path, &error.to_string()))?;
    plain(path, &checked, max_bytes)?;
    let mut content = Vec::new();
    // It may grow meanwhile.
    let read = file.take(max_bytes).read_to_end(&mut content);
    read.map_err(|error| refused(path, &error.to_string()))?;
    Ok(Some(content))
}

/// The first line, without what ends it.
pub fn line(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, Unknown> {
    let content = read(path, max_bytes)?;
    let first = |content: Vec<u8>| {
        let line = content.split(|&b| b == b'\n').next().unwrap_or_default();
        line.trim_ascii_end().to_vec()
    };
    Ok(content.map(first))
}

/// Refuses what would hang or feed its reader without end. Absent is fine.
pub fn check(path: &Path, max_bytes: u64) -> Result<(), Unknown> {
    match path.symlink_metadata() {
        Ok(meta) => plain(path, &meta, max_bytes),
        Err(error) => absent(path, error),
    }
}

fn plain(path: &Path, meta: &Metadata, max_bytes: u64) -> Result<(), Unknown> {
    if !meta.is_file() {
        return Err(refused(path, "is no plain file"));
    }
    if meta.len() > max_bytes {
        return Err(refused(path, &format!("has {} bytes; {max_bytes} are read", meta.len())));
    }
    Ok(())
}

fn absent<T: Default>(path: &Path, error: io::Error) -> Result<T, Unknown> {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(T::default()),
        _ => Err(refused(path, &error.to_string())),
    }
}

pub fn refused(path: &Path, why: &str) -> Unknown {
    Unknown::new(UnknownKind::Refused, format!("{} {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_plain_small_files_are_read_and_absent_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("plain"), "one \r\ntwo\n").unwrap();
        std::fs::create_dir(at("directory")).unwrap();
        symlink(at("plain"), at("link")).unwrap();
        let fifo = rustix::fs::mknodat(
            rustix::fs::CWD,
            at("fifo"),
            rustix::fs::FileType::Fifo,
            Mode::RUSR,
            0,
        );
        fifo.unwrap();
        assert_eq!(line(&at("plain"), 100).unwrap().unwrap(), b"one");
        assert_eq!(read(&at("gone"), 100).unwrap(), None);
        assert_eq!(read(&at("plain/below"), 100).unwrap(), None);
        check(&at("gone"), 100).unwrap();
        check(&at("plain"), 100).unwrap();
        for name in ["directory", "link", "fifo", "plain"] {
            let max = if name == "plain" { 3 } else { 100 };
            let error = read(&at(name), max).unwrap_err();
            assert_eq!(error.kind, UnknownKind::Refused, "{name}");
            assert!(error.why.as_str().contains(name), "{error}");
            assert!(check(&at(name), max).is_err(), "{name}");
        }
    }
}
