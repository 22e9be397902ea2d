//! One act on one session's work.

use crate::place::{Place, Recorded, Result, fault, refused};
use crate::{
    changes, commit, discard, draft, file, image, merge, pull_request, push, rebase, stage,
};
use nightshift_platform::files::read_bounded;
use nightshift_protocol::review::{ReviewAct, ReviewResult};
use nightshift_worktree::{Environment, Git, Ledger, Phase, Repository, reopen};
use std::path::PathBuf;

/// Whose work it is and where.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Names rescues.
    pub id: String,
    pub dir: PathBuf,
    pub recorded: Option<Recorded>,
    /// Where worktrees are written down. A session that has one works there, whatever `dir` says.
    pub ledger: PathBuf,
    /// What the session is called and what it said at last: the draft of a commit message.
    pub name: String,
    pub result: String,
}

/// One line.
const HEAD_MAX_BYTES: u64 = 16 * 1024;
/// What HEAD names where branches are not files (git-init(1), `--ref-format`).
const ELSEWHERE: &str = ".invalid";

/// Where a session works and what its work began from.
struct Lodging {
    dir: PathBuf,
    recorded: Option<Recorded>,
    /// Its own worktree, which everything is done in then, and the main checkout.
    worktree: Option<PathBuf>,
    main: Option<PathBuf>,
    /// The git directory that the worktree was made from.
    common: Option<PathBuf>,
}

fn lodging(subject: &Subject) -> Result<Lodging> {
    let given = || Lodging {
        dir: subject.dir.clone(),
        recorded: subject.recorded.clone(),
        worktree: None,
        main: None,
        common: None,
    };
    if !subject.ledger.is_dir() {
        return Ok(given());
    }
    let ledger = Ledger::open(&subject.ledger).map_err(fault)?;
    Ok(match ledger.record(&subject.id).map_err(fault)? {
        Some(record) if record.phase != Phase::Reserved => {
            // A worktree without its `.git` lies in the main checkout: git would act on that.
            let record = reopen(&ledger, &record.id).map_err(fault)?;
            let (dir, base, worktree) = (record.cwd(), record.base, Some(record.path));
            let recorded = Some(Recorded { commit: base.commit, label: base.label });
            let Repository { root, common, .. } = record.repository;
            Lodging { dir, recorded, worktree, main: Some(root), common: Some(common) }
        }
        Some(_) | None => given(),
    })
}

/// A branch that stands for another one: what is committed to it would go to that.
fn refuse_stand_in(place: &Place<'_>) -> Result<()> {
    let Some(branch) = &place.branch else { return Ok(()) };
    let file = place.checkout.git_dir.join("HEAD");
    let head = read_bounded(&file, HEAD_MAX_BYTES).map_err(|error| file::io(&file, &error))?;
    let head = String::from_utf8_lossy(&head);
    let named = head.trim_end().strip_prefix("ref: refs/heads/");
    // With other kinds of storage the file says nothing.
    match named.filter(|named| *named != branch && *named != ELSEWHERE) {
        None => Ok(()),
        Some(named) => {
            let text = format!("the branch {named} stands for {branch}; nothing was changed");
            let hint = "end that with `git symbolic-ref --delete`, or use another branch";
            Err(refused(text, hint))
        }
    }
}

/// `env`: the user's, for hooks, credentials, filters and the forges' own programs.
pub fn act(subject: &Subject, env: &Environment, act: &ReviewAct) -> Result<ReviewResult> {
    let git = Git::new(env);
    let Lodging { dir, recorded, worktree, main, common } = lodging(subject)?;
    let place = Place { main, ..Place::find(&git, &dir, recorded.as_ref())? };
    if let Some(worktree) = worktree.filter(|worktree| *worktree != place.root) {
        let text = format!("git takes {} for {}", place.root.display(), worktree.display());
        return Err(refused(text, "a repository was made on the way there; look at it by hand"));
    }
    let now = &place.checkout.common;
    if common.is_some_and(|common| common != *now) {
        let text = format!("{} belongs to {} now", place.root.display(), now.display());
        return Err(refused(text, "its `commondir` was changed; look at it by hand"));
    }
    let looks =
        matches!(act, ReviewAct::Changes | ReviewAct::File { .. } | ReviewAct::Image { .. });
    if !looks {
        refuse_stand_in(&place)?;
    }
    let id = subject.id.as_str();
    match act {
        ReviewAct::Changes => {
            let mut changes = changes::changes(&place)?;
            changes.draft = draft::draft(&subject.name, &subject.result);
            Ok(ReviewResult::Changes { changes: Box::new(changes) })
        }
        ReviewAct::File { path, old_path, from } => {
            let page = file::page(&place, path, old_path.as_deref(), *from)?;
            Ok(ReviewResult::File { page })
        }
        ReviewAct::Image { path, old_path } => image::image(&place, path, old_path.as_deref()),
        ReviewAct::Stage { paths } => stage::stage(&place, paths),
        ReviewAct::Unstage { paths } => stage::unstage(&place, paths),
        ReviewAct::Discard { paths } => discard::discard(&place, id, paths),
        ReviewAct::Restore { rescue, paths } => discard::restore(&place, id, rescue, paths),
        ReviewAct::Commit { message, all, amend } => {
            commit::commit(&place, id, &commit::Order { message, all: *all, amend: *amend })
        }
        ReviewAct::Push => {
            let pushed = push::push(&place)?;
            Ok(ReviewResult::Pushed { remote: pushed.remote, branch: pushed.branch })
        }
        ReviewAct::PullRequest { title, body } => pull_request::open(&place, title, body),
        ReviewAct::Rebase => rebase::rebase(&place, id),
        ReviewAct::Merge => merge::merge(&place, id),
    }
}
