//! Where a push goes: to another machine, or into a repository on this one.
//!
//! A repository on this machine is written to by a git that is started here, under its settings and with its
//! hooks. These are its owner's, who wants them to run; but whoever works in a session may have written them, for
//! it runs as the same user. So they do not run, and nothing is pushed past them either.
//! Promise: an address is what git makes of it; where hooks would run, or that cannot be told, nothing is pushed.
//! Must not know: what is pushed.

use crate::place::{Place, Result, fault, refused};
use nightshift_protocol::Fault;
use nightshift_worktree::{pieces, text};
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// All of a push's addresses are of one kind: its call is another for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    Here,
    Elsewhere,
}

/// What git runs in a repository that is pushed to (githooks(5)).
const RECEIVING: &[&str] = &[
    "pre-receive",
    "update",
    "proc-receive",
    "post-receive",
    "post-update",
    "push-to-checkout",
    "reference-transaction",
];
/// Where git looks for a repository at a path, in this order.
const SUFFIXES: &[&str] = &["/.git", "", ".git/.git", ".git"];
const HOOKS_PATH: &str = "core.hookspath";
const GITDIR: &[u8] = b"gitdir: ";

type Settings = Vec<(String, String)>;

/// Of a push of `branch` to `remote`, a name or an address; refuses one that would go past hooks.
pub fn destination(place: &Place<'_>, remote: &str, branch: &str) -> Result<Destination> {
    let printed = place.look(&["config", "-z", "--list"]).read().map_err(fault)?;
    let settings: Settings = pieces(&printed).map(setting).collect();
    let addresses = addresses(&settings, remote);
    let [root, to, what] =
        [&*place.root.to_string_lossy(), remote, branch].map(nightshift_model::shell::word);
    let by_hand = format!("git -C {root} push {to} {what}");
    let here: Vec<&String> = addresses.iter().filter(|address| is_here(address)).collect();
    if here.is_empty() {
        return Ok(Destination::Elsewhere);
    }
    if here.len() < addresses.len() {
        let text =
            format!("{remote} has addresses on this machine and on others; nothing was pushed");
        return Err(refused(text, format!("push by hand: `{by_hand}`")));
    }
    for address in here {
        let hooks = hooks(place, address).map_err(|fault| {
            let text = format!("whether {remote} has hooks cannot be told: {}", fault.message);
            refused(text, format!("nothing was pushed; push by hand: `{by_hand}`"))
        })?;
        if !hooks.is_empty() {
            let text = format!(
                "{remote} ({address}) has hooks of its own, which a push from here does not run: {}; nothing was \
                 pushed",
                hooks.join(", ")
            );
            return Err(refused(text, format!("push by hand, then they run: `{by_hand}`")));
        }
    }
    Ok(Destination::Here)
}

/// As git lists it: the name, a line break, the value.
fn setting(piece: &[u8]) -> (String, String) {
    let piece = text(piece);
    // A name without a value says yes.
    let (name, value) = piece.split_once('\n').unwrap_or((&piece, "true"));
    (name.to_owned(), value.to_owned())
}

/// Where git pushes to (git-push(1), "REMOTES"; git-config(1), "url.<base>.pushInsteadOf").
fn addresses(settings: &Settings, remote: &str) -> Vec<String> {
    let of = |last: &str| {
        let name = format!("remote.{remote}.{last}");
        let values =
            settings.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.clone());
        values.fold(Vec::new(), |mut all: Vec<String>, value| {
            // An empty one takes away those before it.
            if value.is_empty() {
                all.clear()
            } else {
                all.push(value)
            }
            all
        })
    };
    let plain = |address: &String| {
        rewritten(settings, address, ".insteadof").unwrap_or_else(|| address.clone())
    };
    let (pushed, mut named) = (of("pushurl"), of("url"));
    if !pushed.is_empty() {
        return pushed.iter().map(plain).collect();
    }
    if named.is_empty() {
        // It is an address itself.
        named.push(remote.to_owned());
    }
    let for_pushes: Vec<String> =
        named.iter().filter_map(|address| rewritten(settings, address, ".pushinsteadof")).collect();
    if for_pushes.is_empty() { named.iter().map(plain).collect() } else { for_pushes }
}

