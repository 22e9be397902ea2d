//! git's configuration: which settings name a program, and how each is switched off.
//!
//! git runs what its configuration says: filters, hooks, signing programs, transports, helpers. What
//! the user's own files say is theirs. What a repository's files say may have been written by anybody,
//! an agent among them, and must run nothing.
//! Promise: a setting is switched off by a value for exactly its own name, whatever that name holds;
//! what others wrote is never part of a value or of an argument.
//! Must not know: how git is started.

use crate::git_program::belonging::Ground;
use crate::git_program::followed::is_followed;
use crate::git_program::plain_command::{Starts, stays_outside};
use crate::git_program::programs::{is_of_tools, off, parts, starts};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Whose file a setting stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The system's and the user's own.
    User,
    /// The user's own, of a command that may run something of the repository: what runs is then the repository's.
    UserNotFollowed,
    /// The repository's and the worktree's, and what these include.
    Repository,
}

/// One setting: its name as git prints it, whose it is, what it is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub owner: Owner,
    pub name: Vec<u8>,
    pub value: Vec<u8>,
}

/// What a list of settings and the files they stand in say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    settings: Vec<Setting>,
    /// Files of the repository, as git names them.
    pub files: BTreeSet<Vec<u8>>,
}

/// Who gave a filter or a merge driver the program that acts do not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Repository,
    /// Its command may run a file of the repository.
    User,
}

/// Merge drivers, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drivers {
    /// Those whose program acts do not run: they fail, so that what they should merge is a conflict.
    pub foreign: BTreeMap<Vec<u8>, Whose>,
    /// That of files for which no attribute names one.
    pub usual: Option<Vec<u8>>,
}

pub(crate) type Override = (Vec<u8>, Vec<u8>);

impl Configuration {
    /// Reads `git config --list --show-scope --show-origin -z`. None when it is not understood.
    pub fn parse(printed: &[u8], ground: &Ground) -> Option<Configuration> {
        let mut found = Configuration::default();
        let Some(printed) = printed.strip_suffix(b"\0") else {
            return printed.is_empty().then_some(found);
        };
        let mut pieces = printed.split(|&b| b == 0);
        while let Some(scope) = pieces.next() {
            let (origin, setting) = (pieces.next()?, pieces.next()?);
            // Whatever is not known to be the user's is not.
            let mut owner = match scope {
                b"system" | b"global" | b"command" => Owner::User,
                _ => Owner::Repository,
            };
            let origin = origin.strip_prefix(b"file:").unwrap_or(origin);
            let mut parts = setting.splitn(2, |&b| b == b'\n');
            let name = parts.next()?.to_owned();
            // A name without a value says yes.
            let value = parts.next().unwrap_or(b"true").to_owned();
            if owner == Owner::Repository {
                found.files.insert(origin.to_owned());
            } else if off(&name).is_some() && !is_followed_of_user(&name, &value, origin, ground) {
                owner = Owner::UserNotFollowed;
            }
            found.settings.push(Setting { owner, name, value });
        }
        found.take_filters_whole();
        Some(found)
    }

    /// A filter that is left out in part is left out: what is `required` of it could only fail.
    fn take_filters_whole(&mut self) {
        let of_filter = |setting: &Setting| {
            let (section, between, _) = parts(&setting.name);
            between.filter(|_| section == b"filter").map(<[u8]>::to_owned)
        };
        let here: BTreeSet<Vec<u8>> =
            self.of(Owner::UserNotFollowed).filter_map(of_filter).collect();
        let users = self.settings.iter_mut().filter(|setting| setting.owner == Owner::User);
        for setting in users {
            if of_filter(setting).is_some_and(|filter| here.contains(&filter)) {
                setting.owner = Owner::UserNotFollowed;
            }
        }
    }

    /// What switches off all that names a program, whoever set it: for looks.
    pub fn all_off(&self) -> Vec<Override> {
        self.off_of(&self.settings)
    }

    /// What switches off all that the user's own files say: for looks by a copy of the repository's.
    pub fn own_off(&self) -> Vec<Override> {
        self.off_of(self.of(Owner::User).chain(self.of(Owner::UserNotFollowed)))
    }

