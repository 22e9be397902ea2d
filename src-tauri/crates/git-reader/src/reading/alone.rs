//! Commits that are nowhere else: what would be lost with a worktree or a repository.
//!
//! Promise: counted up to a bound; where history is cut or replaced there is no number, because git
//! would count otherwise.

use crate::child::look::Stop;
use crate::limits::ALONE_MAX_COMMITS;
use crate::reading::head::{BRANCHES, Tip};
use crate::reading::place::Place;
use crate::reading::{distance, guard};
use crate::values::answer::AloneCount;
use crate::values::request::Alone;
use git2::{ErrorCode, Oid, Repository};

const REMOTES: &str = "refs/remotes/";
const STASH: &str = "refs/stash";

pub fn count(
    repository: &Repository,
    place: &Place,
    tip: &Tip,
    asked: &Alone,
) -> Result<AloneCount, Stop> {
    let mut tips: Vec<Oid> = tip.commit.into_iter().collect();
    let mut known = Vec::new();
    match asked {
        Alone::Worktree { branch, base } => {
            let own = [BRANCHES.as_bytes(), branch.as_bytes()].concat();
            let Ok(own) = String::from_utf8(own) else {
                return Ok(unknown("its branch is not UTF-8"));
            };
            tips.extend(reference(repository, place, &own)?);
            let base = Oid::from_str(base.as_str())?;
            // It was there before, so it is read only where there is something beyond it.
            if tips.iter().all(|tip| *tip == base) {
                return Ok(AloneCount::Known { count: 0 });
            }
            known.push(base);
            let others = |name: &str| name != own && tip.reference.as_deref() != Some(name);
            known.extend(all(repository, place, BRANCHES, others)?);
        }
        Alone::Repository => {
            tips.extend(all(repository, place, BRANCHES, |_| true)?);
            tips.extend(reference(repository, place, STASH)?);
        }
    }
    known.extend(all(repository, place, REMOTES, |_| true)?);
    if tips.iter().all(|tip| known.contains(tip)) {
        return Ok(AloneCount::Known { count: 0 });
    }
    if let Err(why) = distance::whole(repository, place) {
        return Ok(AloneCount::Unknown { why });
    }
    let mut walk = repository.revwalk()?;
    tips.into_iter().try_for_each(|tip| walk.push(tip))?;
    known.into_iter().try_for_each(|known| walk.hide(known))?;
    let mut count = 0;
    for commit in walk {
        commit?;
        count += 1;
        if count > ALONE_MAX_COMMITS {
            return Ok(AloneCount::Many);
        }
    }
    Ok(AloneCount::Known { count })
}

fn unknown(why: &str) -> AloneCount {
    AloneCount::Unknown { why: why.into() }
}

/// What it names, where it is there.
fn reference(repository: &Repository, place: &Place, name: &str) -> Result<Option<Oid>, Stop> {
    guard::reference(place, name.as_bytes())?;
    match repository.find_reference(name).and_then(|found| found.resolve()) {
        Ok(found) => Ok(found.target()),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What all references below `prefix` name whose names are `wanted`.
fn all(
    repository: &Repository,
    place: &Place,
    prefix: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Oid>, Stop> {
    guard::references(place, prefix)?;
    let mut found = Vec::new();
    for reference in repository.references_glob(&format!("{prefix}*"))? {
        let reference = reference?;
        if reference.name().is_ok_and(&wanted) {
            // `origin/HEAD` may name a branch that is gone; git passes over it too.
            found.extend(reference.resolve().ok().and_then(|reference| reference.target()));
        }
    }
    Ok(found)
}