/// The longest beginning that a setting replaces counts, the first of several.
fn rewritten(settings: &Settings, address: &str, last: &str) -> Option<String> {
    let mut longest: Option<(&str, &str)> = None;
    for (name, begin) in settings {
        let base = name.strip_prefix("url.").and_then(|name| name.strip_suffix(last));
        let Some(base) = base.filter(|_| address.starts_with(begin.as_str())) else { continue };
        if longest.is_none_or(|(_, known)| known.len() < begin.len()) {
            longest = Some((base, begin));
        }
    }
    let (base, begin) = longest?;
    Some(format!("{base}{}", &address[begin.len()..]))
}

/// Whether it is a directory of this machine: git-fetch(1), "GIT URLS".
fn is_here(address: &str) -> bool {
    let host = address.find(':').is_some_and(|colon| !address[..colon].contains('/'));
    address.starts_with("file:") || !host
}

/// The hooks, by name, that a push to `address` would run.
fn hooks(place: &Place<'_>, address: &str) -> Result<Vec<String>> {
    let path = path_of(place, address)?;
    let path = path.as_os_str().as_bytes();
    let trimmed = path.iter().rposition(|&b| b != b'/').map_or(&b"/"[..], |last| &path[..=last]);
    let mut found = Vec::new();
    for suffix in SUFFIXES {
        let at = [trimmed, suffix.as_bytes()].concat();
        let Some(git_dir) = git_dir(Path::new(OsStr::from_bytes(&at)))? else { continue };
        for name in receiving(place, &git_dir)? {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    Ok(found)
}

/// A relative one is seen from where git is started.
fn path_of(place: &Place<'_>, address: &str) -> Result<PathBuf> {
    // What stands for bytes that are no text.
    if address.contains('\u{FFFD}') {
        return Err(refused("its address is not UTF-8", ""));
    }
    let path = match address.strip_prefix("file://") {
        Some(rest) => {
            let path = rest.find('/').map_or("", |slash| &rest[slash..]);
            OsString::from_vec(decoded(path))
        }
        None => OsString::from(address),
    };
    let bytes = path.as_bytes();
    if bytes == b"~" || bytes.starts_with(b"~/") {
        return Ok(home(place)?.join(OsStr::from_bytes(bytes.get(2..).unwrap_or_default())));
    }
    if bytes.starts_with(b"~") || address.starts_with("file:") && bytes.is_empty() {
        return Err(refused(format!("{address} names no directory"), ""));
    }
    Ok(place.root.join(path))
}

fn home(place: &Place<'_>) -> Result<PathBuf> {
    let home = place.git.script_environment().get(OsStr::new("HOME"));
    home.map(PathBuf::from).ok_or_else(|| refused("HOME is not set", ""))
}

/// `%2e` and the like, which git takes for the byte that they name.
fn decoded(path: &str) -> Vec<u8> {
    let bytes = path.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = path.get(at + 1..at + 3).filter(|_| byte == b'%');
        let hex = |digits: &&str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        match digits.filter(hex).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(0) | None => {
                out.push(byte);
                at += 1;
            }
            Some(named) => {
                out.push(named);
                at += 3;
            }
        }
    }
    out
}

fn told<T>(path: &Path, done: std::io::Result<T>) -> Result<T> {
    done.map_err(|error| refused(format!("{}: {error}", path.display()), ""))
}

/// The git directory that is at `path`, or that a file there names. None where there is none.
fn git_dir(path: &Path) -> Result<Option<PathBuf>> {
    let found = match std::fs::metadata(path) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        found => told(path, found)?,
    };
    let git_dir = if found.is_file() {
        let bytes = told(path, nightshift_platform::files::read_bounded(path, POINTER_MAX_BYTES))?;
        let Some(to) = bytes.strip_prefix(GITDIR) else { return Ok(None) };
        let above = path.parent().unwrap_or(path);
        above.join(OsStr::from_bytes(to.trim_ascii_end()))
    } else {
        path.to_owned()
    };
    // Whatever git thinks of it: one that it would not take has no hooks that run.
    Ok(std::fs::symlink_metadata(git_dir.join("HEAD")).is_ok().then_some(git_dir))
}

/// A path in a file of one line.
const POINTER_MAX_BYTES: u64 = 16 * 1024;

