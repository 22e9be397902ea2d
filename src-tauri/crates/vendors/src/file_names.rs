//! Which files the call of an edit names: in its input, in the diffs it shows, and in the text of a unified diff.
//!
//! One file may be named in several places, and only the program that gets the input knows which of them it
//! goes by.
//! Promise: a call whose places name different files, or whose diff holds more than lines of the file it stands
//! for, is told from any other; nothing is guessed in favour of one of the names.
//! Must not know: what is asked, who answers.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Kinds of calls that are about files.
pub(crate) const FILE_KINDS: [&str; 4] = ["edit", "delete", "move", "read"];
/// Fields that each name the one file that a tool works on.
const NAMES: [&str; 7] =
    ["file_path", "filePath", "filepath", "path", "absolute_path", "abs_path", "notebook_path"];
/// Fields that hold a diff as text.
const DIFFS: [&str; 3] = ["unified_diff", "unifiedDiff", "diff"];
/// Names that one sentence has room for; all of them are in the call.
const SAID_MAX: usize = 8;

/// Why nobody can say which file it is that a call changes; none where it names its files in one way only. `cwd`:
/// where names begin that are not absolute.
pub fn difference(call: &Value, cwd: &str) -> Option<String> {
    if !FILE_KINDS.contains(&call["kind"].as_str().unwrap_or_default()) {
        return None;
    }
    let input = &call["rawInput"];
    let own: BTreeSet<&str> = NAMES.iter().filter_map(|name| input[*name].as_str()).collect();
    let changes = input["changes"].as_object();
    let keys: BTreeSet<&str> =
        changes.into_iter().flat_map(Map::keys).map(String::as_str).collect();
    let same = |one: &str, other: &str| below(one, cwd) == below(other, cwd);
    let one = own.first().copied();
    if own.iter().any(|name| one.is_some_and(|one| !same(one, name))) {
        return Some(different(own));
    }
    if !keys.is_empty() && one.is_some_and(|one| !keys.iter().all(|key| same(one, key))) {
        return Some(different(own.into_iter().chain(keys)));
    }
    let named: BTreeSet<&str> = own.into_iter().chain(keys).collect();
    let shown = shown(call);
    // Some agents show a path as from the repository's root, or a name without its directories.
    let known = |path: &&str| named.iter().any(|name| same(name, path) || ends_with(name, path));
    if !named.is_empty() && !shown.iter().all(known) {
        return Some(different(named.into_iter().chain(shown)));
    }
    let beside = DIFFS.iter().filter_map(|field| Some((one?, input[*field].as_str()?)));
    let changed = changes
        .into_iter()
        .flatten()
        .flat_map(|(path, change)| diffs_of(change).map(move |diff| (path.as_str(), diff)));
    beside.chain(changed).find_map(|(path, diff)| more(path, diff, cwd))
}

/// Paths of the diffs that a call shows, and of the places it names.
fn shown(call: &Value) -> BTreeSet<&str> {
    let list = |name: &str| call[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let diffs = list("content").iter().filter(|part| part["type"] == "diff");
    diffs.chain(list("locations")).filter_map(|part| part["path"].as_str()).collect()
}

/// Texts of diffs in a change of one file, beside its kind or below it.
fn diffs_of(change: &Value) -> impl Iterator<Item = &str> {
    let kinds = change.as_object().into_iter().flat_map(Map::values);
    let holders = std::iter::once(change).chain(kinds).filter(|value| value.is_object());
    holders.flat_map(|value| DIFFS.iter().filter_map(|name| value[*name].as_str()))
}

fn different<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let listed = names.iter().take(SAID_MAX).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > SAID_MAX { ", …" } else { "" };
    format!("it names different files in different places: {listed}{more}")
}

/// What a diff holds beside lines of the file at `path`.
fn more(path: &str, diff: &str, cwd: &str) -> Option<String> {
    let line = foreign_line(path, diff, cwd)?;
    Some(format!("the diff of {path} holds more than lines of that file: {line}"))
}

