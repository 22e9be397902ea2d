//! Settings by which git, or a program that comes with it or beside it, runs something for whoever calls it.
//!
//! Promise: a value that git itself gives, or that only names one of git's own tools, is none of them.
//! Must not know: where a setting stands.

use crate::aliases;

/// Settings by which git runs a program for whoever calls it in a repository, an agent above all. Ours are
/// called so that they are not followed (`needs_trust` knows all others).
const FOR_CALLERS: &[&str] = &[
    "browser.*.cmd",
    "browser.*.path",
    "core.gitproxy",
    "difftool.*.cmd",
    "difftool.*.path",
    "gc.recentobjectshook",
    "gitflow.*.hooks",
    "guitool.*.cmd",
    "help.browser",
    "imap.tunnel",
    "imap.*.tunnel",
    "init.templatedir",
    "instaweb.browser",
    "instaweb.httpd",
    "instaweb.modulepath",
    "interactive.difffilter",
    "man.*.cmd",
    "man.*.path",
    "mergetool.*.cmd",
    "mergetool.*.path",
    "sendemail.cccmd",
    "sendemail.*.cccmd",
    "sendemail.headercmd",
    "sendemail.*.headercmd",
    "sendemail.sendmailcmd",
    "sendemail.*.sendmailcmd",
    "sendemail.smtpserver",
    "sendemail.*.smtpserver",
    "sendemail.tocmd",
    "sendemail.*.tocmd",
    "svn.authorsprog",
    // Subversion's own settings, which name programs, and hooks for new repositories.
    "svn.configdir",
    "svn.template",
    "svn-remote.*.authorsprog",
    "svn-remote.*.configdir",
    "svn-remote.*.template",
    "tar.*.command",
    "trailer.*.cmd",
    "trailer.*.command",
    "uploadpack.packobjectshook",
    "web.browser",
];
/// Tools for comparing and merging that git has a script of its own for (`git difftool --tool-help`). Of any other
/// name git looks for a script too, and takes a path for one.
const TOOLS: &[&str] = &[
    "araxis",
    "bc",
    "codecompare",
    "deltawalker",
    "diffmerge",
    "diffuse",
    "ecmerge",
    "emerge",
    "examdiff",
    "guiffy",
    "gvimdiff",
    "kdiff3",
    "kompare",
    "meld",
    "nvimdiff",
    "opendiff",
    "p4merge",
    "smerge",
    "tkdiff",
    "tortoisemerge",
    "vimdiff",
    "vscode",
    "winmerge",
    "xxdiff",
];
/// Parts of names of git-annex's settings (git-annex(1), "CONFIGURATION") that are commands, hooks, programs, or
/// options for programs, or that allow what is not allowed.
const OF_ANNEX: &[&str] =
    &["command", "hook", "program", "options", "shell", "externaltype", "transport", "allowed"];
/// Addresses of Subversion that start nothing here: any other may be a tunnel of the repository's, or a directory
/// whose hooks run.
const SVN_SCHEMES: &[&str] = &["http://", "https://", "svn://"];
/// The transport that runs its address as a command.
const RUNS_ITS_ADDRESS: &str = "ext::";

/// `lower` is the name in lower case.
pub fn runs_for_callers(lower: &str, value: &str) -> bool {
    let (section, rest) = lower.split_once('.').unwrap_or((lower, ""));
    let (between, last) = rest.rsplit_once('.').unwrap_or(("", rest));
    let middle = if between.is_empty() { "" } else { "*." };
    let shape = format!("{section}.{middle}{last}");
    match section {
        "alias" => aliases::runs(value),
        "protocol" => last == "allow" && !value.eq_ignore_ascii_case("never"),
        "annex" => is_of_annex(last) && !value.is_empty(),
        "remote" if last.starts_with("annex-") => is_of_annex(last) && !value.is_empty(),
        "url" | "remote" | "submodule" => {
            lower.contains(RUNS_ITS_ADDRESS) || value.contains(RUNS_ITS_ADDRESS)
        }
        "diff" | "merge" if between.is_empty() && matches!(last, "tool" | "guitool") => {
            !is_known_tool(value)
        }
        // Of a layout these words, signs and spaces are all (git-mergetool(1)); the editor gets anything else as a
        // command.
        "mergetool" if last == "layout" => {
            !value.chars().all(|c| c.is_ascii_alphabetic() || "@,/+() *\"".contains(c))
        }
        "svn-remote" if matches!(last, "url" | "pushurl" | "commiturl") => {
            !SVN_SCHEMES.iter().any(|scheme| value.to_ascii_lowercase().starts_with(scheme))
        }
        _ => FOR_CALLERS.contains(&shape.as_str()) && !value.is_empty(),
    }
}

fn is_of_annex(last: &str) -> bool {
    OF_ANNEX.iter().any(|part| last.contains(part))
}

/// Of some git has variants, which end in a digit.
fn is_known_tool(value: &str) -> bool {
    let name = value.strip_suffix(|c: char| c.is_ascii_digit()).unwrap_or(value);
    value.is_empty() || TOOLS.contains(&value) || TOOLS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(key: &str, value: &str) -> bool {
        runs_for_callers(&key.to_ascii_lowercase(), value)
    }

    #[test]
    fn security_05_settings_by_which_git_runs_something_for_its_caller_count() {
        for (key, value) in [
            ("diff.tool", "../../x/evil"),
            ("diff.tool", "/evil"),
            ("diff.guitool", "sub/evil"),
            ("merge.tool", "evil"),
            ("merge.tool", "vimdiff/../../x"),
            ("merge.tool", " vimdiff"),
            ("merge.guitool", ".."),
            ("mergetool.vimdiff.layout", "LOCAL | !touch x"),
            ("svn.authorsProg", "evil"),
            ("svn.configDir", "x"),
            ("svn-remote.svn.url", "svn+evil://x"),
            ("svn-remote.svn.pushurl", "file:///x"),
            // By ssh, as the repository's own settings of Subversion may have it.
            ("svn-remote.svn.url", "svn+ssh://x"),
            ("instaweb.modulePath", "/x"),
            ("annex.secure-erase-command", "evil"),
            ("annex.youtube-dl-options", "--exec evil"),
            ("annex.security.allowed-ip-addresses", "all"),
            ("remote.x.annex-externaltype", "evil"),
            ("remote.x.annex-start-command", "evil"),
            ("remote.x.annex-rsync-upload-options", "-e evil"),
            ("remote.x.annex-retrieve-hook", "evil"),
            ("gitflow.path.hooks", "x"),
            ("url.ext::evil.insteadOf", ""),
        ] {
            assert!(counts(key, value), "{key} = {value}");
        }
        for (key, value) in [
            ("diff.tool", "vimdiff3"),
            ("merge.tool", "bc4"),
            ("diff.tool", ""),
            ("diff.algorithm", "patience"),
            ("merge.conflictStyle", "zdiff3"),
            ("mergetool.vimdiff.layout", "(LOCAL,BASE,REMOTE)/MERGED + @LOCAL"),
            ("svn-remote.svn.url", "https://a/b"),
            ("svn-remote.svn.url", "http://a/b"),
            ("svn-remote.svn.url", "svn://a/b"),
            ("svn-remote.svn.fetch", "trunk:refs/remotes/trunk"),
            ("annex.uuid", "x"),
            ("annex.version", "10"),
            ("remote.x.annex-uuid", "x"),
        ] {
            assert!(!counts(key, value), "{key} = {value}");
        }
    }
}
