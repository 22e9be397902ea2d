//! Which settings of a repository's own count in a call of ours: those that say how git keeps its data, where its
//! branches and remotes are, and how it compares and merges.
//!
//! Promise: a list of what counts, not of what does not. A setting that a later git brings, or that turns
//! out to run something, has to be added here before it is followed.
//! Must not know: what names a program (`programs`), whose setting it is.
//! The names are those of git-config(1).

use crate::git_program::programs::parts;

/// `section.name`, `section.*.name` with anything between, or a whole `section.**`. In lower case.
const FOLLOWED: &[&str] = &[
    "advice.**",
    "apply.ignorewhitespace",
    "apply.whitespace",
    "author.email",
    "author.name",
    // Not its options for a merge: these may read files, or leave one side out.
    "branch.autosetupmerge",
    "branch.autosetuprebase",
    "branch.sort",
    "branch.*.description",
    "branch.*.merge",
    "branch.*.pushremote",
    "branch.*.rebase",
    "branch.*.remote",
    "checkout.**",
    "clean.requireforce",
    "color.**",
    "column.**",
    "commit.cleanup",
    "commit.gpgsign",
    "commit.status",
    "commit.verbose",
    "commitgraph.**",
    "committer.email",
    "committer.name",
    "core.abbrev",
    "core.attributesfile",
    "core.autocrlf",
    "core.bare",
    "core.bigfilethreshold",
    "core.checkroundtripencoding",
    "core.commentchar",
    "core.commentstring",
    "core.commitgraph",
    "core.compression",
    "core.deltabasecachelimit",
    "core.eol",
    "core.filemode",
    "core.filesreflocktimeout",
    "core.fsync",
    "core.fsyncmethod",
    "core.fsyncobjectfiles",
    "core.logallrefupdates",
    "core.loosecompression",
    "core.multipackindex",
    "core.notesref",
    "core.packedgitlimit",
    "core.packedgitwindowsize",
    "core.packedrefstimeout",
    "core.prefersymlinkrefs",
    "core.protecthfs",
    "core.protectntfs",
    "core.repositoryformatversion",
    "core.safecrlf",
    "core.sharedrepository",
    "core.sparsecheckout",
    "core.sparsecheckoutcone",
    "core.splitindex",
    "core.symlinks",
    "core.untrackedcache",
    "core.warnambiguousrefs",
    "core.whitespace",
    "credential.usehttppath",
    "credential.username",
    "credential.*.usehttppath",
    "credential.*.username",
    "diff.*.algorithm",
    "diff.*.binary",
    "diff.*.funcname",
    "diff.*.wordregex",
    "diff.*.xfuncname",
    "diff.algorithm",
    "diff.colormoved",
    "diff.colormovedws",
    "diff.context",
    "diff.dirstat",
    "diff.dstprefix",
    "diff.ignoresubmodules",
    "diff.indentheuristic",
    "diff.interhunkcontext",
    "diff.mnemonicprefix",
    "diff.noprefix",
    "diff.orderfile",
    "diff.relative",
    "diff.renamelimit",
    "diff.renames",
    "diff.srcprefix",
    "diff.submodule",
    "diff.suppressblankempty",
    "diff.wordregex",
    "diff.wserrorhighlight",
    "extensions.**",
    "feature.**",
    "fetch.fsckobjects",
    "fetch.negotiationalgorithm",
    "fetch.parallel",
    "fetch.prune",
    "fetch.prunetags",
    "fetch.recursesubmodules",
    "fetch.unpacklimit",
    "fetch.writecommitgraph",
    "fsck.**",
    "gc.**",
    "gpg.format",
    "gpg.mintrustlevel",
    "gpg.ssh.allowedsignersfile",
    "gpg.ssh.revocationfile",
    "http.lowspeedlimit",
    "http.lowspeedtime",
    "http.maxrequests",
    "http.minsessions",
    "http.postbuffer",
    "http.version",
    "http.*.lowspeedlimit",
    "http.*.lowspeedtime",
    "http.*.postbuffer",
    "http.*.version",
    "index.**",
    "lfs.**",
    "log.date",
    "log.decorate",
    "log.mailmap",
    "mailmap.blob",
    "mailmap.file",
    "merge.*.name",
    "merge.*.recursive",
    "merge.autostash",
    "merge.conflictstyle",
    // One whose program does not run then makes a conflict, and not a merge of another kind.
    "merge.default",
    "merge.defaulttoupstream",
    "merge.directoryrenames",
    "merge.ff",
    "merge.log",
    "merge.renamelimit",
    "merge.renames",
    "merge.renormalize",
    "merge.stat",
    "merge.suppressdest",
    "merge.verifysignatures",
    "notes.**",
    "pack.**",
    "pull.ff",
    "pull.rebase",
    "push.autosetupremote",
    "push.default",
    "push.followtags",
    "push.gpgsign",
    "push.negotiate",
    "push.usebitmaps",
    "push.useforceifincludes",
    "rebase.abbreviatecommands",
    "rebase.autosquash",
    "rebase.autostash",
    "rebase.backend",
    "rebase.forkpoint",
    "rebase.maxlabellength",
    "rebase.missingcommitscheck",
    "rebase.rebasemerges",
    "rebase.reschedulefailedexec",
    "rebase.stat",
    "rebase.updaterefs",
    "receive.**",
    "remote.pushdefault",
    "remote.*.fetch",
    "remote.*.followremotehead",
    "remote.*.mirror",
    "remote.*.partialclonefilter",
    "remote.*.promisor",
    "remote.*.prune",
    "remote.*.prunetags",
    "remote.*.push",
    "remote.*.pushurl",
    "remote.*.serveroption",
    "remote.*.skipdefaultupdate",
    "remote.*.skipfetchall",
    "remote.*.tagopt",
    "remote.*.url",
    "repack.**",
    "rerere.**",
    "sparse.**",
    "splitindex.**",
    "stash.**",
    "status.**",
    "submodule.active",
    "submodule.alternateerrorstrategy",
    "submodule.alternatelocation",
    "submodule.fetchjobs",
    "submodule.propagatebranches",
    "submodule.*.active",
    "submodule.*.branch",
    "submodule.*.fetchrecursesubmodules",
    "submodule.*.ignore",
    "submodule.*.path",
    "submodule.*.shallow",
    "submodule.*.url",
    "tag.gpgsign",
    "tag.forcesignannotated",
    "tag.sort",
    "transfer.credentialsinurl",
    "transfer.fsckobjects",
    "transfer.unpacklimit",
    "url.**",
    "user.email",
    "user.name",
    "user.signingkey",
    "user.useconfigonly",
    "versionsort.suffix",
    "worktree.**",
];