/// The first line of a unified diff that is neither one of the one file at `path` nor a header with its name.
///
/// Programs find headers in different ways: by the numbers of lines that a hunk announces, or by how a line
/// begins. A line passes only where all of them take it for the same.
fn foreign_line<'d>(path: &str, diff: &'d str, cwd: &str) -> Option<&'d str> {
    let lines: Vec<&str> = diff.split('\n').collect();
    let hunks = lines.iter().position(|line| line.starts_with("@@")).unwrap_or(lines.len());
    let (header, hunks) = lines.split_at(hunks);
    let own = below(path, cwd);
    let whole = if own.starts_with('/') { own.to_owned() } else { format!("{cwd}/{own}") };
    let names = [own.to_owned(), whole];
    if let Some(line) = header.iter().find(|line| !line.is_empty() && !is_own_header(line, &names))
    {
        return Some(line);
    }
    // A diff without any hunk says nothing of lines; its header is all there is.
    let mut left = Hunk::default();
    let mut last = "";
    for line in hunks {
        let in_pair = last.starts_with("--- ") && line.starts_with("+++ ");
        if in_pair || hides_header(line) || !left.takes(line) {
            return Some(line);
        }
        last = line;
    }
    None
}

/// Lines of a hunk that are still to come.
#[derive(Default)]
struct Hunk {
    /// None where the hunk does not say how many there are.
    old: Option<u64>,
    new: Option<u64>,
}

impl Hunk {
    /// Whether the line is one of a hunk, counted or not, or begins the next.
    fn takes(&mut self, line: &str) -> bool {
        let plain = line.strip_suffix('\r').unwrap_or(line);
        if self.old == Some(0) && self.new == Some(0) {
            if plain.is_empty() || plain.starts_with('\\') {
                return true;
            }
            return line.starts_with("@@") && self.begin(plain);
        }
        let counts = self.old.is_some();
        let one = |count: &mut Option<u64>| match count {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        };
        match plain.as_bytes().first() {
            Some(b'@') if !counts && plain.starts_with("@@") => self.begin(plain),
            Some(b'\\') => true,
            Some(b'+') => one(&mut self.new) && (counts || !is_header(line)),
            Some(b'-') => one(&mut self.old) && (counts || !is_header(line)),
            // Some programs leave out the blank of an empty line.
            None | Some(b' ') => !counts || (one(&mut self.old) && one(&mut self.new)),
            Some(_) => false,
        }
    }

    /// `@@ -1,2 +3,4 @@ …`; a bare `@@ …` counts nothing.
    fn begin(&mut self, line: &str) -> bool {
        let numbers = || {
            let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
            let (old, new) = ranges.split_once(" +")?;
            let count =
                |range: &str| range.split_once(',').map_or("1", |(_, count)| count).parse().ok();
            Some((count(old)?, count(new)?))
        };
        let found: Option<(u64, u64)> = numbers();
        (self.old, self.new) = (found.map(|(old, _)| old), found.map(|(_, new)| new));
        true
    }
}

/// How a line begins that could be read as one about a file.
fn is_header(line: &str) -> bool {
    const BEGINNINGS: [&str; 13] = [
        "--- ", "+++ ", "---\t", "+++\t", "*** ", "diff ", "Index:", "index ", "rename ", "copy ",
        "old mode", "new ", "deleted ",
    ];
    BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
}

