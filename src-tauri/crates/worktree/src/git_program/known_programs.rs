//! Programs that a command of the user's settings may start in a repository, and what each may be told.
//!
//! Promise: a list of what counts. A program is in it because it runs nothing that it finds where it works, with
//! the words that its row allows; what is not in it is not followed.
//! Must not know: how a command is read, where a repository is.

/// What the words after a program may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// Whatever names no file of the repository: none of its options runs anything.
    Any,
    /// Whatever: it says its words, says yes or no, or reads and runs nothing. Variables may stand in them.
    Said,
    /// One of these, each with `Any` behind it.
    After(&'static [&'static [&'static str]]),
    /// Options of these names, each with its value or none.
    Options(&'static [(&'static str, Takes)]),
    /// This word, and options behind it. Without the word it would do something else.
    Verb(&'static str, &'static [(&'static str, Takes)]),
    /// Scripts of `sed` that replace and delete.
    Sed,
}

/// What follows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    /// A word that is no place.
    Word,
    /// A place outside, or `/dev/null`.
    Place,
    /// Any word: it is not a name of anything.
    Secret,
    /// A pass phrase's source, as openssl-passphrase-options(1) has it.
    Password,
    /// `name=value` of ssh_config(5), with a name that starts nothing.
    SshSetting,
}

use Takes::{Nothing, Password, Place, Secret, SshSetting, Word};

const GPG: Words = Words::Options(&[
    ("--armor", Nothing),
    ("--batch", Nothing),
    ("--decrypt", Nothing),
    ("--default-key", Word),
    ("--encrypt", Nothing),
    ("--homedir", Place),
    ("--local-user", Word),
    ("--no-tty", Nothing),
    ("--passphrase-file", Place),
    ("--pinentry-mode", Word),
    ("--quiet", Nothing),
    ("--recipient", Word),
    ("--sign", Nothing),
    ("--symmetric", Nothing),
    ("--trust-model", Word),
    ("--yes", Nothing),
    ("-a", Nothing),
    ("-c", Nothing),
    ("-d", Nothing),
    ("-e", Nothing),
    ("-q", Nothing),
    ("-r", Word),
    ("-u", Word),
]);
const SSH: Words = Words::Options(&[
    ("-4", Nothing),
    ("-6", Nothing),
    ("-A", Nothing),
    ("-C", Nothing),
    ("-F", Place),
    ("-T", Nothing),
    ("-a", Nothing),
    ("-c", Word),
    ("-i", Place),
    ("-l", Word),
    ("-o", SshSetting),
    ("-p", Word),
    ("-q", Nothing),
    ("-v", Nothing),
    ("-x", Nothing),
]);
/// Names of ssh_config(5) that start no program and read no file but their own place. In lower case.
pub(crate) const SSH_SETTINGS: &[&str] = &[
    "addkeystoagent",
    "addressfamily",
    "batchmode",
    "checkhostip",
    "ciphers",
    "compression",
    "connectionattempts",
    "connecttimeout",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "hostkeyalgorithms",
    "identitiesonly",
    "identityfile",
    "kexalgorithms",
    "loglevel",
    "macs",
    "passwordauthentication",
    "port",
    "preferredauthentications",
    "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes",
    "pubkeyauthentication",
    "serveralivecountmax",
    "serveraliveinterval",
    "stricthostkeychecking",
    "tcpkeepalive",
    "user",
    "userknownhostsfile",
];
/// Of openssl-enc(1) what turns its input into its output. Engines, providers and configurations are libraries to load;
/// without a command it reads commands from its input.
const OPENSSL: Words = Words::Verb(
    "enc",
    &[
        ("-A", Nothing),
        ("-K", Secret),
        ("-S", Word),
        ("-a", Nothing),
        ("-aes-128-cbc", Nothing),
        ("-aes-128-ctr", Nothing),
        ("-aes-192-cbc", Nothing),
        ("-aes-256-cbc", Nothing),
        ("-aes-256-cfb", Nothing),
        ("-aes-256-ctr", Nothing),
        ("-aes-256-ecb", Nothing),
        ("-aes128", Nothing),
        ("-aes192", Nothing),
        ("-aes256", Nothing),
        ("-base64", Nothing),
        ("-camellia-256-cbc", Nothing),
        ("-chacha20", Nothing),
        ("-d", Nothing),
        ("-des3", Nothing),
        ("-e", Nothing),
        ("-in", Place),
        ("-iter", Word),
        ("-iv", Word),
        ("-k", Secret),
        ("-kfile", Place),
        ("-md", Word),
        ("-nopad", Nothing),
        ("-nosalt", Nothing),
        ("-out", Place),
        ("-pass", Password),
        ("-pbkdf2", Nothing),
        ("-salt", Nothing),
    ],
);
/// From its input to its output: a word could name a file to write.
const ALONE: Words = Words::Options(&[]);
const PACKS: Words = Words::Options(&[
    ("--decompress", Nothing),
    ("--stdout", Nothing),
    ("-1", Nothing),
    ("-9", Nothing),
    ("-c", Nothing),
    ("-cd", Nothing),
    ("-d", Nothing),
    ("-dc", Nothing),
    ("-n", Nothing),
]);
/// It can be told a program that compresses.
const SORT: Words = Words::Options(&[
    ("-b", Nothing),
    ("-f", Nothing),
    ("-k", Word),
    ("-n", Nothing),
    ("-r", Nothing),
    ("-s", Nothing),
    ("-t", Word),
    ("-u", Nothing),
]);
/// `git` itself, with commands that follow no alias and start nothing of a checkout.
const GIT: Words = Words::After(&[
    &["crypt", "clean"],
    &["crypt", "diff"],
    &["crypt", "smudge"],
    &["hash-object"],
    &["lfs", "clean"],
    &["lfs", "filter-process"],
    &["lfs", "smudge"],
    &["merge-file"],
    &["stripspace"],
]);
const LFS: Words = Words::After(&[&["clean"], &["filter-process"], &["smudge"]]);
const AUTH: Words = Words::After(&[&["auth", "git-credential"]]);

const KNOWN: &[(&str, Words)] = &[
    ("[", Words::Said),
    ("age", Words::Any),
    ("aws", Words::After(&[&["codecommit", "credential-helper"]])),
    ("base64", Words::Any),
    ("bzip2", PACKS),
    ("cat", Words::Any),
    ("cp", Words::Any),
    ("cut", Words::Any),
    ("dos2unix", ALONE),
    ("echo", Words::Said),
    ("expand", Words::Any),
    ("false", Words::Said),
    ("fmt", Words::Any),
    ("fold", Words::Any),
    ("gh", AUTH),
    ("git", GIT),
    ("git-credential-cache", Words::Any),
    ("git-credential-libsecret", Words::Any),
    ("git-credential-manager", Words::Any),
    ("git-credential-manager-core", Words::Any),
    ("git-credential-oauth", Words::Any),
    ("git-credential-osxkeychain", Words::Any),
    ("git-credential-store", Words::Any),
    ("git-crypt", Words::After(&[&["clean"], &["diff"], &["smudge"]])),
    ("git-lfs", LFS),
    ("git-receive-pack", Words::Any),
    ("git-upload-pack", Words::Any),
    ("glab", AUTH),
    ("gpg", GPG),
    ("gpg2", GPG),
    ("gpgsm", GPG),
    ("grep", Words::Said),
    ("gunzip", PACKS),
    ("gzip", PACKS),
    ("head", Words::Any),
    ("iconv", Words::Any),
    ("jq", Words::Said),
    ("mergiraf", Words::After(&[&["merge"]])),
    ("nbstripout", Words::Any),
    ("nl", Words::Any),
    ("od", Words::Any),
    ("openssl", OPENSSL),
    ("pass", Words::After(&[&["show"]])),
    ("printf", Words::Said),
    ("rev", Words::Any),
    ("sed", Words::Sed),
    ("sleep", Words::Said),
    ("sort", SORT),
    ("ssh", SSH),
    ("ssh-add", Words::Options(&[("-L", Nothing)])),
    ("tac", Words::Any),
    ("tail", Words::Any),
    ("test", Words::Said),
    ("tr", Words::Any),
    ("true", Words::Said),
    ("unexpand", Words::Any),
    ("uniq", ALONE),
    ("unix2dos", ALONE),
    ("unxz", PACKS),
    ("wc", Words::Any),
    ("xz", PACKS),
    ("zcat", Words::Any),
    ("zstd", PACKS),
];

/// What a program of this name may be told.
pub(crate) fn words_of(name: &str) -> Option<Words> {
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

/// Programs that take a script as their first word, and the options that change nothing about where it comes from.
const INTERPRETERS: &[(&str, &[&str])] = &[
    ("bash", &["-e", "-eu", "-u"]),
    ("dash", &["-e", "-eu", "-u"]),
    ("deno", &[]),
    ("ksh", &["-e", "-eu", "-u"]),
    ("lua", &[]),
    ("node", &[]),
    ("perl", &["-T", "-w"]),
    ("php", &[]),
    // What it imports is looked for beside the script, and with `-I` in its own library alone.
    ("python", &["-B", "-E", "-I", "-O", "-s", "-u"]),
    ("ruby", &["-w"]),
    ("sh", &["-e", "-eu", "-u"]),
    ("zsh", &["-e", "-eu", "-u"]),
];

/// The options that an interpreter may have before its script. None for what is no interpreter.
pub(crate) fn interpreter(name: &str) -> Option<&'static [&'static str]> {
    let plain = without_version(name);
    INTERPRETERS.iter().find(|(known, _)| *known == plain).map(|(_, options)| *options)
}

/// Programs that start what they are told, or what they find where they work. They are never a program of the user's
/// own, wherever they stand.
const RUNNERS: &[&str] = &[
    "ansible",
    "ansible-vault",
    "awk",
    "bazel",
    "black",
    "buck",
    "bun",
    "bundle",
    "bunx",
    "busybox",
    "cargo",
    "chroot",
    "chrt",
    "cmake",
    "composer",
    "coproc",
    "dagger",
    "direnv",
    "doas",
    "docker",
    "dprint",
    "ed",
    "emacs",
    "env",
    "eslint",
    "eslint_d",
    "ex",
    "exec",
    "expect",
    "fd",
    "find",
    "firejail",
    "flock",
    "gawk",
    "gdb",
    "git",
    "go",
    "gradle",
    "gradlew",
    "guile",
    "gulp",
    "hg",
    "husky",
    "ionice",
    "java",
    "jest",
    "julia",
    "just",
    "lefthook",
    "lldb",
    "m4",
    "make",
    "gmake",
    "mawk",
    "mise",
    "mix",
    "mocha",
    "mvn",
    "nawk",
    "nice",
    "ninja",
    "nix",
    "nohup",
    "npm",
    "npx",
    "nsenter",
    "nvim",
    "osascript",
    "parallel",
    "pipenv",
    "pipx",
    "pkexec",
    "pnpm",
    "pnpx",
    "podman",
    "poetry",
    "pre-commit",
    "prettier",
    "prettierd",
    "prlimit",
    "pytest",
    "R",
    "Rscript",
    "rake",
    "runuser",
    "sbt",
    "scala",
    "script",
    "sed",
    "setarch",
    "setpriv",
    "setsid",
    "setuidgid",
    "sops",
    "sqlite",
    "standard",
    "stdbuf",
    "strace",
    "stylelint",
    "su",
    "sudo",
    "swift",
    "systemd-run",
    "task",
    "taskset",
    "tclsh",
    "terraform",
    "time",
    "timeout",
    "tmux",
    "toolbox",
    "tox",
    "ts-node",
    "tsx",
    "unshare",
    "uv",
    "uvx",
    "vi",
    "view",
    "vim",
    "vite",
    "vitest",
    "watch",
    "wish",
    "xargs",
    "xonsh",
    "yarn",
    "yarnpkg",
];

pub(crate) fn is_runner(name: &str) -> bool {
    let plain = without_version(name);
    interpreter(name).is_some() || RUNNERS.iter().any(|known| *known == plain || *known == name)
}

/// `python` for `python3.11`
fn without_version(name: &str) -> &str {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    if plain.is_empty() { name } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_no_part_of_the_name() {
        for name in ["python", "python3", "python3.11", "lua5.4", "perl5.36.0", "bash", "node-18"] {
            assert!(interpreter(name).is_some(), "{name}");
            assert!(is_runner(name), "{name}");
        }
        assert!(is_runner("make") && is_runner("awk") && !is_runner("clean") && !is_runner("7"));
    }
}
