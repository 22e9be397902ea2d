//! Lengths of time in a definition: `90s`, `15m`, `2h`, `1h30m`, `1d`, and how they are written.

use nightshift_schedule::Unit;

/// Milliseconds. None: it is no length of time.
pub fn read(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total_ms: i64 = 0;
    let mut larger = u64::MAX;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = Unit::of_word(&rest[digits..digits + letters])?;
        let count: i64 = rest[..digits].parse().ok()?;
        if unit.seconds() >= larger {
            return None;
        }
        larger = unit.seconds();
        let part_ms = count.checked_mul(i64::try_from(unit.seconds()).ok()?.checked_mul(1_000)?)?;
        total_ms = total_ms.checked_add(part_ms)?;
        rest = &rest[digits + letters..];
    }
    Some(total_ms)
}

/// As `read` takes it, in as few units as possible. Parts of a second are lost.
pub fn write(ms: i64) -> String {
    let mut seconds = ms.max(0) / 1_000;
    let mut text = String::new();
    for (name, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if seconds >= length {
            text.push_str(&format!("{}{name}", seconds / length));
            seconds %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written() {
        let hour = 3_600_000;
        for (text, ms) in
            [("2h", 2 * hour), ("1h30m", hour * 3 / 2), ("90s", 90_000), ("1d", 24 * hour)]
        {
            assert_eq!(read(text), Some(ms), "{text}");
            assert_eq!(read(&write(ms)), Some(ms), "{text}");
        }
        for text in [
            "",
            "2",
            "h",
            "2x",
            "1m2h",
            "-1h",
            "99999999999999999999h",
            "9999999999999999d",
            "1h 30m",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
