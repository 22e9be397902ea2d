//! Pushing the work's own branch.
//!
//! Promise: never by force, never to the base or a protected branch, never past the hooks of a repository on this
//! machine.

use crate::acts::destination::{Destination, destination};
use crate::place::{Place, Result, fault, refused};
use nightshift_platform::files::read_bounded;
use nightshift_worktree::refuse_symbolic;

/// A repository on this machine is written to by a git that is started here, under its configuration.
/// Like that of the work itself it may be anybody's. One that has hooks is not pushed to: what is put there in
/// this moment does not run either.
const RECEIVE: &str = "git -c core.hooksPath=/dev/null -c core.fsmonitor=false \
                       -c core.alternateRefsCommand=true -c receive.autogc=false \
                       -c receive.denyCurrentBranch=refuse receive-pack";

/// git follows no address of the other kind than the one that was looked at.
const HERE: &str = "file";
const ELSEWHERE: &str = "git:http:https:ssh";

/// How the hook of Git LFS calls it.
const LFS_HOOKS: [&[u8]; 2] = [b"git lfs pre-push", b"git-lfs pre-push"];
/// Hooks are short; what is not read is taken for none of Git LFS.
const HOOK_MAX_BYTES: u64 = 64 * 1024;

pub struct Pushed {
    pub remote: String,
    pub branch: String,
}

pub fn push(place: &Place<'_>) -> Result<Pushed> {
    place.head()?;
    let branch = place.branch()?.to_owned();
    if place.is_protected(&branch)? {
        let text = format!("{branch} is a protected branch; nothing is pushed to it from here");
        return Err(refused(text, "put the work on its own branch with `git switch -c <name>`"));
    }
    let remote = remote(place, &branch)?;
    let refspec = format!("refs/heads/{branch}:refs/heads/{branch}");
    refuse_tracking(place, &remote, &branch)?;
    let call = place.act(&["push", "--quiet", "--no-force", "--no-follow-tags"]);
    let call = match destination(place, &remote, &branch)? {
        Destination::Here => {
            call.arg(format!("--receive-pack={RECEIVE}")).env("GIT_ALLOW_PROTOCOL", HERE)
        }
        Destination::Elsewhere => call.env("GIT_ALLOW_PROTOCOL", ELSEWHERE),
    };
    push_large_files(place, &remote, &branch)?;
    let call =
        call.arg("--recurse-submodules=no").arg("--end-of-options").arg(&remote).arg(&refspec);
    call.outside().long().read().map_err(|error| {
        let fault = fault(error);
        let hint = match fault.message.as_str() {
            m if m.contains("non-fast-forward") || m.contains("fetch first") => {
                "the remote branch has other commits; fetch and rebase, then push again"
            }
            m if m.contains("could not read") || m.contains("Authentication") => {
                "git has no credentials for this remote; set up a credential helper or an SSH key"
            }
            _ if !fault.hint.is_empty() => return fault,
            _ => "mend what git says, then push again",
        };
        fault.hint(hint)
    })?;
    set_upstream(place, &branch, &remote)?;
    Ok(Pushed { remote, branch })
}

