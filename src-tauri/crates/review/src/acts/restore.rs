//! Bringing back what a discard took.
//!
//! Promise: what is there now is kept first; files are back byte for byte, with their permissions, and what
//! was staged is staged again; what cannot come back keeps nothing else away and is named.

use crate::acts::beside::Beside;
use crate::acts::bytes::Wanted;
use crate::acts::discard::{MESSAGE, findable};
use crate::acts::keep::{AS_THEY_WERE, of_line};
use crate::acts::stage::named;
use crate::acts::take::{Left, holds_nothing};
use crate::acts::{bytes, keep, overwritten, take};
use crate::place::{Place, Result, fault, refused};
use nightshift_platform::below;
use nightshift_protocol::review::ReviewResult;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{RESCUES, pieces, text};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A rescue as it was made.
struct Kept {
    commit: String,
    /// What the discard took.
    taken: Vec<String>,
    /// Rescues of older versions hold files as git takes them.
    is_exact: bool,
    /// Files that are kept byte for byte, and their permissions; none of a link.
    as_they_were: BTreeMap<PathBuf, Option<u32>>,
    beside: Beside,
    entries: BTreeMap<PathBuf, Entry>,
}

/// A file of a rescue.
struct Entry {
    mode: String,
    object: String,
    bytes: u64,
}

/// Permissions where a rescue has none: as git makes a file.
const USUAL: u32 = 0o644;
/// A repository inside.
const REPOSITORY: &str = "160000";

/// Brings files back as they were when `rescue` was made, without names all that the discard took;
/// what is there now is kept first.
pub fn restore(
    place: &Place<'_>,
    id: &str,
    rescue: &str,
    paths: &[String],
) -> Result<ReviewResult> {
    let own = format!("{RESCUES}{id}-");
    let commit = match rescue.starts_with(&own) {
        true => place.tip(rescue)?,
        false => None,
    };
    let Some(commit) = commit else {
        let text = format!("there is no rescue `{rescue}` of this session");
        return Err(Fault::new(FaultCode::NotFound, text)
            .hint("list them with `git for-each-ref refs/nightshift/rescue`"));
    };
    let kept = read(place, commit)?;
    let named = if paths.is_empty() { &kept.taken } else { paths };
    let files: BTreeSet<PathBuf> = kept.entries.keys().cloned().collect();
    let known = known(place)?;
    refuse_unknown(&kept, &known, paths)?;
    let named = findable(&files, named)?;
    refuse_unkept(place, &files, &named)?;
    let now = keep::files(place)?;
    let meets = |path: &PathBuf| named.iter().any(|named| meet(path, Path::new(named)));
    let lost = now.left.keys().filter(|path| meets(path) && !holds_nothing(&place.root, path));
    overwritten::refuse_all(&place.root, &lost.cloned().collect::<Vec<_>>())?;
    now.keep(place, id, "kept before a discard was undone")?;
    let wanted = |path: &Path| named.iter().any(|named| path.starts_with(named));
    let mut left = Left::new();
    // What was not there then goes first: it may be where something else comes back.
    for path in known.iter().filter(|path| wanted(path) && !kept.entries.contains_key(*path)) {
        match below::remove(&place.root, path) {
            Ok(()) => {}
            Err(error) if is_gone(error.kind()) => {}
            Err(error) => {
                left.insert(path.clone(), error.to_string());
            }
        }
    }
    let missing = kept.beside.missing(place)?;
    write(place, &kept, &wanted, &mut left)?;
    missing.permit(place, &mut left);
    stage_again(place, &kept, &wanted, &mut left)?;
    kept.beside.announce(place, &wanted)?;
    if left.is_empty() {
        return Ok(ReviewResult::Done);
    }
    let hint = format!("all others are back; these are in {rescue}");
    Err(refused(format!("not brought back: {}", take::said(&left)), hint))
}

/// No file is there.
fn is_gone(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory)
}

fn read(place: &Place<'_>, commit: String) -> Result<Kept> {
    // From the commit itself: `git log` may recode it.
    let message = place.look(&["cat-file", "commit", &commit]).read().map_err(fault)?;
    let message = text(&message);
    let message = message.split_once("\n\n").map_or("", |(_, message)| message);
    let exact = message.split_once(AS_THEY_WERE);
    let (message, as_they_were) = exact.unwrap_or((message, ""));
    let list = message.strip_prefix(MESSAGE).unwrap_or_default();
    let taken = list.split('\n').filter(|line| !line.is_empty()).map(of_line).collect();
    let beside = Beside::parse(as_they_were);
    let as_they_were = bytes::parse(as_they_were, of_line);
    let is_exact = exact.is_some();
    let tree = place.look(&["ls-tree", "-r", "-l", "-z", "--full-tree", &commit]);
    let tree = tree.long().read().map_err(fault)?;
    let mut entries = BTreeMap::new();
    for piece in pieces(&tree) {
        // `<mode> <kind> <object> <size>\t<path>`
        let tab = piece.iter().position(|&b| b == b'\t').unwrap_or(piece.len());
        let fields = text(&piece[..tab]);
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let (&[mode, _, object, bytes], Some(path)) = (fields.as_slice(), piece.get(tab + 1..))
        else {
            let text = format!("git ls-tree said `{}`", text(piece));
            return Err(Fault::new(FaultCode::Io, text));
        };
        let bytes = bytes.parse().unwrap_or_default();
        let entry = Entry { mode: mode.to_owned(), object: object.to_owned(), bytes };
        entries.insert(PathBuf::from(OsStr::from_bytes(path)), entry);
    }
    Ok(Kept { commit, taken, is_exact, as_they_were, beside, entries })
}

