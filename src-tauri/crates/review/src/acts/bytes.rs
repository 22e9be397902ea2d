//! Files into git's objects and back, byte for byte.
//!
//! What git itself takes goes through what `.gitattributes` and `core.autocrlf` say: ends of lines, keywords,
//! encodings, filters. Something else comes back then.
//! Promise: the objects hold what the files held, with permissions beside them; nothing is read or written
//! through a link; a file is back whole or as it was.
//! Must not know: what is kept, and why.

use crate::diffs::file::io;
use crate::limits::{BATCH_BYTES, BATCH_FILES};
use crate::place::{Place, Result, fault};
use nightshift_platform::below::{self, Content, Found};
use nightshift_platform::private;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{pieces, text};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// As git's trees say what something is (git-fast-import(1), "filemodify").
const FILE: &str = "100644";
const PROGRAM: &str = "100755";
pub const LINK: &str = "120000";
const EXECUTABLE: u32 = 0o100;

/// A file as it was.
#[derive(Clone, Debug)]
pub struct Taken {
    pub path: PathBuf,
    pub mode: &'static str,
    /// None of a link.
    pub permissions: Option<u32>,
    pub object: String,
}

/// Puts files into the objects of `place`, by way of copies in `scratch`: a file may change while it is read.
pub struct Taker<'a> {
    place: &'a Place<'a>,
    scratch: &'a Path,
    taken: Vec<Taken>,
    copies: Vec<PathBuf>,
    bytes: u64,
    /// Copies begun, for their names.
    begun: usize,
    /// Programs of the index, where the disk does not say which file is one.
    programs: Option<BTreeSet<PathBuf>>,
}

impl<'a> Taker<'a> {
    pub fn new(place: &'a Place<'a>, scratch: &'a Path) -> Result<Taker<'a>> {
        let programs = programs(place)?;
        let (taken, copies) = (Vec::new(), Vec::new());
        Ok(Taker { place, scratch, taken, copies, bytes: 0, begun: 0, programs })
    }

    /// Whether there is a file or a link at `path`, which then is taken.
    pub fn take(&mut self, path: &Path) -> std::io::Result<bool> {
        self.begun += 1;
        let at = self.scratch.join(self.begun.to_string());
        let (mode, permissions) = match below::open(&self.place.root, path)? {
            Found::Other => return Ok(false),
            Found::Link(target) => {
                fs::write(&at, target.as_bytes())?;
                (LINK, None)
            }
            Found::File { mut file, permissions } => {
                self.bytes += std::io::copy(&mut file, &mut File::create_new(&at)?)?;
                let runs = match &self.programs {
                    None => permissions & EXECUTABLE != 0,
                    Some(programs) => programs.contains(path),
                };
                (if runs { PROGRAM } else { FILE }, Some(permissions))
            }
        };
        self.copies.push(at);
        let (path, object) = (path.to_owned(), String::new());
        self.taken.push(Taken { path, mode, permissions, object });
        Ok(true)
    }

    /// Makes objects of the copies where there are enough of them.
    pub fn store_some(&mut self) -> Result<()> {
        if self.bytes < BATCH_BYTES && self.copies.len() < BATCH_FILES {
            return Ok(());
        }
        self.store()
    }

    fn store(&mut self) -> Result<()> {
        if self.copies.is_empty() {
            return Ok(());
        }
        let mut names = Vec::new();
        for copy in &self.copies {
            quote(copy, &mut names);
        }
        let args = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
        let printed = self.place.act(&args).input(names).long().line().map_err(fault)?;
        let first = self.taken.len() - self.copies.len();
        let objects: Vec<&str> = printed.lines().collect();
        if objects.len() != self.copies.len() {
            let text = format!("git stored {} of {} files", objects.len(), self.copies.len());
            return Err(Fault::new(FaultCode::Io, text));
        }
        for (taken, object) in self.taken[first..].iter_mut().zip(objects) {
            object.clone_into(&mut taken.object);
        }
        for copy in self.copies.drain(..) {
            fs::remove_file(&copy).map_err(|error| io(&copy, &error))?;
        }
        self.bytes = 0;
        Ok(())
    }

    pub fn finish(mut self) -> Result<Vec<Taken>> {
        self.store()?;
        Ok(self.taken)
    }
}

/// Those of the index, where `core.fileMode` says that the disk tells nothing; none where it does.
fn programs(place: &Place<'_>) -> Result<Option<BTreeSet<PathBuf>>> {
    let asked = place.look(&["config", "--type=bool", "--get", "core.fileMode"]);
    if asked.find().map_err(fault)?.as_deref() != Some("false") {
        return Ok(None);
    }
    let listed = place.look(&["ls-files", "--cached", "--stage", "-z"]);
    let listed = listed.long().read().map_err(fault)?;
    // `<mode> <object> <stage>\t<path>`
    let program = |piece: &[u8]| {
        let tab = piece.iter().position(|&b| b == b'\t')?;
        let runs = piece.starts_with(PROGRAM.as_bytes());
        runs.then(|| PathBuf::from(OsStr::from_bytes(&piece[tab + 1..])))
    };
    Ok(Some(pieces(&listed).filter_map(program).collect()))
}

/// A line for git that is this name, whatever is in it.
fn quote(path: &Path, lines: &mut Vec<u8>) {
    lines.push(b'"');
    for &byte in path.as_os_str().as_bytes() {
        match byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') {
            true => lines.push(byte),
            false => lines.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
        }
    }
    lines.extend_from_slice(b"\"\n");
}