/// What would run in the repository of `git_dir` when it is pushed to.
fn receiving(place: &Place<'_>, git_dir: &Path) -> Result<Vec<String>> {
    let look =
        |args: &[&str]| place.git.look(git_dir, args).env("GIT_DIR", git_dir).read().map_err(fault);
    let common = look(&["rev-parse", "--path-format=absolute", "--git-common-dir"])?;
    let common = PathBuf::from(OsStr::from_bytes(common.trim_ascii_end()));
    let listed = look(&["config", "-z", "--list", "--show-scope", "--includes"])?;
    let listed: Vec<&[u8]> = listed.split(|&b| b == 0).collect();
    // Scope and setting. What the call itself sets does not count there.
    let (pairs, _) = listed.as_chunks::<2>();
    let settings: Settings = pairs
        .iter()
        .filter(|[scope, _]| *scope != b"command")
        .map(|[_, piece]| setting(piece))
        .collect();
    let mut found: Vec<String> = settings
        .iter()
        .filter(|(name, event)| {
            name.starts_with("hook.") && name.ends_with(".event") && RECEIVING.contains(&&**event)
        })
        .map(|(name, event)| format!("{event} ({name})"))
        .collect();
    let set = settings.iter().rfind(|(name, _)| name == HOOKS_PATH).map(|(_, path)| path.as_str());
    let directories = match set {
        None | Some("") => vec![common.join("hooks")],
        Some(path) => match path.strip_prefix("~/") {
            Some(below) => vec![home(place)?.join(below)],
            None if path.starts_with(['~', '%']) => {
                return Err(refused(format!("core.hooksPath is {path} there"), ""));
            }
            // Seen from where the hook runs: the git directory, or the checkout.
            None => [git_dir, git_dir.parent().unwrap_or(git_dir)].map(|at| at.join(path)).into(),
        },
    };
    for directory in directories {
        for hook in RECEIVING {
            if runs(&directory.join(hook))? && !found.iter().any(|known| known == hook) {
                found.push((*hook).to_owned());
            }
        }
    }
    Ok(found)
}

fn runs(hook: &Path) -> std::result::Result<bool, Fault> {
    match std::fs::metadata(hook) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        found => Ok(told(hook, found)?.permissions().mode() & 0o111 != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn security_12_an_address_is_what_git_makes_of_it() {
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);
        let cases: &[Case<'_>] = &[
            (&[("remote.o.url", "https://h/x")], "o", &["https://h/x"]),
            (&[("remote.o.url", "a"), ("remote.o.pushurl", "b")], "o", &["b"]),
            (&[("remote.o.url", "a"), ("remote.o.url", "b")], "o", &["a", "b"]),
            (&[("remote.o.url", "a"), ("remote.o.url", ""), ("remote.o.url", "b")], "o", &["b"]),
            (&[("url./d/.insteadof", "h:"), ("remote.o.url", "h:x")], "o", &["/d/x"]),
            (&[("url./d/.insteadof", "h:")], "h:x", &["/d/x"]),
            (
                &[("url./d/.insteadof", "h:"), ("url./long/.insteadof", "h:x/")],
                "h:x/y",
                &["/long/y"],
            ),
            (&[("url./d/.pushinsteadof", "h:"), ("remote.o.url", "h:x")], "o", &["/d/x"]),
            (
                &[("url./d/.pushinsteadof", "h:"), ("remote.o.url", "h:x"), ("remote.o.url", "y")],
                "o",
                &["/d/x"],
            ),
            // It does not count for an address that is for pushes already.
            (&[("url./d/.pushinsteadof", "h:"), ("remote.o.pushurl", "h:x")], "o", &["h:x"]),
        ];
        for (set, remote, expected) in cases {
            assert_eq!(addresses(&settings(set), remote), *expected, "{set:?} {remote}");
        }
    }

    #[test]
    fn security_12_what_is_a_directory_of_this_machine_is_known_by_its_form() {
        for here in ["/srv/x", "../x", "x", "./a:b", "file:///x", "~/x", "a/b:c"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in ["https://h/x", "git@h:x", "h:x", "ssh://h/x", "git://h/x", "ext::x"] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
        assert_eq!(decoded("/a%2Fb%zz%"), b"/a/b%zz%");
    }
}
