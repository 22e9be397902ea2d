//! Who signs: the program of the user's own settings, and none that a repository names.

use crate::repo::{Repo, write};
use nightshift_protocol::review::{ReviewAct, ReviewResult};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What gpg answers to `--status-fd=2 -bsau <key>`.
const SIGNS: &str = "cat >/dev/null\n\
    printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'\n\
    printf '\\n[GNUPG:] SIG_CREATED \\n' >&2\n";
const SETTINGS: &[&str] = &[
    "gpg.program",
    "gpg.openpgp.program",
    "gpg.ssh.program",
    "gpg.x509.program",
    "gpg.ssh.defaultKeyCommand",
];

struct Signing {
    repo: Repo,
    mine: PathBuf,
    evil: PathBuf,
}

impl Signing {
    fn new() -> Signing {
        let repo = Repo::new();
        let program = |name: &str| {
            let program = repo.home.user_home().join(name);
            let script = format!("#!/bin/sh\necho ran >> {name}.ran\n{SIGNS}");
            let script = script.replace(
                &format!("{name}.ran"),
                &repo.home.user_home().join(format!("{name}.ran")).to_string_lossy(),
            );
            fs::write(&program, script).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            program
        };
        let (mine, evil) = (program("mine"), program("evil"));
        Signing { repo, mine, evil }
    }

    fn users(&self, name: &str, value: &str) {
        self.repo.main(&["config", "--global", name, value]);
    }

    fn repositorys(&self, name: &str, value: &Path) {
        self.repo.main(&["config", "--local", name, &value.to_string_lossy()]);
    }

    fn times(&self, name: &str) -> usize {
        let ran = self.repo.home.user_home().join(format!("{name}.ran"));
        fs::read_to_string(ran).unwrap_or_default().lines().count()
    }

    fn is_signed(&self) -> bool {
        self.repo.git(&["cat-file", "commit", "HEAD"]).contains("gpgsig ")
    }
}

fn commit(amend: bool) -> ReviewAct {
    ReviewAct::Commit { message: "work".into(), all: true, amend }
}

#[test]
fn security_12_the_users_own_program_signs_whatever_a_repository_names() {
    for own in ["gpg.program", "gpg.openpgp.program"] {
        for foreign in ["", "gpg.program", "gpg.openpgp.program"] {
            let it = Signing::new();
            it.users(own, &it.mine.to_string_lossy());
            it.users("commit.gpgSign", "true");
            it.users("user.signingKey", "me");
            if !foreign.is_empty() {
                it.repositorys(foreign, &it.evil);
            }
            it.repo.write("new.txt", "1\n");
            it.repo.done(commit(false));
            assert!(it.is_signed(), "{own} {foreign}");
            it.repo.write("new.txt", "2\n");
            it.repo.done(commit(true));
            assert!(it.is_signed(), "{own} {foreign}");
            write(&it.repo.root, "main.txt", "m\n");
            it.repo.main(&["add", "--all"]);
            it.repo.main(&["commit", "--quiet", "--no-gpg-sign", "-m", "main"]);
            let rebased = it.repo.done(ReviewAct::Rebase);
            assert!(matches!(rebased, ReviewResult::Rebased { .. }), "{rebased:?}");
            assert!(it.is_signed(), "{own} {foreign}");
            assert_eq!((it.times("mine"), it.times("evil")), (3, 0), "{own} {foreign}");
        }
    }
}

#[test]
fn security_13_a_signing_program_that_may_be_the_repositorys_is_not_run_and_named() {
    for (name, value) in [
        ("gpg.program", "./sign"),
        ("gpg.program", "sh"),
        // git before 2.48 puts no home in its place.
        ("gpg.program", "~/sign"),
        ("gpg.ssh.defaultKeyCommand", "\".\"/sign"),
        ("gpg.ssh.program", "/proc/self/cwd/sign"),
    ] {
        let it = Signing::new();
        fs::copy(&it.mine, it.repo.tree.join("sign")).unwrap();
        fs::create_dir(it.repo.tree.join("~")).unwrap();
        fs::copy(&it.mine, it.repo.tree.join("~/sign")).unwrap();
        it.users(name, value);
        it.users("gpg.format", if name.contains("ssh") { "ssh" } else { "openpgp" });
        it.users("commit.gpgSign", "true");
        it.repo.write("new.txt", "1\n");
        let error = it.repo.act(commit(false)).unwrap_err();
        let said = format!("{} of your own settings did not count", name.to_ascii_lowercase());
        assert!(error.message.contains(&said), "{name}: {error}");
        assert_eq!(it.times("mine"), 0, "{name} {value}");
    }
}

#[test]
fn security_12_a_repository_that_asks_for_signatures_names_no_program() {
    for format in ["openpgp", "ssh", "x509"] {
        for key in ["", "key::ssh-ed25519 AAAA", "me"] {
            let it = Signing::new();
            for name in SETTINGS {
                it.repositorys(name, &it.evil);
            }
            it.repositorys("commit.gpgSign", Path::new("true"));
            it.repositorys("gpg.format", Path::new(format));
            if !key.is_empty() {
                it.repositorys("user.signingKey", Path::new(key));
            }
            it.repo.write("new.txt", "1\n");
            // Signed with nothing of the repository's, or not made: never without a signature.
            let done = it.repo.act(commit(false));
            assert!(done.is_err() || it.is_signed(), "{format} {key}: {done:?}");
            assert_eq!(it.times("evil"), 0, "{format} {key}");
            assert_eq!(it.repo.read("new.txt"), "1\n");
        }
    }
}
