//! Variables by which a program takes libraries, modules and other programs from the directory it starts in.
//!
//! An empty entry of `LD_LIBRARY_PATH` means the working directory (ld.so(8)), and so does a relative one; shells,
//! Node, Perl, Python, Ruby and OpenSSL have lists and options of the same kind. Whatever Nightshift starts works in a
//! checkout, where somebody else may have put a library of the right name.
//! Promise: what is left of such a variable names absolute places only; all other variables stay as they are.
//! Must not know: what is started, and where.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

type Environment = BTreeMap<OsString, OsString>;

/// Lists of directories, and the signs between their entries: glibc takes both for libraries.
const LISTS: &[(&str, &[u8])] = &[
    ("CLASSPATH", b":"),
    ("GCONV_PATH", b":"),
    ("GEM_PATH", b":"),
    ("LD_LIBRARY_PATH", b":;"),
    ("LOCPATH", b":"),
    ("LUA_CPATH", b";"),
    ("LUA_PATH", b";"),
    ("NODE_PATH", b":"),
    ("PATH", b":"),
    ("PERL5LIB", b":"),
    ("PERLLIB", b":"),
    ("PYTHONPATH", b":"),
    ("RUBYLIB", b":"),
];
/// Lists of libraries that every program loads. A name without a slash means one of the system's.
const PRELOADS: &[&str] = &["LD_AUDIT", "LD_PRELOAD"];
/// One file or directory that says what is loaded.
const PLACES: &[&str] = &[
    "BASH_ENV",
    "ENV",
    "GEM_HOME",
    "GIT_EXEC_PATH",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
];
/// Options of interpreters.
const OPTIONS: &[&str] = &["NODE_OPTIONS", "PERL5OPT", "RUBYOPT"];
/// Options of Node that load a module: a bare name is looked for in the working directory's packages.
const OF_NODE: &[&str] = &["-r", "--require", "--import", "--loader", "--experimental-loader"];

/// `env` without what leads into the directory that a program is started in.
pub(crate) fn absolute_only(env: &Environment) -> Environment {
    let kept = env.iter().filter_map(|(name, value)| {
        let name_is = |known: &&str| name == OsStr::new(*known);
        let value = if let Some((_, signs)) = LISTS.iter().find(|(known, _)| name_is(known)) {
            entries(name, value, signs)?
        } else if PRELOADS.iter().any(&name_is) {
            libraries(value)?
        } else if PLACES.iter().any(&name_is) {
            is_absolute_or_empty(value).then(|| value.clone())?
        } else if OPTIONS.iter().any(&name_is) {
            (!loads_from_here(value.as_bytes())).then(|| value.clone())?
        } else {
            value.clone()
        };
        Some((name.clone(), value))
    });
    kept.collect()
}

/// A list of nothing is left out, but for PATH: without one there would be another.
fn entries(name: &OsStr, value: &OsStr, signs: &[u8]) -> Option<OsString> {
    let all = value.as_bytes().split(|byte| signs.contains(byte));
    let all: Vec<&Path> = all.map(|entry| Path::new(OsStr::from_bytes(entry))).collect();
    if all.iter().all(|entry| entry.is_absolute()) {
        return Some(value.to_owned());
    }
    let kept: Vec<&[u8]> = all.iter().filter(|entry| entry.is_absolute()).map(bytes).collect();
    let mut kept = OsStr::from_bytes(&kept.join(&signs[0])).to_owned();
    // `;;` stands for the places that Lua was built with.
    if signs == b";" && value.as_bytes().ends_with(b";;") {
        kept.push(";;");
    }
    (name == "PATH" || !kept.is_empty()).then_some(kept)
}

fn bytes<'a>(entry: &&'a Path) -> &'a [u8] {
    entry.as_os_str().as_bytes()
}

fn libraries(value: &OsStr) -> Option<OsString> {
    let all = value.as_bytes().split(|byte| matches!(byte, b':' | b' '));
    let named =
        |entry: &&[u8]| !entry.is_empty() && (entry.starts_with(b"/") || !entry.contains(&b'/'));
    let kept: Vec<&[u8]> = all.filter(named).collect();
    (!kept.is_empty()).then(|| OsStr::from_bytes(&kept.join(&b':')).to_owned())
}

