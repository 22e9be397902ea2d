//! git's configuration: which settings name a program, and how each is switched off.
//!
//! git runs what its configuration says: filters, hooks, signing programs, transports, helpers. What
//! the user's own files say is theirs. What a repository's files say may have been written by anybody,
//! an agent among them, and must run nothing.
//! Promise: a setting is switched off by a value for exactly its own name, whatever that name holds;
//! what others wrote is never part of a value or of an argument.
//! Must not know: how git is started.

use std::collections::{BTreeMap, BTreeSet};

/// How a setting that names a program, a command, an address or a file is kept from being followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Off {
    /// This value instead.
    Value(&'static str),
    /// Something else than a value keeps it; what that is.
    Never(&'static str),
}

const NO_TOOL: &str = "only read by commands that are never called";
const NO_TERMINAL: &str = "only read for a person at a terminal";
const BY_PROTOCOL: &str = "GIT_ALLOW_PROTOCOL decides, whatever the configuration says";
const BY_SCOPE: &str = "git itself takes it from the user's own files only";
const READ_ONLY: &str = "the file is only read, within the limits of the call";
const NO_PROGRAM: &str = "a word or a number that git itself understands";
const BY_REMOTE: &str = "read by the repository that is pushed to";

/// Every setting that may name a program, a command, an address or a file: `section.*.name`, where the
/// `*` stands for whatever is between. A program that stands for another fails, so that nothing is
/// taken for done which was not.
pub(crate) const SETTINGS: &[(&str, Off)] = &[
    ("core.alternateRefsCommand", Off::Value("true")),
    ("core.askPass", Off::Value("")),
    ("core.editor", Off::Value("true")),
    ("core.fsmonitor", Off::Value("false")),
    ("core.gitProxy", Off::Never("GIT_PROXY_COMMAND is set and comes before it")),
    ("core.hooksPath", Off::Value("/dev/null")),
    ("core.pager", Off::Value("cat")),
    ("core.sshCommand", Off::Value("ssh")),
    ("credential.helper", Off::Value("")),
    ("credential.*.helper", Off::Value("")),
    ("diff.external", Off::Value("/dev/null")),
    ("diff.*.command", Off::Value("/dev/null")),
    ("diff.*.textconv", Off::Value("/dev/null")),
    ("filter.*.clean", Off::Value("")),
    ("filter.*.process", Off::Value("")),
    ("filter.*.required", Off::Value("false")),
    ("filter.*.smudge", Off::Value("")),
    ("gpg.program", Off::Value("gpg")),
    ("gpg.openpgp.program", Off::Value("gpg")),
    ("gpg.x509.program", Off::Value("gpgsm")),
    ("gpg.ssh.program", Off::Value("ssh-keygen")),
    ("gpg.*.program", Off::Value("gpg")),
    ("gpg.ssh.defaultKeyCommand", Off::Value("")),
    ("http.cookieFile", Off::Value("")),
    ("http.*.cookieFile", Off::Value("")),
    ("http.curloptResolve", Off::Value("")),
    ("http.*.curloptResolve", Off::Value("")),
    ("http.extraHeader", Off::Value("")),
    ("http.*.extraHeader", Off::Value("")),
    ("http.proxy", Off::Value("")),
    ("http.*.proxy", Off::Value("")),
    ("http.saveCookies", Off::Value("false")),
    ("http.*.saveCookies", Off::Value("false")),
    ("http.sslVerify", Off::Value("true")),
    ("http.*.sslVerify", Off::Value("true")),
    ("lfs.standaloneTransferAgent", Off::Value("")),
    ("lfs.*.standaloneTransferAgent", Off::Value("")),
    ("lfs.*.path", Off::Value("")),
    ("lfs.*.clean", Off::Value("")),
    ("lfs.*.smudge", Off::Value("")),
    // An empty one would say that both sides were merged.
    ("merge.*.driver", Off::Value("false")),
    ("pager.*", Off::Value("false")),
    ("push.recurseSubmodules", Off::Value("no")),
    ("remote.*.proxy", Off::Value("")),
    ("remote.*.receivepack", Off::Value("git-receive-pack")),
    ("remote.*.uploadpack", Off::Value("git-upload-pack")),
    // No program has this name: the push fails.
    ("remote.*.vcs", Off::Value("")),
    ("sequence.editor", Off::Value("true")),
    ("submodule.*.update", Off::Value("checkout")),
    ("submodule.recurse", Off::Value("false")),
    ("alias.*", Off::Never("git asks for an alias only where it has no command of that name")),
    ("blame.ignoreRevsFile", Off::Never(READ_ONLY)),
    ("browser.*.cmd", Off::Never(NO_TOOL)),
    ("browser.*.path", Off::Never(NO_TOOL)),
    ("bundle.*.uri", Off::Never(BY_PROTOCOL)),
    ("commit.template", Off::Never(READ_ONLY)),
    ("completion.commands", Off::Never(NO_TERMINAL)),
    ("core.attributesFile", Off::Never(READ_ONLY)),
    ("core.excludesFile", Off::Never(READ_ONLY)),
    ("core.fsmonitorHookVersion", Off::Never(NO_PROGRAM)),
    ("core.worktree", Off::Never("`Checkout` compares what git makes of it")),
    ("diff.guitool", Off::Never(NO_TOOL)),
    ("diff.orderFile", Off::Never(READ_ONLY)),
    ("diff.tool", Off::Never(NO_TOOL)),
    ("difftool.*.cmd", Off::Never(NO_TOOL)),
    ("difftool.*.path", Off::Never(NO_TOOL)),
    ("fetch.bundleURI", Off::Never(BY_PROTOCOL)),
    ("format.signatureFile", Off::Never(NO_TOOL)),
    ("fsck.skipList", Off::Never(READ_ONLY)),
    ("gc.recentObjectsHook", Off::Never("nothing is ever collected by our calls")),
    ("gc.repackFilter", Off::Never("nothing is ever collected by our calls")),
    ("gc.repackFilterTo", Off::Never("nothing is ever collected by our calls")),
    ("gitcvs.dbDriver", Off::Never(NO_TOOL)),
    ("gitcvs.logFile", Off::Never(NO_TOOL)),
    ("gpg.ssh.allowedSignersFile", Off::Never(READ_ONLY)),
    ("gpg.ssh.revocationFile", Off::Never(READ_ONLY)),
    ("guitool.*.cmd", Off::Never(NO_TOOL)),
    ("help.browser", Off::Never(NO_TOOL)),
    ("help.htmlPath", Off::Never(NO_TOOL)),
    ("http.proxyAuthMethod", Off::Never(NO_PROGRAM)),
    ("http.proxySSLCAInfo", Off::Never(READ_ONLY)),
    ("http.proxySSLCert", Off::Never(READ_ONLY)),
    ("http.proxySSLCertPasswordProtected", Off::Never(NO_PROGRAM)),
    ("http.proxySSLKey", Off::Never(READ_ONLY)),
    ("http.schannelUseSSLCAInfo", Off::Never(NO_PROGRAM)),
    ("http.sslCAInfo", Off::Never(READ_ONLY)),
    ("http.sslCAPath", Off::Never(READ_ONLY)),
    ("imap.tunnel", Off::Never(NO_TOOL)),
    ("include.path", Off::Never("counts as a setting of the file that includes it")),
    ("includeIf.*.path", Off::Never("counts as a setting of the file that includes it")),
    ("init.templateDir", Off::Never("its hooks are hooks, which core.hooksPath keeps")),
    ("instaweb.browser", Off::Never(NO_TOOL)),
    ("instaweb.httpd", Off::Never(NO_TOOL)),
    ("instaweb.modulePath", Off::Never(NO_TOOL)),
    ("interactive.diffFilter", Off::Never(NO_TERMINAL)),
    ("mailmap.file", Off::Never(READ_ONLY)),
    ("man.*.cmd", Off::Never(NO_TOOL)),
    ("man.*.path", Off::Never(NO_TOOL)),
    ("man.viewer", Off::Never(NO_TOOL)),
    ("merge.guitool", Off::Never(NO_TOOL)),
    ("merge.tool", Off::Never(NO_TOOL)),
    ("mergetool.*.cmd", Off::Never(NO_TOOL)),
    ("mergetool.*.path", Off::Never(NO_TOOL)),
    ("notes.rewrite.*", Off::Never(NO_PROGRAM)),
    ("protocol.allow", Off::Never(BY_PROTOCOL)),
    ("protocol.*.allow", Off::Never(BY_PROTOCOL)),
    ("receive.procReceiveRefs", Off::Never(BY_REMOTE)),
    ("remote.*.proxyAuthMethod", Off::Never(NO_PROGRAM)),
    ("remote.*.pushurl", Off::Never(BY_PROTOCOL)),
    ("remote.*.url", Off::Never(BY_PROTOCOL)),
    ("sendemail.aliasFileType", Off::Never(NO_TOOL)),
    ("sendemail.aliasesFile", Off::Never(NO_TOOL)),
    ("sendemail.ccCmd", Off::Never(NO_TOOL)),
    ("sendemail.headerCmd", Off::Never(NO_TOOL)),
    ("sendemail.mailmap.file", Off::Never(NO_TOOL)),
    ("sendemail.smtpSSLCertPath", Off::Never(NO_TOOL)),
    ("sendemail.toCmd", Off::Never(NO_TOOL)),
    ("submodule.*.url", Off::Never(BY_PROTOCOL)),
    ("tar.*.command", Off::Never(NO_TOOL)),
    ("trailer.*.cmd", Off::Never(NO_TOOL)),
    ("trailer.*.command", Off::Never(NO_TOOL)),
    ("transfer.bundleURI", Off::Never(BY_PROTOCOL)),
    ("uploadpack.packObjectsHook", Off::Never(BY_SCOPE)),
    ("uploadpack.allowFilter", Off::Never(BY_REMOTE)),
    ("uploadpackfilter.allow", Off::Never(BY_REMOTE)),
    ("uploadpackfilter.*.allow", Off::Never(BY_REMOTE)),
    ("url.*.insteadOf", Off::Never(BY_PROTOCOL)),
    ("url.*.pushInsteadOf", Off::Never(BY_PROTOCOL)),
    ("web.browser", Off::Never(NO_TOOL)),
];

/// Whose file a setting stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The system's and the user's own.
    User,
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

pub(crate) type Override = (Vec<u8>, Vec<u8>);

impl Configuration {
    /// Reads `git config --list --show-scope --show-origin -z`. None when it is not understood.
    pub fn parse(printed: &[u8]) -> Option<Configuration> {
        let mut found = Configuration::default();
        let Some(printed) = printed.strip_suffix(b"\0") else {
            return printed.is_empty().then_some(found);
        };
        let mut pieces = printed.split(|&b| b == 0);
        while let Some(scope) = pieces.next() {
            let (origin, setting) = (pieces.next()?, pieces.next()?);
            // Whatever is not known to be the user's is not.
            let owner = match scope {
                b"system" | b"global" | b"command" => Owner::User,
                _ => Owner::Repository,
            };
            let mut parts = setting.splitn(2, |&b| b == b'\n');
            let name = parts.next()?.to_owned();
            // A name without a value says yes.
            let value = parts.next().unwrap_or(b"true").to_owned();
            if owner == Owner::Repository {
                found.files.insert(origin.strip_prefix(b"file:").unwrap_or(origin).to_owned());
            }
            found.settings.push(Setting { owner, name, value });
        }
        Some(found)
    }

    /// What switches off all that names a program, whoever set it: for looks.
    pub fn all_off(&self) -> Vec<Override> {
        let names: BTreeSet<&[u8]> = self.settings.iter().map(|s| s.name.as_slice()).collect();
        let off = |name: &[u8]| off(name).map(|value| (name.to_owned(), value.into()));
        names.into_iter().filter_map(off).collect()
    }

    /// What switches off all that the repository set, and puts what the user set in its place.
    pub fn foreign_off(&self) -> Vec<Override> {
        let mut overrides = Vec::new();
        let foreign: BTreeSet<&[u8]> =
            self.of(Owner::Repository).map(|setting| setting.name.as_slice()).collect();
        let mut helpers = false;
        for name in foreign {
            let Some(value) = off(name) else { continue };
            overrides.push((name.to_owned(), value.into()));
            if is_helper(name) {
                helpers = true;
                continue;
            }
            let own = self.of(Owner::User).filter(|setting| setting.name == name);
            overrides.extend(own.map(|own| (name.to_owned(), own.value.clone())));
        }
        if helpers {
            // One that is empty takes away all before it, the user's too.
            let own = self.of(Owner::User).filter(|setting| is_helper(&setting.name));
            overrides.extend(own.map(|own| (own.name.clone(), own.value.clone())));
        }
        overrides.push((HOOKS.to_vec(), self.own_hooks().unwrap_or(b"/dev/null").to_vec()));
        overrides
    }

    /// The user's own directory of hooks. A relative one would be the repository's.
    fn own_hooks(&self) -> Option<&[u8]> {
        let set = self.of(Owner::User).rfind(|setting| setting.name == HOOKS)?;
        let elsewhere = set.value.starts_with(b"/") || set.value.starts_with(b"~");
        elsewhere.then_some(set.value.as_slice())
    }

    /// Filters that have a program, whoever set it.
    pub fn filters(&self) -> BTreeSet<Vec<u8>> {
        filters(&self.settings)
    }

    /// Filters that the repository gives a program.
    pub fn foreign_filters(&self) -> BTreeSet<Vec<u8>> {
        filters(self.of(Owner::Repository))
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

    fn of(&self, owner: Owner) -> impl DoubleEndedIterator<Item = &Setting> {
        self.settings.iter().filter(move |setting| setting.owner == owner)
    }
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

const HOOKS: &[u8] = b"core.hookspath";

fn is_helper(name: &[u8]) -> bool {
    let (section, _, last) = parts(name);
    section == b"credential" && last == b"helper"
}

/// `section.whatever.is.between.name`
fn parts(name: &[u8]) -> (&[u8], Option<&[u8]>, &[u8]) {
    let first = name.iter().position(|&b| b == b'.').unwrap_or(name.len());
    let last = name.iter().rposition(|&b| b == b'.').unwrap_or(first);
    let between = (last > first).then(|| &name[first + 1..last]);
    (&name[..first], between, name.get(last + 1..).unwrap_or_default())
}

/// The value that switches `name` off, if it is one that needs a value.
fn off(name: &[u8]) -> Option<&'static str> {
    match row(name)? {
        Off::Value(value) => Some(value),
        Off::Never(_) => None,
    }
}

/// Whether a setting of a repository's own counts only where the repository is trusted, because what it
/// says is a program or takes away a protection. `name` as git lists it.
pub fn needs_trust(name: &str, value: &str) -> bool {
    const HARMLESS: [&str; 3] =
        ["push.recursesubmodules", "submodule.recurse", "filter.*.required"];
    let (section, between, last) = parts(name.as_bytes());
    let harmless = HARMLESS.iter().any(|known| {
        let (s, b, l) = parts(known.as_bytes());
        (s, l) == (section, last) && b.is_some() == between.is_some()
    });
    !harmless && off(name.as_bytes()).is_some_and(|off| off != value && !value.is_empty())
}

/// The row of the table for a name, in whatever case.
fn row(name: &[u8]) -> Option<Off> {
    let (section, between, last) = parts(name);
    let fits = |pattern: &str| {
        let (s, b, l) = parts(pattern.as_bytes());
        let between_fits = match (b, between) {
            (None, None) => true,
            (Some(b"*"), Some(_)) => true,
            (Some(b), Some(between)) => b.eq_ignore_ascii_case(between),
            (None, Some(_)) | (Some(_), None) => false,
        };
        s.eq_ignore_ascii_case(section)
            && between_fits
            && (l == b"*" || l.eq_ignore_ascii_case(last))
    };
    SETTINGS.iter().find(|(pattern, _)| fits(pattern)).map(|(_, off)| *off)
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
        Configuration::parse(&printed).unwrap()
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
        assert_eq!(Configuration::parse(b""), Some(Configuration::default()));
        for broken in [&b"local"[..], b"local\0", b"local\0file:x\0", b"local\0file:x\0a.b"] {
            assert_eq!(Configuration::parse(broken), None, "{broken:?}");
        }
    }

    /// Parts of names by which git's settings tell that they may name a program, an address or a file.
    const TELLING: &[&str] = &[
        "alias",
        "askpass",
        "browser",
        "clean",
        "cmd",
        "command",
        "cookie",
        "driver",
        "editor",
        "external",
        "file",
        "filter",
        "fsmonitor",
        "helper",
        "hook",
        "httpd",
        "include",
        "insteadof",
        "pager",
        "path",
        "process",
        "program",
        "proxy",
        "pack",
        "recurse",
        "receive",
        "smudge",
        "template",
        "textconv",
        "tool",
        "tunnel",
        "uri",
        "url",
        "vcs",
        "viewer",
        "worktree",
        "allow",
    ];
    /// Settings with such a part that say how, how much or whether.
    const HARMLESS: &[&str] = &[
        "advice.",
        "color.",
        "core.packed",
        "difftool.guidefault",
        "difftool.prompt",
        "difftool.trustexitcode",
        "extensions.",
        "fastimport.",
        "fetch.fsck",
        "fetch.recursesubmodules",
        "fetch.unpacklimit",
        "format.filenamemaxlength",
        "fsck.gitattributes",
        "fsck.",
        "fsmonitor.",
        "gc.",
        "gitcvs.",
        "gitweb.",
        "grep.",
        "gui.",
        "guitool.*.",
        "imap.",
        "init.",
        "merge.suppressdest",
        "mergetool.",
        "pack.",
        "receive.",
        "repack.",
        "sendemail.",
        "submodule.*.fetchrecurse",
        "transfer.unpacklimit",
        "uploadpack.",
        "worktree.",
        "remote.*.partialclonefilter",
        "core.filemode",
        "core.filesreflocktimeout",
        "credential.usehttppath",
        "core.whitespace",
        "bitmappseudomerge.",
        "http.sslcertpassword",
        "submodule.alternate",
        "uploadarchive.",
        "push.useforce",
        "clean.",
        "checkout.",
        "status.",
        "showbranch.",
        "column.",
        "diff.*.",
        "diff.trustexitcode",
        "credentialcache.",
        "core.bigfilethreshold",
        "log.",
        "core.multipackindex",
        "commit.cleanup",
        "gpg.min",
        "alias",
        "bundle.heuristic",
        "commitgraph.",
        "core.fsyncobjectfiles",
        "core.hidedotfiles",
        "core.quotepath",
        "diff.indentheuristic",
        "feature.",
        "maintenance.",
        "rebase.abbreviatecommands",
        "sparse.",
        "stash.",
        "trace2.",
        "transfer.credentialsinurl",
        "uploadpackfilter.",
    ];

    #[test]
    fn every_setting_of_this_git_that_may_name_a_program_is_in_the_table() {
        let git = std::process::Command::new("git").args(["help", "--config"]).output().unwrap();
        let listed = String::from_utf8(git.stdout).unwrap();
        let mut unknown = Vec::new();
        let mut known = 0;
        for name in listed.lines().filter(|line| line.contains('.') && !line.contains(' ')) {
            let mut plain = name.to_ascii_lowercase();
            while let (Some(from), Some(to)) = (plain.find('<'), plain.find('>')) {
                plain.replace_range(from..=to, "*");
            }
            let telling = TELLING.iter().any(|part| plain.contains(part));
            if row(plain.as_bytes()).is_some() {
                known += 1;
            } else if telling && !HARMLESS.iter().any(|start| plain.starts_with(start)) {
                unknown.push(plain);
            }
        }
        assert!(known > 50, "{known}: `git help --config` said {listed}");
        assert!(
            unknown.is_empty(),
            "say in SETTINGS what keeps these from being followed: {unknown:?}"
        );
    }
}
