//! Whether a command of the user's settings starts only programs that are not the repository's.
//!
//! git starts filters, merge drivers, helpers and signing programs in a checkout. The text of a shell may lead into
//! it in more ways than can be read, and many a program runs what it finds where it works.
//! Promise: a list of shapes that count, not of those that do not. One is a list of programs that are well known
//! (`known_programs`), or scripts of the user's own at a place outside of the repository, with plain words. What is
//! not understood is not followed.
//! Must not know: what git is asked to do.

use crate::git_program::belonging::Ground;
use crate::git_program::known_programs::{
    SSH_SETTINGS, Takes, Words, interpreter, is_runner, words_of,
};
use crate::git_program::shell_words::{Word, commands};
use crate::git_program::users_home::with_home;
use std::path::{Component, Path, PathBuf};

/// How git, or who else reads a setting, starts what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Starts {
    /// A shell runs it.
    Command,
    /// A program alone, without a shell: a `~` in its place is a directory of that name.
    Program,
    /// A program and its words, without a shell.
    Words,
    /// gitcredentials(7): a name behind `git credential-`, a place, or `!` and a command.
    Helper,
    /// A command behind `!`, else a word.
    Update,
    /// A program whose name begins with something of git's: letters alone.
    Named,
    /// Nothing: it is a place.
    Place,
    /// Nothing, and no place.
    Nothing,
}

/// What means something else for every process, and what the system itself fills.
const MOVING: &[&str] = &["/dev", "/proc", "/sys"];
/// Where the programs of a system are. One that stands there is nobody's own.
const OF_SYSTEM: &[&str] =
    &["/bin", "/gnu", "/nix", "/opt", "/sbin", "/snap", "/usr", "/home/linuxbrew", "/var/lib"];
/// The modules that Python may be told to run, isolated.
const MODULES: &[&str] = &["nbstripout"];

/// Whether nothing of the repository runs by a value. A value that nobody can start is fine too.
pub(crate) fn stays_outside(ground: &Ground, starts: Starts, value: &[u8]) -> bool {
    let Ok(value) = std::str::from_utf8(value) else { return starts == Starts::Nothing };
    if value.is_empty() {
        return true;
    }
    let reader = Reader { ground, quotes_may_hold_percent: starts == Starts::Helper };
    match starts {
        Starts::Nothing => true,
        Starts::Place => reader.place(value).is_some() || value == "/dev/null",
        Starts::Named => is_name(value),
        Starts::Program => reader.lone_program(value),
        Starts::Words => !value.contains(['~', '|', '&', ';', '$']) && reader.command(value),
        Starts::Command => reader.command(value),
        Starts::Update => value.strip_prefix('!').is_none_or(|command| reader.command(command)),
        Starts::Helper => match value.strip_prefix('!') {
            Some(command) => reader.command(command),
            None if value.starts_with('/') => reader.command(value),
            None => reader.helper(value),
        },
    }
}

struct Reader<'a> {
    ground: &'a Ground,
    /// git puts names of files in the place of `%f`, in quotes of its own: inside of others these would end there.
    quotes_may_hold_percent: bool,
}