/// What Git LFS keeps goes first, as its own hook would see to, which is the repository's and does not run: a remote
/// that has only the pointers to large files has not got the work.
fn push_large_files(place: &Place<'_>, remote: &str, branch: &str) -> Result<()> {
    let hook = place.checkout.common.join("hooks/pre-push");
    let text = read_bounded(&hook, HOOK_MAX_BYTES).unwrap_or_default();
    let call = place.act(&["lfs", "push"]);
    let has_hook = LFS_HOOKS.iter().any(|known| contains(&text, known));
    if !has_hook || !call.user_has_lfs().map_err(fault)? {
        return Ok(());
    }
    let pushed = call.arg(remote).arg(branch).outside().long().read();
    pushed.map(drop).map_err(|error| {
        fault(error).hint("install git-lfs, or mend what it says; nothing was pushed")
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// git notes what the remote has now under the refs that the remote's settings name. These must be ones that
/// only note that, and no symbolic ones.
fn refuse_tracking(place: &Place<'_>, remote: &str, branch: &str) -> Result<()> {
    // Files of the oldest kind count where no setting gives an address (gitrepository-layout(5)).
    for old in ["remotes", "branches"] {
        let file = place.checkout.common.join(old).join(remote);
        if !remote.contains('/') && std::fs::symlink_metadata(&file).is_ok() {
            let text = format!("{} describes a remote in a way that is not read", file.display());
            return Err(refused(
                text,
                "make it a setting with `git remote add`, and remove the file",
            ));
        }
    }
    let own = format!("refs/heads/{branch}");
    let key = format!("remote.{remote}.fetch");
    let set = place.look(&["config", "--get-all", "--end-of-options"]).arg(key);
    let specs = set.find().map_err(fault)?.unwrap_or_default();
    for noted in specs.lines().filter_map(|spec| noted_at(spec, &own)).filter(|at| *at != own) {
        if !noted.starts_with("refs/remotes/") {
            let text =
                format!("remote.{remote}.fetch has git write {noted} when {branch} is pushed");
            let hint = "let it name a ref below refs/remotes/; nothing was pushed";
            return Err(refused(text, hint));
        }
        refuse_symbolic(place.git, &place.checkout, &[&noted]).map_err(fault)?;
    }
    Ok(())
}

/// The ref that `spec` notes the remote's `name` at: git-fetch(1), "<refspec>".
fn noted_at(spec: &str, name: &str) -> Option<String> {
    let (from, to) = spec.strip_prefix('+').unwrap_or(spec).split_once(':')?;
    let Some((begin, end)) = from.split_once('*') else {
        return (from == name && !to.is_empty()).then(|| to.to_owned());
    };
    let middle = name.strip_prefix(begin)?.strip_suffix(end)?;
    Some(to.replacen('*', middle, 1))
}

/// What `git push --set-upstream` writes. The push itself has a copy of the configuration.
fn set_upstream(place: &Place<'_>, branch: &str, remote: &str) -> Result<()> {
    let merge = format!("refs/heads/{branch}");
    for (name, value) in [("remote", remote), ("merge", &merge)] {
        let call = place.act(&["config", "--replace-all", "--end-of-options"]);
        call.arg(format!("branch.{branch}.{name}")).arg(value).read().map_err(fault)?;
    }
    Ok(())
}

/// Where git itself would push the branch to.
pub fn remote(place: &Place<'_>, branch: &str) -> Result<String> {
    let keys = [
        format!("branch.{branch}.pushRemote"),
        "remote.pushDefault".to_owned(),
        format!("branch.{branch}.remote"),
    ];
    for key in keys {
        let set = place.look(&["config", "--get"]).arg(key).find().map_err(fault)?;
        if let Some(remote) = set.filter(|remote| remote != ".") {
            return Ok(remote);
        }
    }
    let remotes = place.look(&["remote"]).line().map_err(fault)?;
    let remotes: Vec<&str> = remotes.lines().collect();
    match remotes.as_slice() {
        [] => Err(refused(
            "the repository has no remote",
            "add one with `git remote add origin <address>`",
        )),
        [only] => Ok((*only).to_owned()),
        several if several.contains(&"origin") => Ok("origin".to_owned()),
        several => {
            let text = format!("it is not clear which remote to push to: {}", several.join(", "));
            Err(refused(text, "choose one with `git config remote.pushDefault <name>`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refspec_says_where_a_branch_is_noted() {
        let at = |spec: &str| noted_at(spec, "refs/heads/a/b");
        for (spec, expected) in [
            ("+refs/heads/*:refs/remotes/origin/*", Some("refs/remotes/origin/a/b")),
            ("refs/*:refs/*", Some("refs/heads/a/b")),
            ("refs/heads/a/b:refs/heads/main", Some("refs/heads/main")),
            ("refs/heads/a*b:refs/x/*/y", Some("refs/x///y")),
            ("refs/tags/*:refs/tags/*", None),
            ("^refs/heads/a/b", None),
            ("refs/heads/a/b", None),
            ("refs/heads/a/b:", None),
        ] {
            assert_eq!(at(spec).as_deref(), expected, "{spec}");
        }
    }
}