/// The permissions of files as lines of a message. A name that is not UTF-8 cannot be asked for.
pub fn listed(taken: &[Taken], name: impl Fn(&str) -> String) -> String {
    let mut lines = String::new();
    for file in taken {
        let Some(path) = file.path.to_str() else { continue };
        match file.permissions {
            // Writing to a string does not fail.
            Some(permissions) => writeln!(lines, "{permissions:04o} {}", name(path)).ok(),
            None => writeln!(lines, "link {}", name(path)).ok(),
        };
    }
    lines
}

/// Permissions by path, as `listed` wrote them.
pub fn parse(lines: &str, name: impl Fn(&str) -> String) -> BTreeMap<PathBuf, Option<u32>> {
    let line = |line: &str| {
        let (permissions, path) = line.split_once(' ')?;
        let permissions = u32::from_str_radix(permissions, 8).ok();
        Some((PathBuf::from(name(path)), permissions))
    };
    // A name may end in a carriage return.
    lines.split('\n').filter_map(line).collect()
}

/// What shall be back at a path.
pub struct Wanted {
    pub path: PathBuf,
    pub link: bool,
    pub permissions: u32,
    pub object: String,
    pub bytes: u64,
}

/// Writes them. What could not be written, and why.
pub fn write(place: &Place<'_>, wanted: &[Wanted]) -> Result<BTreeMap<PathBuf, String>> {
    let mut failed = BTreeMap::new();
    let (large, small): (Vec<&Wanted>, Vec<&Wanted>) =
        wanted.iter().partition(|file| file.bytes > BATCH_BYTES);
    let mut rest = small.as_slice();
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |file: &&&Wanted| {
            bytes += file.bytes;
            bytes <= BATCH_BYTES
        };
        let count = rest.iter().take(BATCH_FILES).take_while(fits).count();
        let (now, later) = rest.split_at(count.max(1));
        rest = later;
        let input: String = now.iter().map(|file| format!("{}\n", file.object)).collect();
        let call = place.look(&["cat-file", "--batch"]).input(input.into_bytes()).long();
        let printed = call.read().map_err(fault)?;
        let mut left = printed.as_slice();
        for file in now {
            let content = next_object(&mut left, file)?;
            put(place, file, &mut &content[..], &mut failed);
        }
    }
    for file in large {
        let dir = tempfile::tempdir_in(&place.checkout.git_dir);
        let dir = dir.map_err(|error| io(&place.checkout.git_dir, &error))?;
        let call = place.git.act(dir.path(), &["unpack-file", &file.object]);
        let call = call.env("GIT_DIR", &place.checkout.git_dir).env("GIT_WORK_TREE", dir.path());
        let at = dir.path().join(call.long().line().map_err(fault)?);
        let mut content = File::open(&at).map_err(|error| io(&at, &error))?;
        put(place, file, &mut content, &mut failed);
    }
    Ok(failed)
}

/// `<object> blob <size>`, the content, a line end (git-cat-file(1), "BATCH OUTPUT").
fn next_object<'p>(left: &mut &'p [u8], file: &Wanted) -> Result<&'p [u8]> {
    let begin = format!("{} blob {}\n", file.object, file.bytes);
    let size = usize::try_from(file.bytes).unwrap_or(usize::MAX);
    let content = left.strip_prefix(begin.as_bytes()).and_then(|rest| rest.split_at_checked(size));
    let Some((content, rest)) = content else {
        let said = text(left.split(|&b| b == b'\n').next().unwrap_or_default());
        let text = format!("git cat-file said `{said}` of {}", file.path.display());
        return Err(Fault::new(FaultCode::Io, text));
    };
    *left = rest.strip_prefix(b"\n").unwrap_or(rest);
    Ok(content)
}

fn put(
    place: &Place<'_>,
    file: &Wanted,
    from: &mut dyn std::io::Read,
    failed: &mut BTreeMap<PathBuf, String>,
) {
    let directory_mode = private::directory_mode(place.git.script_environment());
    let write = |content| below::write(&place.root, &file.path, content, directory_mode);
    let written = match file.link {
        true => {
            let mut target = Vec::new();
            from.read_to_end(&mut target)
                .and_then(|_| write(Content::Link(std::ffi::OsStr::from_bytes(&target))))
        }
        false => write(Content::File { from, permissions: file.permissions }),
    };
    if let Err(error) = written {
        failed.insert(file.path.clone(), error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_come_back_from_their_lines() {
        let file = |path: &str, permissions| Taken {
            path: path.into(),
            mode: FILE,
            permissions,
            object: String::new(),
        };
        let files = [file("a b", Some(0o600)), file("l", None), file("x", Some(0o4))];
        let lines = listed(&files, str::to_owned);
        let parsed = parse(&lines, str::to_owned);
        let expected: BTreeMap<PathBuf, Option<u32>> =
            files.iter().map(|file| (file.path.clone(), file.permissions)).collect();
        assert_eq!(parsed, expected);
    }
}