impl Reader<'_> {
    fn command(&self, text: &str) -> bool {
        let whole = text.trim();
        let homely = with_home(whole, self.ground.home());
        let text = homely.as_str();
        let is_body = text.contains('{') && text.contains("()");
        let Some(text) = (if is_body { body(text) } else { Some(text) }) else { return false };
        let Some(commands) = commands(text, self.quotes_may_hold_percent) else { return false };
        // `printf -v` gives a variable another value.
        let assigns =
            |words: &Vec<Word>| words.first().is_some_and(|word| word.text.ends_with("printf"));
        if homely != whole && commands.iter().any(assigns) {
            return false;
        }
        !commands.is_empty() && commands.iter().all(|words| self.simple(words))
    }

    /// One program with its words.
    fn simple(&self, words: &[Word]) -> bool {
        let Some((program, words)) = words.split_first() else { return false };
        if !program.is_fixed() {
            return false;
        }
        let base = program.text.rsplit('/').next().unwrap_or_default();
        let place = match program.text.contains('/') {
            true => match self.program_at(program) {
                Some(place) => Some(place),
                None => return false,
            },
            false => None,
        };
        // A link is what it leads to.
        let real = place.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        for name in [Some(base), real].into_iter().flatten() {
            if let Some(options) = interpreter(name) {
                return self.script(options, words, name.starts_with("python"));
            }
        }
        // Some systems have one program for many.
        let itself =
            real.is_none_or(|real| real == base || ["busybox", "coreutils"].contains(&real));
        if let Some(known) = words_of(base).filter(|_| itself) {
            return self.fits(known, words);
        }
        if let Some(known) = real.and_then(words_of) {
            return self.fits(known, words);
        }
        let own = place
            .as_deref()
            .is_some_and(|place| !OF_SYSTEM.iter().any(|dir| place.starts_with(dir)));
        let runs = is_runner(base) || real.is_some_and(is_runner);
        own && !runs && words.iter().all(|word| self.is_plain(word))
    }

    fn script(&self, options: &[&str], words: &[Word], python: bool) -> bool {
        let known = |word: &&Word| options.iter().any(|option| word.is(option));
        let before = words.iter().take_while(known).count();
        let isolated = words.iter().take(before).any(|word| word.is("-I"));
        let words = &words[before..];
        if python && isolated && words.first().is_some_and(|word| word.is("-m")) {
            let named = |word: &Word| MODULES.iter().any(|module| word.is(module));
            let module = words.get(1).is_some_and(named);
            return module && words.iter().skip(2).all(|word| self.is_plain(word));
        }
        let Some((script, words)) = words.split_first() else { return false };
        self.program_at(script).is_some() && words.iter().all(|word| self.is_plain(word))
    }

    fn fits(&self, known: Words, words: &[Word]) -> bool {
        match known {
            Words::Said => true,
            Words::Any => words.iter().all(|word| self.is_plain(word)),
            Words::After(starts) => starts.iter().any(|start| {
                let begins = words.len() >= start.len()
                    && start.iter().zip(words).all(|(start, word)| word.is(start));
                begins && words[start.len()..].iter().all(|word| self.is_plain(word))
            }),
            Words::Options(options) => self.are_options(options, words),
            Words::Verb(verb, options) => {
                let behind = words.split_first().filter(|(first, _)| first.is(verb));
                behind.is_some_and(|(_, words)| self.are_options(options, words))
            }
            Words::Sed => is_sed(words),
        }
    }

    fn are_options(&self, options: &[(&str, Takes)], words: &[Word]) -> bool {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, with) = match word.text.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                _ => (word.text.as_str(), None),
            };
            let Some((_, takes)) = options.iter().find(|(known, _)| *known == name) else {
                return false;
            };
            if !word.is_fixed() {
                return false;
            }
            let value = match (takes, with) {
                (Takes::Nothing, None) => continue,
                (Takes::Nothing, Some(_)) => return false,
                (_, Some(value)) => {
                    Word { text: value.to_owned(), quoted: true, ..Word::default() }
                }
                (_, None) => match words.next() {
                    Some(value) => value.clone(),
                    None => return false,
                },
            };
            if !self.is_value(*takes, &value) {
                return false;
            }
        }
        true
    }

    fn is_value(&self, takes: Takes, value: &Word) -> bool {
        if !value.is_fixed() {
            return false;
        }
        match takes {
            Takes::Nothing => false,
            Takes::Word => !value.text.contains('/') && !value.text.starts_with('-'),
            Takes::Secret => !value.text.contains('%'),
            Takes::Password => match value.text.split_once(':') {
                Some(("file", place)) => self.is_place(place) && !place.starts_with('~'),
                Some(("pass" | "env" | "fd", _)) => !value.text.contains('%'),
                _ => value.text == "stdin",
            },
            // A `~` that no shell replaces is a directory of that name.
            Takes::Place => {
                self.is_place(&value.text) && !(value.quoted && value.text.starts_with('~'))
            }
            Takes::SshSetting => value.text.split_once('=').is_some_and(|(name, said)| {
                let known = SSH_SETTINGS.contains(&name.to_ascii_lowercase().as_str());
                known && (!said.contains('/') || self.is_place(said)) && !said.contains(' ')
            }),
        }
    }

    /// Names no file of the repository by its place.
    fn is_plain(&self, word: &Word) -> bool {
        if !word.is_fixed() {
            return !word.open && word.text.is_empty();
        }
        // What git puts in the place of `%f` would go on there.
        if word.text.contains('%') && word.text.contains('/') {
            return false;
        }
        let text = match word.text.split_once('=') {
            Some((name, value)) if name.starts_with('-') => value,
            _ => &word.text,
        };
        !text.contains('/') && !text.starts_with("..") && text != "."
            || !word.text.starts_with('-') && !word.quoted && self.is_place(text)
            || text.starts_with('/') && self.is_place(text)
    }

    /// One that git, or ssh, reads as a place: `~` counts, whoever takes it.
    fn is_place(&self, text: &str) -> bool {
        text == "/dev/null" || self.place(text).is_some()
    }

    /// A place outside of the repository, without links.
    fn place(&self, text: &str) -> Option<PathBuf> {
        let path = match text.strip_prefix("~/") {
            Some(below) => self.ground.home()?.join(below),
            None => PathBuf::from(text),
        };
        let plain = path.is_absolute() && !path.components().any(|c| c == Component::ParentDir);
        let nowhere = |above: &Path| above.is_symlink() && !above.exists();
        if !plain
            || MOVING.iter().any(|moving| path.starts_with(moving))
            || path.ancestors().any(nowhere)
        {
            return None;
        }
        let real = crate::git_program::belonging::without_links(&path);
        let moves = MOVING.iter().any(|moving| real.starts_with(moving));
        (!moves && !self.ground.holds(&path) && !self.ground.holds(&real)).then_some(real)
    }

    fn program_at(&self, word: &Word) -> Option<PathBuf> {
        // A shell puts nothing in the place of a `~` in quotes.
        let home = word.text.starts_with('~');
        let known = word.is_fixed() && !word.text.contains('%') && !(home && word.quoted);
        if known { self.place(&word.text) } else { None }
    }

    /// A program that is started by itself: all of the value is its name.
    fn lone_program(&self, value: &str) -> bool {
        let base = value.rsplit('/').next().unwrap_or_default();
        let outside = || self.place(value).filter(|_| value.starts_with('/'));
        let place = value.contains('/').then(outside);
        let real = match &place {
            Some(None) => return false,
            Some(Some(real)) => real.file_name().and_then(|name| name.to_str()),
            None => None,
        };
        !is_runner(base) && !real.is_some_and(is_runner)
    }

    fn helper(&self, value: &str) -> bool {
        let Some(commands) = commands(value, false) else { return false };
        let [words] = commands.as_slice() else { return false };
        let Some((name, words)) = words.split_first() else { return false };
        name.is_fixed() && is_name(&name.text) && words.iter().all(|word| self.is_plain(word))
    }
}

