//! Operating system commands by which programs tell their terminal more than text.
//!
//! Sources: iTerm2 (OSC 9), kitty (OSC 99), rxvt (OSC 777), FinalTerm (OSC 133).
//! Promise: texts are bounded and hold no control characters.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nightshift_protocol::terminal::{SIGN_MAX_BYTES, Sign};

/// Sub-command of OSC 9 that draws a progress bar (ConEmu), which is no notification.
const PROGRESS: &[u8] = b"4";

pub(crate) fn of_osc(params: &[&[u8]]) -> Option<Sign> {
    let (number, rest) = params.split_first()?;
    match (*number, rest) {
        (b"9", [PROGRESS, _, ..]) => None,
        (b"9", text) => notification(&joined(text)),
        (b"99", [about, text @ ..]) => kitty(about, &joined(text)),
        (b"777", [b"notify", text @ ..]) => {
            let words: Vec<String> = text.iter().map(|t| readable(t)).collect();
            notification(words.join(": ").as_bytes())
        }
        (b"133", [mark, more @ ..]) => match mark.first()? {
            b'A' | b'B' => Some(Sign::Prompt),
            b'C' => Some(Sign::Began),
            b'D' => {
                let code = more.first().and_then(|code| std::str::from_utf8(code).ok());
                Some(Sign::Ended { code: code.and_then(|code| code.parse().ok()) })
            }
            _ => None,
        },
        _ => None,
    }
}

/// Text that held semicolons was split at them.
fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.join(&b';')
}

/// The metadata are `key=value` between colons: `p` says what the payload is, `e=1` that it is
/// base64. Icons, buttons and questions of the terminal's abilities are no notification.
fn kitty(about: &[u8], payload: &[u8]) -> Option<Sign> {
    let value = |key: &[u8]| {
        let pairs = about.split(|b| *b == b':');
        pairs.filter_map(|pair| pair.strip_prefix(key)?.strip_prefix(b"=")).next()
    };
    if !matches!(value(b"p"), None | Some(b"title" | b"body")) {
        return None;
    }
    match value(b"e") {
        Some(b"1") => notification(&STANDARD.decode(payload).ok()?),
        _ => notification(payload),
    }
}

fn notification(text: &[u8]) -> Option<Sign> {
    let text = readable(text);
    (!text.is_empty()).then_some(Sign::Notification { text })
}

fn readable(text: &[u8]) -> String {
    let mut out = String::new();
    for c in String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()) {
        if out.len() + c.len_utf8() > SIGN_MAX_BYTES {
            break;
        }
        out.push(c);
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_are_told_is_recognised() {
        let said = |text: &str| Some(Sign::Notification { text: text.into() });
        let cases: [(&[&[u8]], Option<Sign>); 12] = [
            (&[b"9", b"done; all of it"], said("done; all of it")),
            (&[b"9", b"one", b"two"], said("one;two")),
            (&[b"9", b"4", b"1", b"50"], None),
            (&[b"9", b"4 files"], said("4 files")),
            (&[b"99", b"i=1:d=0", b"Hello"], said("Hello")),
            (&[b"99", b"i=1:p=body:e=1", b"SGVsbG8="], said("Hello")),
            (&[b"99", b"i=1:p=?", b""], None),
            (&[b"777", b"notify", b"Agent", b"waits"], said("Agent: waits")),
            (&[b"133", b"A"], Some(Sign::Prompt)),
            (&[b"133", b"C;x"], Some(Sign::Began)),
            (&[b"133", b"D", b"3"], Some(Sign::Ended { code: Some(3) })),
            (&[b"52", b"c", b"QQ=="], None),
        ];
        for (params, expected) in cases {
            assert_eq!(of_osc(params), expected, "{params:?}");
        }
    }
}
