//! One act on one session's work.

use crate::acts::{commit, discard, draft, merge, push, rebase, restore, stage};
use crate::diffs::{changes, file, image};
use crate::forge::pull_request;
use crate::place::{Place, Recorded, Result, fault, refused};
use nightshift_model::shell::word;
use nightshift_protocol::review::{ReviewAct, ReviewResult};
use nightshift_worktree::{
    Environment, Git, Ledger, Phase, Repository, named_by_head, refuse_symbolic_in, reopen,
};
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

/// Where a session works and what its work began from.
struct Lodging {
    dir: PathBuf,
    recorded: Option<Recorded>,
    /// Its own worktree, which everything is done in then, and the main checkout.
    worktree: Option<PathBuf>,
    main: Option<PathBuf>,
    /// The git directory that the worktree was made from.
    common: Option<PathBuf>,
    /// The branch that was made with it.
    branch: Option<String>,
}

fn lodging(subject: &Subject) -> Result<Lodging> {
    let given = || Lodging {
        dir: subject.dir.clone(),
        recorded: subject.recorded.clone(),
        worktree: None,
        main: None,
        common: None,
        branch: None,
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
            let (main, common, branch) = (Some(root), Some(common), Some(record.branch));
            Lodging { dir, recorded, worktree, main, common, branch }
        }
        Some(_) | None => given(),
    })
}

/// A branch that stands for another one: what is committed to it would go to that. `own`: the session's branch,
/// which is the only one that is acted on then.
fn refuse_other_branch(place: &Place<'_>, own: Option<&str>) -> Result<()> {
    let Some(named) = named_by_head(place.git, &place.checkout).map_err(fault)? else {
        return Ok(());
    };
    let named = named.strip_prefix("refs/heads/").unwrap_or(&named);
    if let Some(branch) = place.branch.as_ref().filter(|branch| *branch != named) {
        let text = format!("the branch {named} stands for {branch}; nothing was changed");
        let hint = format!("end that with `git symbolic-ref --delete refs/heads/{named}`");
        return Err(refused(text, hint));
    }
    let Some(own) = own.filter(|own| *own != named) else { return Ok(()) };
    let text = format!(
        "HEAD of {} names the branch {named}, and the branch of this session is {own}; nothing was changed",
        place.root.display()
    );
    Err(refused(text, way_back(place, own, named)?))
}

/// How its work comes to the session's branch: an agent may have begun another one, or renamed its own.
fn way_back(place: &Place<'_>, own: &str, named: &str) -> Result<String> {
    let own_ref = format!("refs/heads/{own}");
    let known = place.look(&["rev-parse", "--verify", "--quiet"]).arg(&own_ref).find();
    let (own, named) = (word(own), word(named));
    Ok(match known.map_err(fault)? {
        Some(_) => {
            format!(
                "take its work over with `git switch {own} && git merge {named}` there, or use git itself"
            )
        }
        None => {
            format!(
                "give it its name back with `git branch -m {named} {own}` there, or use git itself"
            )
        }
    })
}

/// Acts that touch files or the index alone, wherever HEAD is.
fn moves_branches(act: &ReviewAct) -> bool {
    match act {
        ReviewAct::Changes
        | ReviewAct::File { .. }
        | ReviewAct::Image { .. }
        | ReviewAct::Stage { .. }
        | ReviewAct::Unstage { .. }
        | ReviewAct::Discard { .. }
        | ReviewAct::Restore { .. } => false,
        ReviewAct::Commit { .. }
        | ReviewAct::Push
        | ReviewAct::PullRequest { .. }
        | ReviewAct::Rebase
        | ReviewAct::Merge => true,
    }
}

/// `env`: the user's, for hooks, credentials, filters and the forges' own programs.
pub fn act(subject: &Subject, env: &Environment, act: &ReviewAct) -> Result<ReviewResult> {
    let git = Git::new(env);
    let Lodging { dir, recorded, worktree, main, common, branch } = lodging(subject)?;
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
        let own = branch.as_deref().filter(|_| moves_branches(act));
        refuse_other_branch(&place, own)?;
        if moves_branches(act) {
            refuse_symbolic_in(&git, &place.checkout).map_err(fault)?;
        }
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
        ReviewAct::Restore { rescue, paths } => restore::restore(&place, id, rescue, paths),
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