/// Whether a program that ends lines at more characters than a line feed finds a header in it.
fn hides_header(line: &str) -> bool {
    let ends = |c: char| {
        matches!(
            c,
            '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    line.split(ends).skip(1).any(|part| is_header(part) || part.starts_with("@@"))
}

/// A header that names the file and no other, as git or diff write it.
fn is_own_header(line: &str, names: &[String; 2]) -> bool {
    if line.contains('\r') {
        return false;
    }
    let is_own = |name: &str, prefix: &str| {
        let name = unquoted(name);
        name.is_some_and(|name| {
            let bare = name.strip_prefix(prefix).unwrap_or(&name);
            names.iter().any(|own| {
                name == *own || bare == own.as_str() || bare == own.trim_start_matches('/')
            })
        })
    };
    // What follows a tab is a time.
    let name = |rest: &str| rest.split('\t').next().unwrap_or_default().to_owned();
    if let Some(rest) = line.strip_prefix("--- ") {
        let name = name(rest);
        return name == "/dev/null" || is_own(&name, "a/");
    }
    if let Some(rest) = line.strip_prefix("+++ ") {
        return is_own(&name(rest), "b/");
    }
    if let Some(rest) = line.strip_prefix("index ") {
        return rest.chars().all(|c| c.is_ascii_hexdigit() || c == '.');
    }
    names.iter().any(|own| line == format!("diff --git a/{own} b/{own}"))
}

/// A name as git writes it: in quotes, with `\n` or three octal digits for what is odd. None where it cannot be
/// read.
fn unquoted(name: &str) -> Option<String> {
    let Some(quoted) = name.strip_prefix('"') else { return Some(name.to_owned()) };
    let quoted = quoted.strip_suffix('"')?;
    let (mut bytes, mut rest) = (Vec::new(), quoted.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            same @ (b'"' | b'\\') => same,
            first @ b'0'..=b'3' => {
                let digit = |byte: u8| (b'0'..=b'7').contains(&byte).then(|| byte - b'0');
                let (second, third) = (digit(rest.next()?)?, digit(rest.next()?)?);
                (first - b'0') * 64 + second * 8 + third
            }
            _ => return None,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A path as from where the session works, so that it means the same in another worktree.
pub(crate) fn below<'p>(path: &'p str, cwd: &str) -> &'p str {
    let rest = path.strip_prefix(cwd).and_then(|rest| rest.strip_prefix('/'));
    rest.filter(|rest| !cwd.is_empty() && !rest.is_empty()).unwrap_or(path)
}

/// Whether the last parts of `path` are `end`.
fn ends_with(path: &str, end: &str) -> bool {
    let rest = path.strip_suffix(end);
    !end.is_empty() && rest.is_some_and(|rest| rest.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CWD: &str = "/w/one";
    const HUNK: &str = "@@ -1,2 +1,2 @@\n a\n-b\n+c\n";

    fn told(change: Value) -> Option<String> {
        difference(&json!({"kind": "edit", "rawInput": {"changes": {"/w/one/a.txt": change}}}), CWD)
    }

    fn diff(text: &str) -> Option<String> {
        let tagged = told(json!({"type": "update", "unified_diff": text, "move_path": null}));
        let keyed = told(json!({"update": {"unified_diff": text}}));
        assert_eq!(tagged, keyed, "{text}");
        let field = json!({"kind": "edit", "rawInput": {"path": "a.txt", "unified_diff": text}});
        assert_eq!(difference(&field, CWD).is_some(), tagged.is_some(), "{text}");
        tagged
    }

    #[test]
    fn a_diff_of_the_file_it_stands_for_is_one() {
        for text in [
            "@@",
            HUNK,
            &format!("--- a/a.txt\n+++ b/a.txt\n{HUNK}"),
            &format!("--- a.txt\t2026-01-01 00:00\n+++ a.txt\t2026-01-02 00:00\n{HUNK}"),
            &format!("--- /w/one/a.txt\n+++ /w/one/a.txt\n{HUNK}"),
            &format!("--- a/w/one/a.txt\n+++ b/w/one/a.txt\n{HUNK}"),
            &format!("diff --git a/a.txt b/a.txt\nindex 1f..2e\n--- a/a.txt\n+++ b/a.txt\n{HUNK}"),
            &format!("--- \"a/a.txt\"\n+++ \"b/a.txt\"\n{HUNK}"),
            "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n",
            &format!("{HUNK}{HUNK}\n"),
            "@@ fn main\n-old\n+new\n@@\n a\n",
            "@@ -1,2 +1 @@\n--- a comment of SQL\n x\n",
            "@@ -1 +1 @@\r\n-a\r\n+b\r\n",
            "@@ -1,2 +1,2 @@\n\n-b\n+c\n",
        ] {
            assert_eq!(diff(text), None, "{text}");
        }
    }

    #[test]
    fn security_04_a_diff_that_names_another_file_is_not_about_its_own() {
        for text in [
            &format!("--- a/b.txt\n+++ b/b.txt\n{HUNK}"),
            &format!("--- a/a.txt\n+++ b/b.txt\n{HUNK}"),
            &format!("--- a/a.txt\n+++ /dev/null\n{HUNK}"),
            &format!("--- a/sub/a.txt\n+++ b/sub/a.txt\n{HUNK}"),
            &format!("--- a/a.txt\r\n+++ b/a.txt\r\n{HUNK}"),
            &format!("--- \"a/\\142.txt\"\n+++ \"b/\\142.txt\"\n{HUNK}"),
            &format!("--- \"a/a.txt\n+++ b/a.txt\n{HUNK}"),
            &format!("--- a/../a.txt\n+++ b/../a.txt\n{HUNK}"),
            &format!("--- a/a.txt \n+++ b/a.txt \n{HUNK}"),
            &format!("diff --git a/a.txt b/b.txt\n--- a/a.txt\n+++ b/a.txt\n{HUNK}"),
            "diff --git a/a.txt b/b.txt\nrename from a.txt\nrename to b.txt\n",
            "diff --git a/a.txt b/a.txt\nold mode 100644\nnew mode 100755\n",
            "diff --git a/a.txt b/a.txt\ndeleted file mode 100644\n",
            "*** Begin Patch\n*** Update File: /etc/passwd\n@@\n-a\n+b\n*** End Patch",
            &format!("{HUNK}--- a/b.txt\n+++ b/b.txt\n{HUNK}"),
            &format!("{HUNK}diff --git a/b.txt b/b.txt\n{HUNK}"),
            &format!("{HUNK}\n\n--- b.txt\n+++ b.txt\n{HUNK}"),
            &format!("{HUNK}Index: b.txt\n"),
            // A hunk that counts nothing, or announces what others would read as a header.
            "@@\n-a\n+b\n--- b.txt\n+++ b.txt\n@@\n-a\n+b\n",
            "@@ -1,9 +1,9 @@\n-a\n--- b.txt\n+++ b.txt\n@@ -1 +1 @@\n",
            "@@ -1,99 +1,99 @@\n a\n*** Update File: b.txt\n",
            // Lines that end where only some programs see it.
            "@@\n+a\r--- b.txt\r+++ b.txt\r@@\r",
            "@@ -1 +1,2 @@\n a\n+x\u{2028}+++ b.txt\n",
            "words before\n@@\n-a\n",
        ] {
            let why = diff(text);
            assert!(why.as_deref().is_some_and(|why| why.contains("a.txt")), "{text}: {why:?}");
        }
    }

    #[test]
    fn security_04_two_names_for_one_file_are_told() {
        let of = |call: Value| {
            let mut whole = json!({"kind": "edit"});
            whole.as_object_mut().unwrap().extend(call.as_object().unwrap().clone());
            difference(&whole, CWD)
        };
        let diff = |path: &str| json!([{"type": "diff", "path": path, "newText": "x"}]);
        let place = |path: &str| json!([{"path": path}]);
        let input = json!({"file_path": "/w/one/sub/a.txt", "path": "sub/a.txt"});
        for same in [
            json!({"rawInput": input}),
            json!({"rawInput": input, "content": diff("sub/a.txt"), "locations": place("a.txt")}),
            json!({"content": diff("/w/a"), "locations": place("/w/b")}),
            json!({"rawInput": {"path": "a", "changes": {"/w/one/a": {"type": "add"}}}}),
            json!({"rawInput": {"changes": {"/w/a": {}, "/w/b": {}}}, "locations": place("/w/b")}),
            json!({"kind": "execute", "rawInput": {"path": "a", "file_path": "b"}}),
        ] {
            assert_eq!(of(same.clone()), None, "{same}");
        }
        for other in [
            json!({"rawInput": {"file_path": "/w/one/a", "path": "/etc/passwd"}}),
            json!({"rawInput": {"filePath": "a", "notebook_path": "a2"}}),
            json!({"rawInput": {"path": "a", "changes": {"/etc/passwd": {"type": "add"}}}}),
            json!({"rawInput": {"path": "a", "changes": {"a": {}, "/etc/passwd": {}}}}),
            json!({"rawInput": {"path": "a"}, "content": diff("/etc/passwd")}),
            json!({"rawInput": {"path": "/w/one/a"}, "content": diff("/w/one/aa")}),
            json!({"rawInput": {"path": "/w/one/aa"}, "locations": place("a")}),
            json!({"kind": "delete", "rawInput": {"path": "a", "abs_path": "/w/b"}}),
        ] {
            let why = of(other.clone());
            assert!(why.is_some_and(|why| why.contains("different files")), "{other}");
        }
    }
}
