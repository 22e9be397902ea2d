//! What is checked out, and what it is to be compared with.

use crate::child::look::Stop;
use crate::limits::COMMIT_MAX_BYTES;
use crate::reading::distance::Distance;
use crate::reading::guard;
use crate::reading::place::Place;
use crate::values::answer::{Counts, Head, Operation, Unknown, UnknownKind, Upstream};
use crate::values::bytes::Bytes;
use git2::{ErrorCode, Oid, Repository, RepositoryState};

pub const BRANCHES: &str = "refs/heads/";

/// HEAD, and the whole name of the branch in it.
pub struct Tip {
    pub head: Head,
    pub commit: Option<Oid>,
    pub reference: Option<String>,
}

pub fn head(repository: &Repository) -> Result<Tip, Stop> {
    let pointer = repository.find_reference("HEAD")?;
    let Some(name) = pointer.symbolic_target_bytes() else {
        let id = pointer.target().ok_or_else(|| damaged("HEAD names nothing"))?;
        let commit = commit(repository, id)?;
        let head = Head::Detached { commit: commit.into() };
        return Ok(Tip { head, commit: Some(commit), reference: None });
    };
    let short = Bytes::from(name.strip_prefix(BRANCHES.as_bytes()).unwrap_or(name));
    let reference = std::str::from_utf8(name).ok().map(str::to_owned);
    match repository.head() {
        Ok(resolved) => {
            let id = resolved.target().ok_or_else(|| damaged("the branch names no commit"))?;
            let commit = commit(repository, id)?;
            let head = Head::Branch { name: short, commit: commit.into() };
            Ok(Tip { head, commit: Some(commit), reference })
        }
        Err(error) if error.code() == ErrorCode::UnbornBranch => {
            Ok(Tip { head: Head::Unborn { name: short }, commit: None, reference })
        }
        Err(error) => Err(error.into()),
    }
}

/// A commit that is there and of a sane size.
pub fn commit(repository: &Repository, id: Oid) -> Result<Oid, Stop> {
    let (size, _) = repository.odb()?.read_header(id)?;
    if size > COMMIT_MAX_BYTES {
        let text = format!("commit {id} has {size} bytes; {COMMIT_MAX_BYTES} are read");
        return Err(Unknown::new(UnknownKind::Refused, text).into());
    }
    // Whatever has this id must be a commit.
    Ok(repository.find_commit(id)?.id())
}

/// While the repository's own configuration counts: it names the upstream.
pub fn upstream(
    repository: &Repository,
    place: &Place,
    tip: &Tip,
    distance: &mut Distance<'_>,
) -> Result<Option<Upstream>, Stop> {
    let Some(reference) = &tip.reference else { return Ok(None) };
    let name = match repository.branch_upstream_name(reference) {
        Ok(name) => name.to_vec(),
        // No upstream, or a branch that is none.
        Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    guard::reference(place, &name)?;
    let name_of = Bytes::from(&name[..]);
    let unknown = |why: &str| Counts::Unknown { why: why.into() };
    let counts = match (tip.commit, std::str::from_utf8(&name)) {
        (None, _) => unknown("there is no commit yet"),
        (_, Err(_)) => unknown("its name is not UTF-8"),
        (Some(own), Ok(name)) => match repository.find_reference(name).and_then(|r| r.resolve()) {
            Err(error) if error.code() == ErrorCode::NotFound => Counts::Gone,
            Err(error) => return Err(error.into()),
            Ok(found) => match found.target() {
                Some(other) => distance.counts(own, other),
                None => unknown("it names no commit"),
            },
        },
    };
    Ok(Some(Upstream { name: name_of, counts }))
}

pub fn operation(repository: &Repository) -> Option<Operation> {
    match repository.state() {
        RepositoryState::Clean => None,
        RepositoryState::Merge => Some(Operation::Merge),
        RepositoryState::Revert | RepositoryState::RevertSequence => Some(Operation::Revert),
        RepositoryState::CherryPick | RepositoryState::CherryPickSequence => {
            Some(Operation::CherryPick)
        }
        RepositoryState::Bisect => Some(Operation::Bisect),
        RepositoryState::Rebase
        | RepositoryState::RebaseInteractive
        | RepositoryState::RebaseMerge
        | RepositoryState::ApplyMailboxOrRebase => Some(Operation::Rebase),
        RepositoryState::ApplyMailbox => Some(Operation::ApplyMailbox),
    }
}

fn damaged(why: &str) -> Stop {
    Unknown::new(UnknownKind::Damaged, why).into()
}