fn is_name(text: &str) -> bool {
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(of_name)
}

/// What is between the braces of `f() { …; }; f`, which is how a helper of a few words is written.
fn body(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once("()")?;
    let name = name.trim();
    let usual = is_name(name) && words_of(name).is_none() && !is_runner(name);
    let (body, call) = rest.trim_start().strip_prefix('{')?.rsplit_once('}')?;
    let call = call.trim_start().strip_prefix(';')?.trim();
    let called = call.strip_prefix(name)?.trim();
    let plain = called.is_empty() || called == "$@" || called == "\"$@\"";
    let begins = body.starts_with(char::is_whitespace);
    (usual && plain && begins).then(|| body.trim().trim_end_matches(';'))
}

/// Options that only say how `sed` reads, and scripts that replace and delete: `e`, `w`, `r` and `-f` are not among
/// them. No name of a file, which could be an option.
fn is_sed(words: &[Word]) -> bool {
    const PLAIN: &[&str] = &["-E", "-e", "-n", "-r", "-u", "-z", "--sandbox"];
    let scripts = words.iter().filter(|word| !PLAIN.contains(&word.text.as_str()));
    let with_e = words.iter().filter(|word| word.text == "-e").count();
    let scripts: Vec<&Word> = scripts.collect();
    let all = scripts.iter().all(|word| word.is_fixed() && is_sed_script(&word.text));
    all && scripts.len() == with_e.max(1)
}

