//! How many commits two branches are apart, counted up to a bound.
//!
//! Promise: one look never reads more than `DISTANCE_MAX_COMMITS` commits; where history is cut or replaced
//! there is no number, because git would count otherwise.

use crate::child::look::Stop;
use crate::limits::{DISTANCE_MAX_COMMITS, PATTERNS_MAX_BYTES};
use crate::reading::head::commit;
use crate::reading::place::Place;
use crate::reading::small;
use crate::values::answer::Counts;
use crate::values::words::Words;
use git2::{Oid, Repository};
use std::collections::{BinaryHeap, HashMap};

/// Which of the two a commit is reached from.
const OURS: u8 = 1;
const THEIRS: u8 = 2;
const BOTH: u8 = OURS | THEIRS;

/// From where a commit is reached, when it was made, its parents.
type Sides = HashMap<Oid, (u8, i64, Vec<Oid>)>;

/// Distances in one repository; the bound is for all of them together.
pub struct Distance<'a> {
    repository: &'a Repository,
    place: &'a Place,
    /// Whether history is whole, once that was asked.
    whole: Option<Result<(), Words>>,
    left: usize,
}

impl<'a> Distance<'a> {
    pub fn new(repository: &'a Repository, place: &'a Place) -> Distance<'a> {
        Distance { repository, place, whole: None, left: DISTANCE_MAX_COMMITS }
    }

    pub fn counts(&mut self, ours: Oid, theirs: Oid) -> Counts {
        if ours == theirs {
            return Counts::Known { ahead: 0, behind: 0 };
        }
        let (repository, place) = (self.repository, self.place);
        if let Err(why) = self.whole.get_or_insert_with(|| whole(repository, place)) {
            return Counts::Unknown { why: why.clone() };
        }
        match walk(repository, ours, theirs, &mut self.left) {
            Ok(Some((ahead, behind))) => Counts::Known { ahead, behind },
            Ok(None) => Counts::Far,
            Err(stop) => Counts::Unknown { why: stop.words() },
        }
    }
}

/// Why commits are not counted, where they are not.
pub fn whole(repository: &Repository, place: &Place) -> Result<(), Words> {
    match is_whole(repository, place) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Words::from("its history is cut or replaced")),
        Err(stop) => Err(stop.words()),
    }
}

/// No shallow clone, no grafts, nothing replaced.
fn is_whole(repository: &Repository, place: &Place) -> Result<bool, Stop> {
    let grafts = small::read(&place.common.join("info/grafts"), PATTERNS_MAX_BYTES)?;
    let grafted = grafts.is_some_and(|text| !text.trim_ascii().is_empty());
    Ok(!grafted && !repository.is_shallow() && !is_replaced(repository, place)?)
}

/// `refs/replace` holds something.
pub fn is_replaced(repository: &Repository, place: &Place) -> Result<bool, Stop> {
    // Loose ones by their directory, so that none of them is opened.
    match place.common.join("refs/replace").read_dir() {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Ok(true);
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(small::refused(&place.common, &error.to_string()).into()),
    }
    let mut packed = repository.references_glob("refs/replace/*")?;
    Ok(packed.names().next().is_some())
}

/// Commits only reached from `ours` and only from `theirs`; none when there are more than `left`.
///
/// The newest first, so that a common ancestor is met before what is behind it. A commit whose side
/// grows is looked at again, and the walk goes on until nothing older than a counted one is left:
/// clocks that went wrong cost time, not truth, unless they are wrong for the whole rest.
fn walk(
    repository: &Repository,
    ours: Oid,
    theirs: Oid,
    left: &mut usize,
) -> Result<Option<(usize, usize)>, Stop> {
    let mut sides = Sides::new();
    let mut queue = BinaryHeap::new();
    // Queued commits that are reached from one side only.
    let mut one_sided = 0_usize;
    let mut pending = vec![(ours, OURS), (theirs, THEIRS)];
    loop {
        while let Some((id, side)) = pending.pop() {
            if let Some((known, ..)) = sides.get(&id) {
                if known & side == side {
                    continue;
                }
            } else {
                if *left == 0 {
                    return Ok(None);
                }
                *left -= 1;
                let read = repository.find_commit(commit(repository, id)?)?;
                let parents = read.parent_ids().collect();
                sides.insert(id, (0, read.time().seconds(), parents));
            }
            if let Some((known, time, _)) = sides.get_mut(&id) {
                *known |= side;
                let now = *known;
                one_sided += usize::from(now != BOTH);
                queue.push((*time, id, now));
            }
        }
        let Some((time, id, side)) = queue.pop() else { break };
        one_sided -= usize::from(side != BOTH);
        // All that is left is common history.
        if one_sided == 0 && side == BOTH && oldest(&sides).is_none_or(|oldest| time < oldest) {
            break;
        }
        let Some((now, _, parents)) = sides.get(&id) else { break };
        pending.extend(parents.iter().map(|parent| (*parent, *now)));
    }
    let count = |wanted| sides.values().filter(|(side, ..)| *side == wanted).count();
    Ok(Some((count(OURS), count(THEIRS))))
}

/// When the oldest commit was made that counts so far.
fn oldest(sides: &Sides) -> Option<i64> {
    sides.values().filter(|(side, ..)| *side != BOTH).map(|(_, time, _)| *time).min()
}
