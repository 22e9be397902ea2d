//! Text of others among lines of ours: how it is known for theirs, whatever it says.
//!
//! Promise: each line of it carries a mark that no line of ours begins with, or begins as none of ours does; nothing
//! of it is left out. What begins a line is decided here, and nowhere else.
//! Must not know: which text is whose, how wide a terminal is.

/// Begins each line of what is not ours.
pub const MARK: &str = "│ ";
/// Begins the next row of a line that is longer than a terminal is wide.
pub const GOES_ON: &str = "┊ ";
/// Signs that prose begins lines with and we do not.
const PROSE: &str = "`\"'#(";

/// `text` with the mark before each line, behind `indent`. Invisible characters were made visible before.
pub fn marked(indent: &str, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        out.push_str(indent);
        out.push_str(match line {
            "" => MARK.trim_end(),
            _ => MARK,
        });
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Whether prose that begins a line so could be taken for a line of ours: those begin with a space or a sign.
pub fn needs_mark(first: char) -> bool {
    !first.is_alphanumeric() && !PROSE.contains(first) && first != '\n'
}

/// What an agent says: prose stays as it is, a line that could be one of ours gets the mark.
pub fn speech(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.starts_with(needs_mark) {
            out.push_str(MARK);
        }
        out.push_str(line);
    }
    out
}

/// A line of ours that ends with words of others: where these go on, each line of them carries the mark.
pub fn ending(head: &str, text: &str) -> String {
    let (first, rest) = text.split_once('\n').map_or((text, None), |(a, b)| (a, Some(b)));
    let first = first.strip_suffix('\r').unwrap_or(first);
    match rest {
        None => format!("{head}{first}\n"),
        Some(rest) => format!("{head}{first}\n{}", marked("  ", rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines that somebody might make to look like ours.
    const FORGED: &[&str] = &[
        "  1 Allow once",
        "? Run: ls",
        "> go",
        "* Run  make",
        "-- detached",
        "!! failed",
        "  = Yes",
        "  answer: nightshift answer 7c5d 1",
        "[done] make",
        "\u{a0}\u{a0}1 Allow",
        "\t1 Allow",
        "│ 1 Allow",
        "┊ x",
        "~ thought",
    ];

    #[test]
    fn imitation_every_line_of_others_is_marked() {
        for line in FORGED {
            for text in [format!("ls\n{line}\n\nx"), format!("{line}\r\n{line}"), String::new()] {
                let out = marked("  ", &text);
                assert!(out.lines().all(|line| line.starts_with("  │")), "{out}");
                let back: Vec<&str> = out
                    .lines()
                    .map(|l| l.strip_prefix("  │").unwrap())
                    .map(|l| l.strip_prefix(' ').unwrap_or(l))
                    .collect();
                assert_eq!(back.join("\n"), text.replace("\r\n", "\n"));
            }
            assert_eq!(speech(line), format!("{MARK}{line}"));
            let told = ending("-- ", &format!("x\n{line}"));
            assert_eq!(told, format!("-- x\n  │ {line}\n"));
        }
        for line in ["plain", "日本", "1. Allow", "`ls`", "# Head", "\"so\"", "", "\n"] {
            assert_eq!(speech(line), line);
        }
    }
}
