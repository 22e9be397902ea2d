//! Items as text for people: whole, or with a count of what is not shown.
//!
//! Promise: every character of it is seen; control, invisible and direction-turning ones stand as their
//! number.

use crate::item::{Found, Item};
use crate::limits::DETAIL_MAX_BYTES;
use nightshift_terms::naming::clip;

/// What a request shows, and how many bytes of it all that leaves out.
pub fn detail(found: &Found) -> (String, u32) {
    let mut text = String::new();
    let mut unshown = 0;
    for item in found.distinct() {
        let head = head(item);
        let room = DETAIL_MAX_BYTES.saturating_sub(text.len() + head.len());
        match readable(item) {
            Some(whole) => {
                let (body, left) = fitting(whole, room);
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
                    text.push_str(&format!(
                        "{head}\n  {} bytes that are no text\n",
                        item.shown.len()
                    ));
                }
            }
        }
    }
    for why in &found.unreadable {
        unshown += 1;
        text.push_str(&format!("not read: {}\n", visible(why)));
    }
    (text, u32::try_from(unshown).unwrap_or(u32::MAX))
}

/// All of it.
pub fn whole(found: &Found) -> String {
    let item = |item: &Item| {
        let none =
            || format!("  {} bytes that are no text, SHA-256 {}\n", item.shown.len(), item.sha256);
        format!("{}\n{}\n", head(item), body(item).unwrap_or_else(none))
    };
    let unread = found.unreadable.iter().map(|why| format!("not read: {}\n", visible(why)));
    found.distinct().into_iter().map(item).chain(unread).collect()
}

fn head(item: &Item) -> String {
    format!("{} ({})", visible(&item.path), item.does)
}

fn readable(item: &Item) -> Option<&str> {
    std::str::from_utf8(&item.shown).ok().filter(|text| !text.contains('\0'))
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

/// `text` with every character to be seen. Tabs and line feeds stay.
pub fn visible(text: &str) -> String {
    nightshift_terms::visible::visible(text).into_owned()
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
        assert!(text.contains("6 bytes that are no text") && unshown == 6, "{text}");
        let unread = Found { unreadable: vec!["d: too large".into()], ..Found::default() };
        assert!(detail(&unread).1 > 0);
    }
}