fn is_absolute_or_empty(value: &OsStr) -> bool {
    value.is_empty() || Path::new(value).is_absolute()
}

/// Any word, or what follows a `=` or the letter of an option in it, is a relative place, or a module that Node looks
/// for where it starts.
fn loads_from_here(value: &[u8]) -> bool {
    let words: Vec<&[u8]> =
        value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    words.iter().enumerate().any(|(n, word)| {
        let before = n.checked_sub(1).map(|n| words[n]);
        let (option, argument) = match word.iter().position(|byte| *byte == b'=') {
            Some(at) => (Some(&word[..at]), &word[at + 1..]),
            None => (before, *word),
        };
        let of_node =
            option.is_some_and(|option| OF_NODE.iter().any(|known| option == known.as_bytes()));
        let bare =
            argument.strip_prefix(b"-I").or(argument.strip_prefix(b"-r")).unwrap_or(argument);
        let bare = bare.strip_prefix(b"\"").or(bare.strip_prefix(b"'")).unwrap_or(bare);
        let elsewhere = [&b"/"[..], b"file:///", b"data:", b"node:"]
            .iter()
            .any(|start| bare.starts_with(start));
        let is_option = bare.starts_with(b"-");
        !elsewhere
            && !is_option
            && (of_node || bare == b"." || bare == b".." || bare.contains(&b'/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(name: &str, value: &str) -> Option<String> {
        let env = Environment::from([(name.into(), value.into())]);
        absolute_only(&env).into_values().next().map(|value| value.into_string().unwrap())
    }

    #[test]
    fn security_04_lists_keep_absolute_entries_only() {
        for (name, value, kept) in [
            ("PATH", ".:/usr/bin::bin:/bin:", Some("/usr/bin:/bin")),
            ("PATH", "", Some("")),
            ("PATH", ".", Some("")),
            ("LD_LIBRARY_PATH", "/opt/x:", Some("/opt/x")),
            ("LD_LIBRARY_PATH", "/opt/x;lib;/y", Some("/opt/x:/y")),
            ("LD_LIBRARY_PATH", ":", None),
            ("LD_LIBRARY_PATH", "", None),
            ("LD_LIBRARY_PATH", "/opt/x:/y", Some("/opt/x:/y")),
            ("PYTHONPATH", ":/opt/py", Some("/opt/py")),
            ("PERL5LIB", "lib:/opt/perl", Some("/opt/perl")),
            ("NODE_PATH", "node_modules", None),
            ("GCONV_PATH", ".", None),
            ("LUA_PATH", "./?.lua;/opt/?.lua;;", Some("/opt/?.lua;;")),
            ("LD_PRELOAD", "libown.so ./evil.so:/opt/own.so", Some("libown.so:/opt/own.so")),
            ("LD_AUDIT", "lib/evil.so", None),
            ("BASH_ENV", "start.sh", None),
            ("BASH_ENV", "/home/u/start.sh", Some("/home/u/start.sh")),
            ("PYTHONHOME", "", Some("")),
            ("EDITOR", "./edit", Some("./edit")),
            ("DATA", ":.:", Some(":.:")),
        ] {
            assert_eq!(left(name, value).as_deref(), kept, "{name}={value}");
        }
    }

    #[test]
    fn security_04_options_of_interpreters_load_nothing_from_here() {
        for value in [
            "--max-old-space-size=4096",
            "-r /opt/hook.js --no-warnings",
            "--import=file:///opt/hook.mjs",
            "--require node:fs",
            "-Mstrict",
            "-I/opt/ruby -w",
            "",
        ] {
            assert_eq!(left("NODE_OPTIONS", value).as_deref(), Some(value), "{value}");
        }
        for value in [
            "-r ./hook.js",
            "--require=hook/register",
            "-r ts-node/register",
            "--import tsx",
            "--loader=ts",
            "-Mlib=.",
            "-I.",
            "-Ilib/ruby",
            "-r./x",
            "--max-old-space-size=1 --require \"./a b.js\"",
        ] {
            assert_eq!(left("NODE_OPTIONS", value), None, "{value}");
        }
    }
}
