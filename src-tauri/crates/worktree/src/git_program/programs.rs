//! Which of git's settings name a program, and how each is kept from being followed.
//!
//! Promise: a test compares the table with what this machine's git knows (`git help --config`).
//! Must not know: whose setting it is.

use crate::git_program::plain_command::Starts;

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
    // Options of `git merge`: a file that becomes the message, a strategy that is a program.
    ("branch.*.mergeOptions", Off::Value("")),
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
    // A configured hook runs where its event is set too; `true` does nothing.
    ("hook.*.command", Off::Value("true")),
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
    // Where nothing else is to be trusted, nobody is: the connection fails.
    ("http.sslCAInfo", Off::Value("")),
    ("http.*.sslCAInfo", Off::Value("")),
    ("http.sslCAPath", Off::Value("")),
    ("http.*.sslCAPath", Off::Value("")),
    ("http.proxySSLCAInfo", Off::Value("")),
    ("http.*.proxySSLCAInfo", Off::Value("")),
    ("http.sslVerify", Off::Value("true")),
    ("http.*.sslVerify", Off::Value("true")),
    // A rebase writes subjects into the list of what it does: one in which lines end elsewhere breaks it.
    ("i18n.commitEncoding", Off::Value("UTF-8")),
    ("i18n.logOutputEncoding", Off::Value("UTF-8")),
    ("lfs.standaloneTransferAgent", Off::Value("")),
    ("lfs.*.standaloneTransferAgent", Off::Value("")),
    ("lfs.*.path", Off::Value("")),
    ("lfs.*.clean", Off::Value("")),
    ("lfs.*.smudge", Off::Value("")),
    // An empty one would say that both sides were merged.
    ("merge.*.driver", Off::Value("false")),
    ("pager.*", Off::Value("false")),
    ("push.recurseSubmodules", Off::Value("no")),
    // A rebase reads a line of its own in it as an instruction, such as `exec`.
    ("rebase.instructionFormat", Off::Value("%s")),
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
    ("http.proxySSLCert", Off::Never(READ_ONLY)),
    ("http.proxySSLCertPasswordProtected", Off::Never(NO_PROGRAM)),
    ("http.proxySSLKey", Off::Never(READ_ONLY)),
    ("http.schannelUseSSLCAInfo", Off::Never(NO_PROGRAM)),
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
    ("sendemail.*.ccCmd", Off::Never(NO_TOOL)),
    ("sendemail.headerCmd", Off::Never(NO_TOOL)),
    ("sendemail.*.headerCmd", Off::Never(NO_TOOL)),
    ("sendemail.mailmap.file", Off::Never(NO_TOOL)),
    ("sendemail.sendmailCmd", Off::Never(NO_TOOL)),
    ("sendemail.*.sendmailCmd", Off::Never(NO_TOOL)),
    // A path there is a program.
    ("sendemail.smtpServer", Off::Never(NO_TOOL)),
    ("sendemail.*.smtpServer", Off::Never(NO_TOOL)),
    ("sendemail.smtpSSLCertPath", Off::Never(NO_TOOL)),
    ("sendemail.toCmd", Off::Never(NO_TOOL)),
    ("sendemail.*.toCmd", Off::Never(NO_TOOL)),
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

/// How the settings that need a value start what they name: `section.*.name`, in lower case. All others start nothing.
const STARTS: &[(&str, Starts)] = &[
    ("core.alternaterefscommand", Starts::Command),
    ("core.askpass", Starts::Program),
    ("core.editor", Starts::Command),
    ("core.fsmonitor", Starts::Command),
    ("core.pager", Starts::Command),
    ("core.sshcommand", Starts::Command),
    ("credential.helper", Starts::Helper),
    ("credential.*.helper", Starts::Helper),
    ("diff.external", Starts::Command),
    ("diff.*.command", Starts::Command),
    ("diff.*.textconv", Starts::Command),
    ("filter.*.clean", Starts::Command),
    ("filter.*.process", Starts::Command),
    ("filter.*.smudge", Starts::Command),
    ("hook.*.command", Starts::Command),
    ("gpg.program", Starts::Program),
    ("gpg.*.program", Starts::Program),
    ("gpg.ssh.defaultkeycommand", Starts::Words),
    ("http.cookiefile", Starts::Place),
    ("http.*.cookiefile", Starts::Place),
    ("http.sslcainfo", Starts::Place),
    ("http.*.sslcainfo", Starts::Place),
    ("http.sslcapath", Starts::Place),
    ("http.*.sslcapath", Starts::Place),
    ("http.proxysslcainfo", Starts::Place),
    ("http.*.proxysslcainfo", Starts::Place),
    ("lfs.standalonetransferagent", Starts::Named),
    ("lfs.*.standalonetransferagent", Starts::Named),
    ("lfs.*.path", Starts::Program),
    ("lfs.*.clean", Starts::Command),
    ("lfs.*.smudge", Starts::Command),
    ("merge.*.driver", Starts::Command),
    ("pager.*", Starts::Command),
    ("remote.*.receivepack", Starts::Command),
    ("remote.*.uploadpack", Starts::Command),
    ("remote.*.vcs", Starts::Named),
    ("sequence.editor", Starts::Command),
    ("submodule.*.update", Starts::Update),
];

