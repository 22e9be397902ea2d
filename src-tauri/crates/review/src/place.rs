//! Where the work is, what it began from and where it shall go.

use nightshift_model::counted::counted;
use nightshift_protocol::review::ReviewBase;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{
    Call, Change, Checkout, Error, Git, Kind, STATUS_ARGS, changes, operation,
};
use std::path::{Path, PathBuf};

/// Branches that many repositories agree on.
const USUAL: &[&str] = &["main", "master", "trunk", "develop"];

pub type Result<T> = std::result::Result<T, Fault>;

/// What was written down when the session's worktree was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub commit: String,
    /// A branch's name, or other words.
    pub label: String,
}

/// A checkout under review.
pub struct Place<'a> {
    pub git: &'a Git,
    pub checkout: Checkout,
    /// The checkout's directory, for all that is not git.
    pub root: PathBuf,
    /// None before the first commit.
    pub head: Option<String>,
    pub branch: Option<String>,
    pub base: ReviewBase,
    /// Of a worktree of ours: the main checkout, as it was when the worktree was made. git itself knows
    /// only its git directory where that lies elsewhere.
    pub main: Option<PathBuf>,
}

/// What went wrong below, in the protocol's words.
pub fn fault(error: Error) -> Fault {
    let code = match error.kind {
        Kind::Refused | Kind::Taken => FaultCode::Refused,
        Kind::NotFound => FaultCode::NotFound,
        Kind::Ambiguous => FaultCode::Ambiguous,
        Kind::Busy => FaultCode::Limit,
        Kind::Git | Kind::Script | Kind::Io => FaultCode::Io,
    };
    Fault::new(code, error.message).hint(error.hint)
}

pub fn refused(message: impl Into<String>, hint: impl Into<String>) -> Fault {
    Fault::new(FaultCode::Refused, message).hint(hint)
}