/// Files of the index.
fn known(place: &Place<'_>) -> Result<BTreeSet<PathBuf>> {
    let listed = place.look(&["ls-files", "--cached", "-z"]).long().read().map_err(fault)?;
    Ok(pieces(&listed).map(|name| PathBuf::from(OsStr::from_bytes(name))).collect())
}

/// A name that neither the rescue nor the index knows was mistyped.
fn refuse_unknown(kept: &Kept, known: &BTreeSet<PathBuf>, paths: &[String]) -> Result<()> {
    let knows = |path: &String| {
        let mut all = kept.entries.keys().chain(known);
        kept.taken.contains(path) || all.any(|known| known.starts_with(path))
    };
    match paths.iter().find(|path| !knows(path)) {
        None => Ok(()),
        Some(path) => {
            Err(refused(format!("{path} is not in this rescue"), "list it with `git show`"))
        }
    }
}

/// What is there now and would be written over without being kept: ignored files, repositories.
fn refuse_unkept(place: &Place<'_>, files: &BTreeSet<PathBuf>, paths: &[String]) -> Result<()> {
    let wanted = paths.iter().map(|path| path.trim_end_matches('/')).collect::<Vec<_>>();
    let below = |file: &&PathBuf| wanted.iter().any(|path| file.starts_with(path));
    let files = files.iter().filter(below).cloned().collect();
    let mut lost = overwritten::in_the_way(place, &place.checkout, &files)?;
    let all = place.uncommitted()?;
    let keeps = |path: &Path| {
        let inner = path.as_os_str().as_bytes().ends_with(b"/");
        !inner && all.iter().any(|change| change.untracked && change.path == path)
    };
    lost.retain(|path| !keeps(path));
    overwritten::refuse_all(&place.root, &lost)
}

/// One is the other, or lies in it.
fn meet(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// The files themselves.
fn write(
    place: &Place<'_>,
    kept: &Kept,
    wanted: &impl Fn(&Path) -> bool,
    left: &mut Left,
) -> Result<()> {
    let (mut as_they_were, mut by_git) = (Vec::new(), Vec::new());
    for (path, entry) in kept.entries.iter().filter(|(path, _)| wanted(path)) {
        match kept.as_they_were.get(path) {
            Some(permissions) if entry.mode != REPOSITORY => as_they_were.push(Wanted {
                path: path.clone(),
                link: entry.mode == bytes::LINK,
                permissions: permissions.unwrap_or(USUAL),
                object: entry.object.clone(),
                bytes: entry.bytes,
            }),
            Some(_) | None => by_git.extend(path.to_str().map(str::to_owned)),
        }
    }
    if !by_git.is_empty() {
        let call = place.act(&["restore", "--worktree"]).arg(format!("--source={}", kept.commit));
        named(call, &by_git)?.long().read().map_err(fault)?;
    }
    left.extend(bytes::write(place, &as_they_were)?);
    Ok(())
}

/// The index, as far as nothing else was staged or committed there since.
fn stage_again(
    place: &Place<'_>,
    kept: &Kept,
    wanted: &impl Fn(&Path) -> bool,
    left: &mut Left,
) -> Result<()> {
    let parent = |n: u32| place.tip(&format!("{}^{n}", kept.commit));
    let Some(base) = parent(1)?.filter(|_| kept.is_exact) else { return Ok(()) };
    let Some(staged) = parent(2)? else { return Ok(()) };
    let diff = ["-r", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=dirty"];
    let differs = |begin: &[&str], end: &[&str]| -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let mut call = place.look(begin);
        for arg in diff.iter().skip(usize::from(begin[0] == "diff-index")).chain(end) {
            call = call.arg(arg);
        }
        let printed = call.long().read().map_err(fault)?;
        let pieces: Vec<&[u8]> = pieces(&printed).collect();
        // `:<mode> <mode> <object> <object> <letter>`, then the path.
        let (rows, _) = pieces.as_chunks::<2>();
        let row = |[what, path]: &[&[u8]; 2]| {
            let what = text(what);
            let mut fields = what.trim_start_matches(':').split(' ');
            let (mode, object) = (fields.nth(1)?, fields.nth(1)?);
            let info = [format!("{mode} {object}\t").as_bytes(), path, b"\0"].concat();
            Some((PathBuf::from(OsStr::from_bytes(path)), info))
        };
        Ok(rows.iter().filter_map(row).collect())
    };
    let then = differs(&["diff-tree"], &[&base, &staged])?;
    if then.is_empty() {
        return Ok(());
    }
    let now = differs(&["diff-index", "--cached"], &[&base, "--"])?;
    let mut info = Vec::new();
    for (path, line) in then.iter().filter(|(path, _)| wanted(path)) {
        match now.get(path) {
            None => info.extend_from_slice(line),
            Some(there) if there == line => {}
            Some(_) => {
                let why = "the file is back, but something else was staged since".to_owned();
                left.entry(path.clone()).or_insert(why);
            }
        }
    }
    if info.is_empty() {
        return Ok(());
    }
    let call = place.act(&["update-index", "-z", "--index-info"]).input(info);
    call.long().read().map(|_| ()).map_err(fault)
}