    fn off_of<'a>(&self, settings: impl IntoIterator<Item = &'a Setting>) -> Vec<Override> {
        let names: BTreeSet<&[u8]> = settings.into_iter().map(|s| s.name.as_slice()).collect();
        let off = |name: &[u8]| off(name).map(|value| (name.to_owned(), value.into()));
        names.into_iter().filter_map(off).collect()
    }

    /// A configuration file with what the repository set and is followed, in the order that it counts in. What
    /// names a program has its harmless value, or gives way to what the user set.
    pub fn copy(&self) -> Vec<u8> {
        let users: BTreeSet<&[u8]> = self.of(Owner::User).map(|s| variable(&s.name)).collect();
        let mut lines = Vec::new();
        let readable = self.of(Owner::Repository).filter(|setting| !is_misread(setting));
        for Setting { name, value, .. } in readable {
            let value = match off(name) {
                Some(_) if is_helper(name) || users.contains(variable(name)) => continue,
                // The user's own remote is reached as if the repository said nothing of it.
                Some("") if parts(name).0 == b"http" => continue,
                Some(off) => off.as_bytes(),
                None if !is_followed(name) || is_left_out(name) => continue,
                None => value,
            };
            write_setting(&mut lines, name, value);
        }
        lines
    }

    /// Programs of the user's own may run in an act that we do not know: they may keep something beside the
    /// repository's objects, or set something there.
    pub fn user_has_programs(&self) -> bool {
        self.own_hooks().is_some() || self.user_programs().next().is_some()
    }

    /// Settings of the user's that name such a program, by name. Hooks in a directory are not among them.
    pub fn user_programs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let programs = self.of(Owner::User).filter(|setting| {
            let (section, between, last) = parts(&setting.name);
            let of_filters = [&b"clean"[..], b"smudge", b"process"].contains(&last);
            let filter = section == b"filter" && of_filters && between != Some(LFS);
            let driver = section == b"merge" && last == b"driver";
            let hook = section == b"hook" && last == b"command";
            !setting.value.is_empty() && (filter || driver || hook)
        });
        programs.map(|setting| (setting.name.as_slice(), setting.value.as_slice()))
    }

    /// Names of submodules for which a setting says what of their changes counts.
    pub fn submodules(&self) -> BTreeSet<Vec<u8>> {
        self.settings.iter().filter_map(|setting| submodule_of(&setting.name)).collect()
    }

    /// A setting of the repository's that a program of the user's, such as Git LFS, takes for other settings.
    pub fn misread(&self) -> Option<String> {
        let found = self.of(Owner::Repository).find(|setting| is_misread(setting))?;
        Some(String::from_utf8_lossy(&found.name).into_owned())
    }

    /// Git LFS is set up in the user's own files.
    pub fn user_has_lfs(&self) -> bool {
        self.of(Owner::User).any(|setting| parts(&setting.name).1 == Some(LFS))
    }

    /// What switches off all that the repository set, and puts what the user set in its place. In an act by a copy
    /// it is for what the user's own programs call.
    pub fn foreign_off(&self) -> Vec<Override> {
        let mut overrides = self.off_but_the_users(self.foreign());
        overrides.push((HOOKS.to_vec(), self.own_hooks().unwrap_or(b"/dev/null").to_vec()));
        overrides
    }

    /// For acts by a copy: programs that the user names and that are the repository's.
    pub fn here_off(&self) -> Vec<Override> {
        self.off_but_the_users(self.of(Owner::UserNotFollowed))
    }

    fn off_but_the_users<'a>(
        &'a self,
        settings: impl Iterator<Item = &'a Setting>,
    ) -> Vec<Override> {
        let mut overrides = Vec::new();
        let foreign: BTreeSet<&[u8]> = settings.map(|setting| setting.name.as_slice()).collect();
        let mut helpers = false;
        for name in foreign {
            // Scripts of the user's own may call git, and with it what no act of ours does.
            let tool = || is_of_tools(name).then_some("");
            let Some(value) = off(name).or_else(tool) else { continue };
            overrides.push((name.to_owned(), value.into()));
            if is_helper(name) {
                helpers = true;
                continue;
            }
            let own = self.of(Owner::User).filter(|own| variable(&own.name) == variable(name));
            overrides.extend(own.map(|own| (own.name.clone(), own.value.clone())));
        }
        if helpers {
            // One that is empty takes away all before it, the user's too.
            let own = self.of(Owner::User).filter(|setting| is_helper(&setting.name));
            overrides.extend(own.map(|own| (own.name.clone(), own.value.clone())));
        }
        overrides
    }

    /// The user's own directory of hooks. A relative one would be the repository's.
    pub fn own_hooks(&self) -> Option<&[u8]> {
        let set = self.of(Owner::User).rfind(|setting| setting.name == HOOKS)?;
        let elsewhere = set.value.starts_with(b"/") || set.value.starts_with(b"~");
        elsewhere.then_some(set.value.as_slice())
    }

    /// Filters that have a program, whoever set it.
    pub fn filters(&self) -> BTreeSet<Vec<u8>> {
        filters(&self.settings)
    }

    /// Filters with a program that acts do not run, where none of the user's runs in its place.
    pub fn foreign_filters(&self) -> BTreeMap<Vec<u8>, Whose> {
        let own = filters(self.of(Owner::User));
        let whose =
            |owner, whose| filters(self.of(owner)).into_iter().map(move |name| (name, whose));
        let users = whose(Owner::UserNotFollowed, Whose::User);
        let all = users.chain(whose(Owner::Repository, Whose::Repository));
        all.filter(|(name, _)| !own.contains(name)).collect()
    }

    /// Names of the user's settings that sign, or with `outside` connect and authenticate, and that acts pass over.
    pub fn not_followed(&self, outside: bool) -> Vec<String> {
        let matters = |setting: &&Setting| match parts(&setting.name) {
            (b"gpg", _, _) => true,
            (b"credential", _, b"helper") | (b"core", None, b"sshcommand" | b"askpass") => outside,
            (b"http" | b"remote", _, _) => outside,
            _ => false,
        };
        let names: BTreeSet<&[u8]> =
            self.of(Owner::UserNotFollowed).filter(matters).map(|s| s.name.as_slice()).collect();
        names.into_iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }

    pub fn drivers(&self) -> Drivers {
        let driver = |setting: &Setting| {
            let (section, between, last) = parts(&setting.name);
            let named = section == b"merge" && last == b"driver" && !setting.value.is_empty();
            named.then(|| between.map(<[u8]>::to_owned)).flatten()
        };
        let own: BTreeSet<Vec<u8>> = self.of(Owner::User).filter_map(driver).collect();
        let of = |owner, whose| self.of(owner).filter_map(driver).map(move |name| (name, whose));
        let users = of(Owner::UserNotFollowed, Whose::User);
        let foreign = users.chain(of(Owner::Repository, Whose::Repository));
        let usual = self.settings.iter().rfind(|setting| setting.name == b"merge.default");
        Drivers {
            foreign: foreign.filter(|(name, _)| !own.contains(name)).collect(),
            usual: usual.map(|setting| setting.value.clone()),
        }
    }

    /// Objects may be somewhere else, and come when they are asked for (gitglossary(7), "partial clone").
    pub fn is_partial_clone(&self) -> bool {
        self.of(Owner::Repository).any(|setting| {
            let (section, between, name) = parts(&setting.name);
            match (section, between) {
                (b"extensions", None) => name == b"partialclone",
                (b"remote", Some(_)) => name == b"promisor" && setting.value == b"true",
                _ => false,
            }
        })
    }

    /// A file may come to count without any that is known now being changed.
    pub fn may_grow(&self) -> bool {
        self.of(Owner::Repository).any(|setting| {
            let (section, _, name) = parts(&setting.name);
            matches!((section, name), (b"include" | b"includeif", b"path"))
                || (section, name) == (b"extensions", b"worktreeconfig")
        })
    }

    /// What runs by it is the repository's.
    fn foreign(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(|setting| setting.owner != Owner::User)
    }

    fn of(&self, owner: Owner) -> impl DoubleEndedIterator<Item = &Setting> {
        self.settings.iter().filter(move |setting| setting.owner == owner)
    }
}

