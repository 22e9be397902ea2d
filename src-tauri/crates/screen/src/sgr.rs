//! Looks of text, said as the VT parser reads them.
//!
//! Colours may be written with colons (ITU-T T.416), underlines have kinds and colours (kitty).

/// The parameters of an SGR sequence in plain terms; none when they are plain already.
pub(crate) fn plainly(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(';').collect();
    let plain = |part: &str| !part.contains(':') && !matches!(part, "58" | "59" | "21");
    if parts.iter().all(|part| plain(part)) {
        return None;
    }
    let mut out: Vec<String> = Vec::new();
    let mut rest = parts.into_iter();
    while let Some(part) = rest.next() {
        match part {
            "58" => {
                let values = match rest.next() {
                    Some("2") => 3,
                    Some("5") => 1,
                    _ => 0,
                };
                rest.by_ref().take(values).for_each(drop);
            }
            "38" | "48" => {
                out.push(part.to_owned());
                // Its values are no attributes, whatever they are.
                let kind = rest.next().unwrap_or_default();
                out.push(kind.to_owned());
                let values = if kind == "2" { 3 } else { 1 };
                out.extend(rest.by_ref().take(values).map(str::to_owned));
            }
            "59" => {}
            // A double underline.
            "21" => out.push("4".to_owned()),
            _ if part.contains(':') => out.extend(of_colons(part)),
            _ => out.push(part.to_owned()),
        }
    }
    // Without any parameter everything would be reset.
    Some(if out.is_empty() { KEEP.to_owned() } else { out.join(";") })
}

/// Whether these parameters reset everything or set the background's colour; none of both is nothing.
pub(crate) fn background(text: &str) -> Option<bool> {
    let mut parts = text.split(';');
    let mut found = None;
    while let Some(part) = parts.next() {
        match part {
            "38" | "48" => {
                found = if part == "48" { Some(false) } else { found };
                let values = if parts.next() == Some("2") { 3 } else { 1 };
                parts.by_ref().take(values).for_each(drop);
            }
            "" | "0" | "49" => found = found.or(Some(true)),
            _ if part.len() == 2 && part.starts_with('4') => found = Some(false),
            _ if part.len() == 3 && part.starts_with("10") => found = Some(false),
            _ => {}
        }
    }
    found
}

/// A parameter that no terminal knows: nothing changes.
const KEEP: &str = "99";

fn of_colons(part: &str) -> Option<String> {
    let values: Vec<&str> = part.split(':').collect();
    match values.as_slice() {
        ["4", "0"] => Some("24".to_owned()),
        ["4", _] => Some("4".to_owned()),
        [ground @ ("38" | "48"), "5", index, ..] => Some(format!("{ground};5;{index}")),
        // The id of a colour space comes first; the window's terminal reads it even where it is missing.
        [ground @ ("38" | "48"), "2", _, colours @ ..] => {
            let value = |n: usize| colours.get(n).filter(|text| !text.is_empty()).unwrap_or(&"0");
            Some(format!("{ground};2;{};{};{}", value(0), value(1), value(2)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_does_not_read_is_said_otherwise_and_the_rest_is_left_alone() {
        for (text, said) in [
            ("", None),
            ("1;31;4", None),
            ("38;5;58", Some("38;5;58")),
            ("38;2;58;59;21", Some("38;2;58;59;21")),
            ("4:3", Some("4")),
            ("4:0;1", Some("24;1")),
            ("21", Some("4")),
            ("4;58;5;1;3", Some("4;3")),
            ("58;2;1;2;3", Some(KEEP)),
            ("59", Some(KEEP)),
            ("58:2::1:2:3;7", Some("7")),
            ("38:5:99", Some("38;5;99")),
            ("38:2::10:20:30", Some("38;2;10;20;30")),
            ("48:2::10:20;1", Some("48;2;10;20;0;1")),
        ] {
            assert_eq!(plainly(text).as_deref(), said, "{text}");
        }
    }
}
