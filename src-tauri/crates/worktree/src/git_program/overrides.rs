//! Variables and settings that every call of git gets, or every call of one kind.
//!
//! Promise: whoever changes how git is influenced finds all of it here and in `configuration`.
//! Must not know: which call gets what.

/// `git rev-parse --local-env-vars`, and what would make git write traces into our output.
pub(crate) const FOREIGN: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_WORK_TREE",
];
/// Nobody is there to answer, and messages are compared in English.
pub(crate) const OURS: &[(&str, &str)] = &[
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GCM_INTERACTIVE", "never"),
    ("GIT_EDITOR", "true"),
    ("GIT_SEQUENCE_EDITOR", "true"),
    ("GIT_PAGER", "cat"),
    ("LC_ALL", "C"),
    // What is committed is what the commits themselves say.
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    // None can be there, so that git does not give advice about one.
    ("GIT_GRAFT_FILE", "/dev/null/none"),
    ("GIT_ADVICE", "0"),
];
/// Of every call. No background work: a daemon would keep the worktree as its directory. Nothing that
/// goes on into other repositories, whose configuration is another. Nothing that lets git pass over a change or
/// take one file for another, whatever is said of the file system.
pub(crate) const ALWAYS: &[(&str, &str)] = &[
    ("core.checkStat", "default"),
    ("core.fsmonitor", "false"),
    ("core.ignoreStat", "false"),
    ("core.precomposeUnicode", "false"),
    ("core.quotePath", "false"),
    ("core.trustctime", "true"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("push.recurseSubmodules", "no"),
    ("safe.bareRepository", "explicit"),
    ("submodule.recurse", "false"),
];
/// Of an act by a copy: the user has no hooks of their own either.
pub(crate) const NO_HOOKS: &[(&str, &str)] = &[("core.hooksPath", "/dev/null")];
/// Of a look: what may start something although no setting says so, and windows small enough for the
/// memory that a look may use.
pub(crate) const OF_LOOKS: &[(&str, &str)] = &[
    ("core.hooksPath", "/dev/null"),
    ("core.packedGitLimit", "1g"),
    ("core.packedGitWindowSize", "64m"),
    // What an index remembers of new files may not be so.
    ("core.untrackedCache", "false"),
    ("log.showSignature", "false"),
    ("protocol.allow", "never"),
    ("status.submoduleSummary", "false"),
];
/// Comes before every setting about protocols (git(1)). `ext` runs whatever its address says.
pub(crate) const PROTOCOLS: &str = "GIT_ALLOW_PROTOCOL";
pub(crate) const PROXY: &str = "GIT_PROXY_COMMAND";
pub(crate) const NETWORK: &str = "file:git:http:https:ssh";
/// Variables that name a program which talks to another machine, or asks for a password.
pub(crate) const CONNECTS: &[&str] = &["GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "SSH_ASKPASS"];