/// `s/a/b/gi`, with any sign between, or `/a/d`.
fn is_sed_script(script: &str) -> bool {
    if let Some(pattern) = script.strip_prefix('/').and_then(|rest| rest.strip_suffix("/d")) {
        return !pattern.contains(['/', '\\', '\n']);
    }
    let mut rest = script.chars();
    let (Some('s'), Some(sign)) = (rest.next(), rest.next()) else { return false };
    if sign.is_alphanumeric() || sign == '\\' || sign.is_whitespace() {
        return false;
    }
    let parts: Vec<&str> = rest.as_str().split(sign).collect();
    let [pattern, replacement, flags] = parts.as_slice() else { return false };
    // A sign behind `\` would end no part.
    let ends = [pattern, replacement].iter().all(|part| !part.ends_with('\\'));
    ends && flags.chars().all(|c| "giIp0123456789".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git_program::belonging::Ground;
    use std::ffi::OsStr;

    /// Each runs nothing of the repository.
    const FOLLOWED: &[&str] = &[
        "",
        "cat",
        "git-lfs clean -- %f",
        "git lfs filter-process",
        "\"git-crypt\" clean",
        "/usr/bin/git-crypt smudge",
        "nbstripout",
        "tr a-z A-Z",
        "tr 'a-z' \"A-Z\"",
        "expand --tabs=4 --initial",
        "cat | tr a b | head -n 3",
        "true && cat",
        "jq -S .",
        "jq '.cells[] | del(.outputs)'",
        "grep -v SECRET",
        "sort -u -k 2",
        "gzip -dc | gzip -n",
        "cp %B %A",
        "git merge-file %A %O %B",
        "sed s/plain/fsmonitor/",
        "sed -e 's/a b/c/g' -e '/secret/d'",
        "sed -E 's|https://x|y|'",
        "~/bin/clean %f",
        "~/bin/clean --mode fast -- %f",
        "{at}/home/bin/clean",
        "{at}/elsewhere/clean --file={at}/home/x",
        "python3 -I -m nbstripout -t",
        "python3 -I ~/bin/clean.py",
        "sh -e ~/bin/clean.sh %f",
        "~/bin/py -I ~/bin/clean.py",
        "ssh -i ~/.ssh/id -o IdentitiesOnly=yes -F /dev/null",
        "ssh -o \"StrictHostKeyChecking=no\" -o UserKnownHostsFile=/dev/null",
        "gpg --batch --quiet -d",
        "gpg --homedir=/var/gnupg -e -r me",
        "ssh-add -L",
        "openssl enc -aes-256-cbc -k secret",
        "openssl enc -aes-256-cbc -md MD5 -pass env:ENC_PASS -e -a -S feed",
        "openssl enc -aes-256-cbc -pbkdf2 -iter 100000 -kfile ~/key -nosalt",
        "openssl enc -aes-256-cbc -pass pass:a/b -in /dev/null",
    ];

    /// Each runs something of it, or could in a way that is not looked into.
    const NOT_FOLLOWED: &[&str] = &[
        "./tools/x",
        "tools/x",
        "\".\"/tools/x",
        "'.'/tools/x",
        "\"${PWD}\"/tools/x",
        "${d:-./tools}/x",
        "d=./tools; $d/x",
        "$X",
        "$(git rev-parse --show-toplevel)/tools/x",
        "`pwd`/x",
        "/proc/self/cwd/tools/x",
        "/dev/fd/3",
        "{at}/repo/tools/x",
        "{at}/home/../repo/tools/x",
        "{at}/home/bin/link",
        "~/bin/link",
        "~/bin/moving",
        "\"~/bin/clean\"",
        "~root/x",
        "timeout 9 tools/x",
        "timeout 9 cat",
        "setsid x",
        "env x",
        "exec cat",
        "command cat",
        "eval cat",
        "cd tools && cat",
        "cat <tools/x",
        "cat </dev/null",
        "cat > out",
        "cat & tools/x",
        "cat\ntools/x",
        "cat #",
        "cat ; ; cat",
        "| cat",
        "(cat)",
        "{ cat; }",
        "f() { tools/x; }; f",
        "cat() { x; }; cat",
        "!cat",
        "* x",
        "c?t",
        "cat tools/x",
        "cat ../x",
        "cat .",
        "cat --file=./x",
        "find . -exec x",
        "xargs x",
        "make",
        "/usr/bin/make",
        "~/bin/make",
        "npx prettier",
        "~/.nvm/bin/prettier",
        "node -e require",
        "node x.js",
        "python3 -c 'import json'",
        "python3 -m nbstripout",
        "python3 -I -m json.tool",
        "/usr/bin/python3 -m nbstripout",
        "~/bin/py -c x",
        "python3 -I x.py",
        "bash --rcfile x ~/bin/clean",
        "bash -c cat",
        "sh",
        "perl -pe s/a/b/",
        "awk -f x",
        "my-filter",
        "/usr/local/bin/my-filter",
        "git q",
        "git -c alias.q=x q",
        "git -C tools lfs clean",
        "git lfs",
        "git-lfs install",
        "sed -f x",
        "sed -fx",
        "sed s/a/b/e",
        "sed s/a/b/w",
        "sed 's/a/b/;e x'",
        "sed 's/a/b/' %f",
        "sed '1e tools/x'",
        "sed s/a/b/ x",
        "BASH_ENV=x sh ~/bin/x",
        "PATH=tools cat",
        "ssh -F config",
        "ssh -o ProxyCommand=x",
        "ssh -o 'ProxyCommand x'",
        "ssh -oProxyCommand=x",
        "ssh -o ControlPath=./x",
        "gpg --options x",
        "gpg --batch=x",
        "tr '%f' x",
        "tr \"a %f\" x",
        "cat $x",
        "cat$@",
        "~/bin/x%f",
        "~/bin/x ~/a%f",
        "gpg --homedir=~/x",
        "gpg --homedir '~/x'",
        "\\cat",
        "c\\at",
        "sort --compress-program=x",
        "uniq - out",
        "dos2unix -n %f out",
        "xz -dc %f",
        "\u{1}",
        "~/bin/clean $x",
        "openssl",
        "openssl version",
        "openssl -config x enc -k x",
        "openssl -k enc",
        "openssl req -config x",
        "openssl enc -engine ./x -k y",
        "openssl enc -provider x -k y",
        "openssl enc -provider-path . -provider x",
        "openssl enc -config x.cnf",
        "openssl enc -aes-256-cbc -out tools/x",
        "openssl enc -aes-256-cbc -in %f",
        "openssl enc -aes-256-cbc -k $PASS",
        "openssl enc -aes-256-cbc -pass file:key",
        "openssl enc -aes-256-cbc -pass file:~/key",
        "openssl enc -aes-256-cbc -k",
        "~/bin/clean tools/x",
    ];

    /// A repository, a home beside it with programs of the user's own, and links.
    fn ground() -> (tempfile::TempDir, Ground, String) {
        let dir = tempfile::tempdir().unwrap();
        let at = std::fs::canonicalize(dir.path()).unwrap();
        for made in ["repo/.git/objects", "repo/tools", "home/bin", "elsewhere"] {
            std::fs::create_dir_all(at.join(made)).unwrap();
        }
        std::fs::write(at.join("repo/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        for (link, to) in [
            ("home/bin/link", at.join("repo/tools/x")),
            ("home/bin/py", "/usr/bin/python3".into()),
            ("home/bin/moving", "/proc/self/cwd/x".into()),
        ] {
            std::os::unix::fs::symlink(to, at.join(link)).unwrap();
        }
        let env = crate::git_program::git::Environment::from([(
            OsStr::new("HOME").to_owned(),
            at.join("home").into(),
        )]);
        let ground = Ground::of(&[&at.join("repo")], &env);
        (dir, ground, at.display().to_string())
    }

    fn all(starts: Starts, values: &[&str], expected: bool) {
        let (_dir, ground, at) = ground();
        for value in values {
            let value = value.replace("{at}", &at);
            let found = stays_outside(&ground, starts, value.as_bytes());
            assert_eq!(found, expected, "{starts:?}: {value}");
        }
    }

    #[test]
    fn security_04_plain_commands_of_the_users_are_followed() {
        all(Starts::Command, FOLLOWED, true);
    }

    #[test]
    fn security_04_commands_that_may_run_what_is_in_the_repository_are_not() {
        all(Starts::Command, NOT_FOLLOWED, false);
        let (_dir, ground, _) = ground();
        assert!(!stays_outside(&ground, Starts::Command, b"cat \xff"));
    }

    #[test]
    fn security_04_helpers_programs_and_places_have_shapes_of_their_own() {
        let helpers = [
            "store",
            "cache --timeout=3600",
            "store --file=/x/credentials",
            "!gh auth git-credential",
            "!/usr/bin/gh auth git-credential",
            "/usr/lib/git-core/git-credential-libsecret",
            "~x",
            "!f() { echo username=x; echo \"password=$TOKEN\"; }; f",
            "!f() { test \"$1\" = get && printf 'a=%s\\n' \"${B}\"; }; f \"$@\"",
        ];
        let (good, bad): (Vec<&str>, Vec<&str>) =
            helpers.into_iter().partition(|value| !value.starts_with('~'));
        all(Starts::Helper, &good, true);
        all(Starts::Helper, &bad, false);
        let bad = [
            "store; ./x",
            "./x",
            "store --file=x/y",
            "!./x",
            "!f() { ./x; }; f",
            "!f() { echo $(./x); }; f",
            "!f() { echo a; }; g",
            "!f() { echo a; }; f; x",
            "!echo() { x; }; echo",
            "/proc/self/cwd/x",
        ];
        all(Starts::Helper, &bad, false);
        let home = "{at}/home/x";
        let good = ["gpg", "gpg2", "/usr/bin/gpg", "/opt/1Password/op-ssh-sign", home, "op x"];
        all(Starts::Program, &good, true);
        let bad = ["./gpg", "tools/gpg", "\".\"/x", "{at}/repo/x", "sh", "/bin/sh", "~/bin/x"];
        all(Starts::Program, &bad, false);
        all(Starts::Program, &["{at}/home/bin/link", "{at}/home/bin/py"], false);
        all(Starts::Words, &["ssh-add -L", "{at}/home/keys -a"], true);
        all(Starts::Words, &["~/keys", "ssh-add -L | head", "\".\"/x", "sh x"], false);
        all(Starts::Update, &["checkout", "none", "!cat"], true);
        all(Starts::Update, &["!./x", "!make"], false);
        all(Starts::Place, &["/etc/ssl/x.pem", "~/x", "/dev/null"], true);
        all(Starts::Place, &["x.pem", "{at}/repo/x.pem", "/proc/self/cwd/x"], false);
        all(Starts::Named, &["hg", "http-2"], true);
        all(Starts::Named, &["../x", "a b", "a;b"], false);
        all(Starts::Nothing, &["anything ./x"], true);
    }
}
