//! Pushing the work's own branch.
//!
//! Promise: never by force, never to the base or a protected branch.

use crate::place::{Place, Result, fault, refused};

pub struct Pushed {
    pub remote: String,
    pub branch: String,
}

pub fn push(place: &Place<'_>) -> Result<Pushed> {
    place.head()?;
    let branch = place.branch()?.to_owned();
    if place.is_protected(&branch)? {
        let text = format!("{branch} is a protected branch; nothing is pushed to it from here");
        return Err(refused(
            text,
            "put the work on a branch of its own with `git switch -c <name>`",
        ));
    }
    let remote = remote(place, &branch)?;
    let refspec = format!("refs/heads/{branch}:refs/heads/{branch}");
    let call = place.call(&["push", "--quiet", "--no-force", "--set-upstream"]);
    let call = call.arg("--end-of-options").arg(&remote).arg(&refspec);
    call.long().read().map_err(|error| {
        let fault = fault(error);
        let hint = match fault.message.as_str() {
            m if m.contains("non-fast-forward") || m.contains("fetch first") => {
                "the remote branch has other commits; fetch and rebase, then push again"
            }
            m if m.contains("could not read") || m.contains("Authentication") => {
                "git has no credentials for this remote; set up a credential helper or an SSH key"
            }
            _ => "mend what git says, then push again",
        };
        fault.hint(hint)
    })?;
    Ok(Pushed { remote, branch })
}

/// Where git itself would push the branch to.
pub fn remote(place: &Place<'_>, branch: &str) -> Result<String> {
    let keys = [
        format!("branch.{branch}.pushRemote"),
        "remote.pushDefault".to_owned(),
        format!("branch.{branch}.remote"),
    ];
    for key in keys {
        let set = place.call(&["config", "--get"]).arg(key).find().map_err(fault)?;
        if let Some(remote) = set.filter(|remote| remote != ".") {
            return Ok(remote);
        }
    }
    let remotes = place.call(&["remote"]).line().map_err(fault)?;
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