/// Names a program of commands that are never called by us, or an alias: scripts of the user's own may call these.
pub(crate) fn is_of_tools(name: &[u8]) -> bool {
    let of_tools =
        matches!(row(name), Some(Off::Never(why)) if [NO_TOOL, NO_TERMINAL].contains(&why));
    of_tools || parts(name).0.eq_ignore_ascii_case(b"alias")
}

/// How a setting starts what it names.
pub(crate) fn starts(name: &[u8]) -> Starts {
    let found = STARTS.iter().find(|(pattern, _)| fits(pattern, name));
    found.map_or(Starts::Nothing, |(_, starts)| *starts)
}

/// `section.whatever.is.between.name`
pub(crate) fn parts(name: &[u8]) -> (&[u8], Option<&[u8]>, &[u8]) {
    let first = name.iter().position(|&b| b == b'.').unwrap_or(name.len());
    let last = name.iter().rposition(|&b| b == b'.').unwrap_or(first);
    let between = (last > first).then(|| &name[first + 1..last]);
    (&name[..first], between, name.get(last + 1..).unwrap_or_default())
}

/// The value that switches `name` off, if it is one that needs a value.
pub(crate) fn off(name: &[u8]) -> Option<&'static str> {
    match row(name)? {
        Off::Value(value) => Some(value),
        Off::Never(_) => None,
    }
}

/// Whether a setting of a repository's own counts only where the repository is trusted, because what it
/// says is a program or takes away a protection. `name` as git lists it.
pub fn needs_trust(name: &str, value: &str) -> bool {
    const HARMLESS: [&str; 5] = [
        "push.recursesubmodules",
        "submodule.recurse",
        "filter.*.required",
        "i18n.commitencoding",
        "i18n.logoutputencoding",
    ];
    let (section, between, last) = parts(name.as_bytes());
    let harmless = HARMLESS.iter().any(|known| {
        let (s, b, l) = parts(known.as_bytes());
        (s, l) == (section, last) && b.is_some() == between.is_some()
    });
    !harmless && off(name.as_bytes()).is_some_and(|off| off != value && !value.is_empty())
}

/// The row of the table for a name, in whatever case.
fn row(name: &[u8]) -> Option<Off> {
    SETTINGS.iter().find(|(pattern, _)| fits(pattern, name)).map(|(_, off)| *off)
}

/// Whether a pattern of a table means this name, in whatever case.
fn fits(pattern: &str, name: &[u8]) -> bool {
    let (section, between, last) = parts(name);
    let (s, b, l) = parts(pattern.as_bytes());
    let between_fits = match (b, between) {
        (None, None) | (Some(b"*"), Some(_)) => true,
        (Some(b), Some(between)) => b.eq_ignore_ascii_case(between),
        (None, Some(_)) | (Some(_), None) => false,
    };
    let last_fits = l == b"*" || l.eq_ignore_ascii_case(last);
    s.eq_ignore_ascii_case(section) && between_fits && last_fits
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// A setting that is switched off because it names a program has a row in both tables.
    #[test]
    fn what_names_a_program_says_how_it_is_started() {
        const NAMES_NONE: &[&str] = &[
            "branch.*.mergeOptions",
            "core.hooksPath",
            "filter.*.required",
            "http.curloptResolve",
            "http.*.curloptResolve",
            "http.extraHeader",
            "http.*.extraHeader",
            "http.proxy",
            "http.*.proxy",
            "http.saveCookies",
            "http.*.saveCookies",
            "http.sslVerify",
            "http.*.sslVerify",
            "i18n.commitEncoding",
            "i18n.logOutputEncoding",
            "push.recurseSubmodules",
            "rebase.instructionFormat",
            "remote.*.proxy",
            "submodule.recurse",
        ];
        for (name, off) in SETTINGS {
            let off = matches!(off, Off::Value(_));
            let starts = starts(name.replace('*', "x").as_bytes()) != Starts::Nothing;
            assert_eq!(starts, off && !NAMES_NONE.contains(name), "{name}");
        }
    }

    #[test]
    fn tools_are_known_by_what_a_setting_names_and_not_by_its_section() {
        for name in
            ["alias.st", "difftool.x.cmd", "man.x.path", "help.browser", "sendemail.a.tocmd"]
        {
            assert!(is_of_tools(name.as_bytes()), "{name}");
        }
        for name in [
            "help.autocorrect",
            "difftool.prompt",
            "interactive.singlekey",
            "tar.umask",
            "core.pager",
        ] {
            assert!(!is_of_tools(name.as_bytes()), "{name}");
        }
    }

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