/// Whether a setting of the user's, which stands in the file `origin`, starts nothing of the repository. Hooks are in
/// one directory.
fn is_followed_of_user(name: &[u8], value: &[u8], origin: &[u8], ground: &Ground) -> bool {
    if origin.starts_with(b"/") && ground.holds(Path::new(OsStr::from_bytes(origin))) {
        return false;
    }
    let starts = if name == HOOKS { Starts::Place } else { starts(name) };
    stays_outside(ground, starts, value)
}

fn filters<'a>(settings: impl IntoIterator<Item = &'a Setting>) -> BTreeSet<Vec<u8>> {
    let mut values: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    for setting in settings {
        values.insert(&setting.name, &setting.value);
    }
    let named = values.into_iter().filter(|(_, value)| !value.is_empty()).filter_map(|(n, _)| {
        let (section, between, name) = parts(n);
        let program = [&b"clean"[..], b"process"].contains(&name);
        (section == b"filter" && program).then(|| between.map(<[u8]>::to_owned))?
    });
    named.collect()
}

pub(crate) const HOOKS: &[u8] = b"core.hookspath";
/// The name under which `git lfs install` sets up its filter.
const LFS: &[u8] = b"lfs";

fn is_misread(setting: &Setting) -> bool {
    misreads(&setting.name, &setting.value)
}

