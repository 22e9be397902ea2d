//! Hooks of a user who has some for every repository (`core.hooksPath`), and who looks around in them with git.
//!
//! Promise: each notes its name and where it was told that the repository is; none of them fails or calls itself.
//! Must not know: which repository they run in.

use crate::tripwire::HOOKS;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Run in the repository that is pushed to: a push from here to one with such hooks is refused.
const OF_REMOTES: [&str; 5] =
    ["post-receive", "post-update", "pre-receive", "reference-transaction", "update"];

pub struct OwnHooks {
    pub dir: PathBuf,
    note: PathBuf,
}

impl OwnHooks {
    /// In the directory `hooks` of a home whose `.gitconfig` is there already. Panics when it cannot be written.
    pub fn set(user_home: &Path) -> OwnHooks {
        let own = OwnHooks { dir: user_home.join("hooks"), note: user_home.join("hooks-ran") };
        let script = format!(
            "#!/bin/sh\n[ -n \"$IN_OWN_HOOK\" ] && exit 0\nexport IN_OWN_HOOK=1 GIT_OPTIONAL_LOCKS=0\n\
             echo \"${{0##*/}} ${{GIT_COMMON_DIR-none}} $0\" >> '{}'\n\
             for looks in status diff; do git $looks; done >/dev/null 2>&1\n\
             exit 0\n",
            own.note.display()
        );
        let done = || -> std::io::Result<()> {
            fs::create_dir(&own.dir)?;
            for hook in HOOKS.iter().filter(|hook| !OF_REMOTES.contains(hook)) {
                let path = own.dir.join(hook);
                fs::write(&path, &script)?;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            }
            let settings = user_home.join(".gitconfig");
            let text = fs::read_to_string(&settings)?;
            fs::write(&settings, format!("{text}[core]\n\thooksPath = ~/hooks\n"))
        };
        done().unwrap_or_else(|e| panic!("{}: {e}", own.dir.display()));
        own
    }

    /// A line for each that ran: its name, `GIT_COMMON_DIR` or `none`, its path.
    pub fn ran(&self) -> String {
        fs::read_to_string(&self.note).unwrap_or_default()
    }
}
