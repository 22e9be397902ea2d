//! Mount points, as the kernel lists them.
//!
//! Promise: an unreadable list is an error, never "no mounts".
//! Must not know: why anyone cares what is mounted.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Mount points at `dir` or below it. `dir` must be absolute and free of symbolic links.
pub fn at_or_below(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let list = std::fs::read("/proc/self/mountinfo")?;
    Ok(parse(&list).into_iter().filter(|point| point.starts_with(dir)).collect())
}

/// Field 5 of each line; white space and backslashes in it are written as octal numbers.
fn parse(list: &[u8]) -> Vec<PathBuf> {
    let field = |line: &[u8]| {
        line.split(|&b| b == b' ').nth(4).map(|f| PathBuf::from(OsString::from_vec(unescape(f))))
    };
    list.split(|&b| b == b'\n').filter_map(field).collect()
}

fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let octal = (first == b'\\')
            .then(|| after.get(..3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match octal {
            Some(byte) => {
                out.push(byte);
                rest = &after[3..];
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_spaces_are_read_and_the_root_is_mounted() {
        let list = b"36 35 98:0 / /mnt/a\\040b rw - ext3 /dev/x rw\n37 35 0:1 / /c rw - t t rw\n";
        assert_eq!(parse(list), [PathBuf::from("/mnt/a b"), PathBuf::from("/c")]);
        assert!(at_or_below(Path::new("/")).unwrap().contains(&PathBuf::from("/")));
        assert!(at_or_below(Path::new("/nowhere-at-all")).unwrap().is_empty());
    }
}