/// Git LFS reads `git config --list` line by line and each line up to its first `=`: a value of several lines, or a
/// name with that sign, may be settings of its own there, and one of these names a program. A line of a description
/// is none.
pub fn misreads(name: &[u8], value: &[u8]) -> bool {
    let breaks = |byte: &u8| matches!(byte, b'\n' | b'\r' | 0);
    let is_setting = |line: &[u8]| {
        let name = line.iter().position(|byte| *byte == b'=').map(|at| &line[..at]);
        name.is_some_and(|name| name.contains(&b'.'))
    };
    name.contains(&b'=') || name.iter().any(breaks) || value.split(breaks).skip(1).any(is_setting)
}

/// Is not in a copy: what says where something is (a copy holds what was included already, and each call names
/// its checkout), and what lets git pass over a change or a new file.
fn is_left_out(name: &[u8]) -> bool {
    let (section, _, last) = parts(name);
    matches!(
        (section, last),
        (b"include" | b"includeif", b"path")
            | (
                b"core",
                b"worktree" | b"checkstat" | b"trustctime" | b"ignorestat" | b"excludesfile"
            )
            | (b"extensions", b"worktreeconfig")
    )
}

/// One setting as a file holds it: git-config(1), "Syntax".
fn write_setting(lines: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let (section, between, last) = parts(name);
    lines.push(b'[');
    lines.extend_from_slice(section);
    if let Some(between) = between {
        lines.extend_from_slice(b" \"");
        for &byte in between {
            if matches!(byte, b'"' | b'\\') {
                lines.push(b'\\');
            }
            lines.push(byte);
        }
        lines.push(b'"');
    }
    lines.extend_from_slice(b"]\n\t");
    lines.extend_from_slice(last);
    lines.extend_from_slice(b" = \"");
    for &byte in value {
        match byte {
            b'"' | b'\\' => lines.extend_from_slice(&[b'\\', byte]),
            b'\n' => lines.extend_from_slice(b"\\n"),
            b'\t' => lines.extend_from_slice(b"\\t"),
            0x08 => lines.extend_from_slice(b"\\b"),
            byte => lines.push(byte),
        }
    }
    lines.extend_from_slice(b"\"\n");
}

/// What git keeps the setting in: the last value counts, by whichever of its names it came (git-config(1),
/// "gpg.<format>.program").
fn variable(name: &[u8]) -> &[u8] {
    if name == b"gpg.openpgp.program" { b"gpg.program" } else { name }
}

/// The submodule for which a setting says what of its changes counts.
pub(crate) fn submodule_of(name: &[u8]) -> Option<Vec<u8>> {
    let (section, between, last) = parts(name);
    between.filter(|_| section == b"submodule" && last == b"ignore").map(<[u8]>::to_owned)
}