impl<'a> Place<'a> {
    pub fn find(git: &'a Git, dir: &Path, recorded: Option<&Recorded>) -> Result<Place<'a>> {
        if !dir.is_dir() {
            let text = format!("the directory {} is gone", dir.display());
            let hint = "what was in a removed worktree comes back with `nightshift undo`";
            return Err(Fault::new(FaultCode::NotFound, text).hint(hint));
        }
        let Some(checkout) = Checkout::of(git, dir).map_err(fault)? else {
            let text = format!("{} is not in a checkout of a git repository", dir.display());
            return Err(refused(text, "there is nothing to compare with; run `git init` to begin"));
        };
        let root = checkout.root.clone();
        let head = tip(git, &checkout, "HEAD")?;
        // Not git's short form: that is `heads/x` when a tag is called `x` too.
        let branch =
            checkout.look(git, &["symbolic-ref", "--quiet", "HEAD"]).find().map_err(fault)?;
        let short = |name: String| name.strip_prefix("refs/heads/").map(str::to_owned);
        let branch = branch.and_then(short);
        let base = base(git, &checkout, head.as_deref(), branch.as_deref(), recorded)?;
        Ok(Place { main: None, git, checkout, root, head, branch, base })
    }

    pub fn look(&'a self, args: &[&str]) -> Call<'a> {
        self.checkout.look(self.git, args)
    }

    pub fn act(&'a self, args: &[&str]) -> Call<'a> {
        self.checkout.act(self.git, args)
    }

    pub fn tip(&self, name: &str) -> Result<Option<String>> {
        tip(self.git, &self.checkout, name)
    }

    /// What is not committed.
    pub fn uncommitted(&self) -> Result<Vec<Change>> {
        changes(self.look(STATUS_ARGS).long()).map_err(fault)
    }

    /// The last commit, which most acts need.
    pub fn head(&self) -> Result<&str> {
        self.head.as_deref().ok_or_else(|| {
            refused("the repository has no commit yet", "make the first commit, then look again")
        })
    }

    /// The work's own branch.
    pub fn branch(&self) -> Result<&str> {
        self.branch.as_deref().ok_or_else(|| {
            let hint = "give it one with `git switch -c <name>`";
            refused(format!("{} is on no branch", self.root.display()), hint)
        })
    }

    /// The branch that the work goes into, and its commit.
    pub fn target(&self) -> Result<(&str, String)> {
        let none = || {
            let on = self.branch.as_deref().unwrap_or("its base");
            refused(
                format!("the work is on {on} itself"),
                "commit it there; nothing is to be merged",
            )
        };
        let target = self.base.target.as_deref().ok_or_else(none)?;
        let commit = self.tip(&format!("refs/heads/{target}"))?.ok_or_else(none)?;
        Ok((target, commit))
    }

    /// Refuses while files are changed that git knows of.
    pub fn refuse_uncommitted(&self, checkout: &Checkout, what: &str) -> Result<()> {
        let dir = &checkout.root;
        let look = || changes(checkout.look(self.git, STATUS_ARGS).long()).map_err(fault);
        let mut all = look()?;
        if all.iter().any(|change| !change.untracked) {
            // A look runs no filter, so a file that one governs looks changed when only its time is new. The
            // index learns the time from an act, in which the user's own filters count.
            checkout.refresh(self.git).map_err(fault)?;
            all = look()?;
        }
        let tracked = all.iter().filter(|change| !change.untracked).count();
        if tracked == 0 {
            return Ok(());
        }
        let text =
            format!("{} has {}; {what}", dir.display(), counted(tracked, "uncommitted change"));
        Err(refused(text, "commit or discard them first"))
    }

    pub fn is_ancestor(&self, old: &str, new: &str) -> Result<bool> {
        is_ancestor(self.git, &self.checkout, old, new)
    }

    /// Commits of `range`.
    pub fn count(&self, range: &str) -> Result<u32> {
        let line = self.look(&["rev-list", "--count", range, "--"]).line().map_err(fault)?;
        line.parse().map_err(|_| Fault::new(FaultCode::Io, format!("git counted `{line}`")))
    }

    /// What is not finished in it and ends in a commit.
    pub fn under_way(&self) -> Option<&'static str> {
        operation(&self.checkout.git_dir).filter(|name| *name != "bisect")
    }

    /// Files that a merge or rebase left undecided.
    pub fn unmerged(&self, checkout: &Checkout) -> Result<Vec<String>> {
        let args = ["diff", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty"];
        let call = checkout.look(self.git, &args);
        let call = call.arg("--name-only").arg("--diff-filter=U").arg("-z");
        let names = call.read().map_err(fault)?;
        Ok(nightshift_worktree::pieces(&names).map(nightshift_worktree::text).collect())
    }

    /// Branches that are never pushed to: what the work began from, and what everybody shares.
    pub fn is_protected(&self, branch: &str) -> Result<bool> {
        let shared = default_branch(self.git, &self.checkout)?;
        Ok(self.base.target.as_deref() == Some(branch)
            || self.base.label == branch
            || shared.as_deref() == Some(branch)
            || USUAL.contains(&branch))
    }
}

fn tip(git: &Git, checkout: &Checkout, name: &str) -> Result<Option<String>> {
    let name = format!("{name}^{{commit}}");
    let args = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
    checkout.look(git, &args).arg(name).find().map_err(fault)
}

fn is_ancestor(git: &Git, checkout: &Checkout, old: &str, new: &str) -> Result<bool> {
    let found = checkout.look(git, &["merge-base", "--is-ancestor", old, new]).find();
    found.map(|found| found.is_some()).map_err(fault)
}

fn merge_base(git: &Git, checkout: &Checkout, one: &str, other: &str) -> Result<Option<String>> {
    checkout.look(git, &["merge-base", one, other]).find().map_err(fault)
}

/// The branch that the remote calls its first, else a usual name that is there.
fn default_branch(git: &Git, checkout: &Checkout) -> Result<Option<String>> {
    let args = ["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"];
    let remote = checkout.look(git, &args).find().map_err(fault)?;
    let named = remote.as_deref().and_then(|name| name.strip_prefix("origin/"));
    for name in named.into_iter().chain(USUAL.iter().copied()) {
        if tip(git, checkout, &format!("refs/heads/{name}"))?.is_some() {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

fn base(
    git: &Git,
    checkout: &Checkout,
    head: Option<&str>,
    branch: Option<&str>,
    recorded: Option<&Recorded>,
) -> Result<ReviewBase> {
    let Some(head) = head else {
        return Ok(ReviewBase { commit: None, label: "nothing yet".into(), target: None });
    };
    let mut target = None;
    if let Some(label) = recorded.map(|recorded| recorded.label.as_str())
        && tip(git, checkout, &format!("refs/heads/{label}"))?.is_some()
    {
        target = Some(label.to_owned());
    }
    let target = match target {
        Some(target) => Some(target),
        None => default_branch(git, checkout)?,
    };
    let target = target.filter(|target| Some(target.as_str()) != branch);
    let begun = match (&target, branch) {
        (Some(target), _) => merge_base(git, checkout, head, &format!("refs/heads/{target}"))?,
        (None, Some(_)) => match tip(git, checkout, "@{upstream}")? {
            Some(upstream) => merge_base(git, checkout, head, &upstream)?,
            None => None,
        },
        (None, None) => None,
    };
    // The recorded commit is what the work began from, until it was moved onto a newer one.
    if let Some(recorded) = recorded
        && tip(git, checkout, &recorded.commit)?.is_some()
        && is_ancestor(git, checkout, &recorded.commit, head)?
    {
        let moved = match &begun {
            Some(begun) => is_ancestor(git, checkout, &recorded.commit, begun)?,
            None => false,
        };
        let commit = if moved { begun } else { Some(recorded.commit.clone()) };
        return Ok(ReviewBase { commit, label: recorded.label.clone(), target });
    }
    let label = match (&target, &begun) {
        (Some(target), Some(_)) => target.clone(),
        (None, Some(_)) => "its upstream".to_owned(),
        (_, None) => "the last commit".to_owned(),
    };
    Ok(ReviewBase { commit: begun.or_else(|| Some(head.to_owned())), label, target })
}