/// `name` as git lists it: what is not between the first and the last dot is in lower case.
pub(crate) fn is_followed(name: &[u8]) -> bool {
    let (section, between, last) = parts(name);
    FOLLOWED.iter().any(|pattern| {
        let pattern = pattern.as_bytes();
        if let Some(whole) = pattern.strip_suffix(b".**") {
            return section.eq_ignore_ascii_case(whole);
        }
        let (s, b, l) = parts(pattern);
        let between_fits = match (b, between) {
            (None, None) | (Some(b"*"), Some(_)) => true,
            (Some(b), Some(between)) => b.eq_ignore_ascii_case(between),
            (None, Some(_)) | (Some(_), None) => false,
        };
        s.eq_ignore_ascii_case(section) && between_fits && l.eq_ignore_ascii_case(last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_03_only_what_is_listed_is_followed() {
        for name in [
            "core.autocrlf",
            "remote.or.i.gin.url",
            "branch.main.merge",
            "extensions.objectformat",
            "url.https://x/.insteadof",
            "gpg.ssh.allowedsignersfile",
        ] {
            assert!(is_followed(name.as_bytes()), "{name}");
        }
        for name in [
            "rebase.instructionformat",
            "hook.x.command",
            "hook.x.event",
            "branch.main.mergeoptions",
            "pull.twohead",
            "http.sslcainfo",
            "http.https://h/.sslcapath",
            "i18n.logoutputencoding",
            "i18n.commitencoding",
            "core.ignorecase",
            "core.precomposeunicode",
            "core.worktree",
            "include.path",
            "new.in.a.later.git",
            "core",
            "",
        ] {
            assert!(!is_followed(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_name_is_listed_once_and_as_git_knows_it() {
        let git = std::process::Command::new("git").args(["help", "--config"]).output().unwrap();
        let listed = String::from_utf8(git.stdout).unwrap().to_ascii_lowercase();
        let sections: Vec<&str> =
            listed.lines().filter_map(|name| name.split('.').next()).collect();
        for (n, name) in FOLLOWED.iter().enumerate() {
            assert!(!FOLLOWED[..n].contains(name), "{name} is listed twice");
            // Git LFS has settings of its own.
            let section = name.split('.').next().unwrap();
            assert!(section == "lfs" || sections.contains(&section), "{name}");
        }
    }
}