fn is_helper(name: &[u8]) -> bool {
    let (section, _, last) = parts(name);
    section == b"credential" && last == b"helper"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(settings: &[(&str, &str, &str)]) -> Configuration {
        let mut printed = Vec::new();
        for (scope, name, value) in settings {
            printed.extend_from_slice(
                format!("{scope}\0file:.git/config\0{name}\n{value}\0").as_bytes(),
            );
        }
        let home = crate::git_program::git::Environment::from([("HOME".into(), "/home/u".into())]);
        Configuration::parse(&printed, &Ground::of(&[], &home)).unwrap()
    }

    /// In the order that git reads them; the last of a name counts.
    fn texts(overrides: Vec<Override>) -> Vec<(String, String)> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        overrides.into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn names_that_hold_what_separates_are_switched_off_whole() {
        for between in ["x", "", "a=b", "a.b.clean", "sp \"q]", "x.update=!touch;#", "\u{e9}\u{1}"]
        {
            let name = format!("filter.{between}.clean");
            let found = listed(&[("local", &name, "evil")]);
            assert_eq!(texts(found.all_off()), [pair(&name, "")], "{name}");
            assert_eq!(texts(found.foreign_off())[0], pair(&name, ""), "{name}");
            assert_eq!(found.filters(), BTreeSet::from([between.as_bytes().to_vec()]), "{name}");
        }
    }

    #[test]
    fn what_the_user_set_stays_for_acts_and_is_off_for_looks() {
        let found = listed(&[
            ("global", "filter.lfs.clean", "git-lfs clean"),
            ("global", "core.sshcommand", "ssh -4"),
            ("local", "core.sshcommand", "evil"),
            ("worktree", "merge.x.driver", "evil"),
            ("local", "user.name", "n"),
        ]);
        let hooks = pair("core.hookspath", "/dev/null");
        let expected = [
            pair("core.sshcommand", "ssh"),
            pair("core.sshcommand", "ssh -4"),
            pair("merge.x.driver", "false"),
            hooks,
        ];
        assert_eq!(texts(found.foreign_off()), expected);
        let expected = [
            pair("core.sshcommand", "ssh"),
            pair("filter.lfs.clean", ""),
            pair("merge.x.driver", "false"),
        ];
        assert_eq!(texts(found.all_off()), expected);
    }

    #[test]
    fn the_users_own_helpers_come_back_after_a_foreign_one_took_them_away() {
        let found = listed(&[
            ("system", "credential.helper", "store"),
            ("global", "credential.https://h.example.helper", "own"),
            ("local", "credential.https://h.example.helper", "!evil"),
        ]);
        let expected = [
            pair("credential.https://h.example.helper", ""),
            pair("credential.helper", "store"),
            pair("credential.https://h.example.helper", "own"),
        ];
        assert_eq!(texts(found.foreign_off())[..3], expected);
    }

    #[test]
    fn a_program_of_the_users_stays_whichever_of_its_names_a_repository_sets() {
        for (own, foreign) in [
            ("gpg.program", "gpg.openpgp.program"),
            ("gpg.openpgp.program", "gpg.program"),
            ("gpg.program", "gpg.program"),
        ] {
            let found = listed(&[("global", own, "mine"), ("local", foreign, "evil")]);
            assert_eq!(found.copy(), b"", "{own} {foreign}");
            let expected = [pair(foreign, "gpg"), pair(own, "mine")];
            assert_eq!(texts(found.foreign_off())[..2], expected, "{own} {foreign}");
        }
        let found = listed(&[("global", "gpg.program", "mine"), ("local", "gpg.ssh.program", "x")]);
        assert!(String::from_utf8(found.copy()).unwrap().contains("ssh-keygen"));
    }

    #[test]
    fn hooks_are_the_users_only_where_no_repository_can_put_them() {
        for (scope, path, counts) in [
            ("global", "/home/u/hooks", true),
            ("global", "~/hooks", true),
            ("global", ".githooks", false),
            ("local", "/home/u/hooks", false),
            ("unknown", "/home/u/hooks", false),
        ] {
            let found = listed(&[(scope, "core.hookspath", path)]);
            let last = texts(found.foreign_off()).pop().unwrap().1;
            assert_eq!(last, if counts { path } else { "/dev/null" }, "{scope} {path}");
        }
    }

    #[test]
    fn output_that_is_not_understood_is_no_configuration() {
        assert_eq!(Configuration::parse(b"", &Ground::default()), Some(Configuration::default()));
        for broken in [&b"local"[..], b"local\0", b"local\0file:x\0", b"local\0file:x\0a.b"] {
            assert_eq!(Configuration::parse(broken, &Ground::default()), None, "{broken:?}");
        }
    }

    #[test]
    fn git_reads_a_copy_as_it_was_listed() {
        let odd = "a\tb\\c\"d;e#f \u{8} g ";
        let found = listed(&[
            ("global", "user.name", "u"),
            ("local", "remote.or\"i\\gin.x.url", odd),
            ("local", "core.autocrlf", "input"),
            ("local", "include.path", "/elsewhere"),
            ("local", "core.worktree", "/elsewhere"),
            ("local", "core.trustctime", "false"),
            ("local", "filter.x.clean", "evil"),
            ("local", "branch.a.merge", "one"),
            ("worktree", "branch.a.merge", "two"),
            ("local", "credential.helper", "!evil"),
            ("local", "user.name", ""),
            ("local", "branch.b.description", "a\nlfs.extension.x.clean=./x"),
            ("local", "branch.b.description", "a\rlfs.extension.x.clean=./x"),
            ("local", "branch.lfs.extension.x.clean=./x.description", "a"),
        ]);
        assert_eq!(found.misread().as_deref(), Some("branch.b.description"));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), found.copy()).unwrap();
        let args = ["config", "--null", "--list", "--file"];
        let git = std::process::Command::new("git").args(args).arg(file.path()).output().unwrap();
        let printed = String::from_utf8(git.stdout).unwrap();
        let expected = [
            format!("remote.or\"i\\gin.x.url\n{odd}"),
            "core.autocrlf\ninput".to_owned(),
            "filter.x.clean\n".to_owned(),
            "branch.a.merge\none".to_owned(),
            "branch.a.merge\ntwo".to_owned(),
            "user.name\n".to_owned(),
        ];
        assert_eq!(printed.split_terminator('\0').collect::<Vec<_>>(), expected);
    }
}
