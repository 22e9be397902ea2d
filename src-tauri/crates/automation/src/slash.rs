//! Commands in the text of a prompt: `/goal`, `/loop`, `/proactive`, `/tasks`, `/bashes`.
//!
//! Promise: only a text that begins with the command is one; what merely contains it is a prompt.
//! Must not know: what the commands do.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slash {
    GoalShow,
    GoalClear,
    GoalRetry,
    GoalSet {
        condition: String,
        check: Option<String>,
    },
    /// What follows `/loop`.
    Loop(String),
    Tasks,
}

const CLEAR_WORDS: [&str; 6] = ["clear", "stop", "off", "reset", "none", "cancel"];

impl Slash {
    pub fn parse(text: &str) -> Option<Slash> {
        let text = text.trim();
        let (command, rest) = match text.split_once(char::is_whitespace) {
            Some((command, rest)) => (command, rest.trim()),
            None => (text, ""),
        };
        match command {
            "/goal" => Some(goal(rest)),
            "/loop" | "/proactive" => Some(Slash::Loop(rest.to_owned())),
            "/tasks" | "/bashes" if rest.is_empty() => Some(Slash::Tasks),
            _ => None,
        }
    }
}

fn goal(rest: &str) -> Slash {
    let is = |word: &str| rest.eq_ignore_ascii_case(word);
    if rest.is_empty() {
        return Slash::GoalShow;
    }
    if CLEAR_WORDS.iter().any(|word| is(word)) {
        return Slash::GoalClear;
    }
    if is("retry") {
        return Slash::GoalRetry;
    }
    let (condition, check) = with_check(rest);
    Slash::GoalSet { condition, check }
}

const CHECK: &str = "--check";

/// `--check "cargo test"`, before or behind the condition.
fn with_check(text: &str) -> (String, Option<String>) {
    let at = match text.strip_prefix(CHECK) {
        Some(_) => Some(0),
        None => text.rfind(&format!(" {CHECK}")).map(|at| at + 1),
    };
    let whole = || (text.to_owned(), None);
    let Some(at) = at else { return whole() };
    let after = &text[at + CHECK.len()..];
    let Some(first) = after.chars().next().filter(|c| *c == '=' || c.is_whitespace()) else {
        return whole();
    };
    let value = after[first.len_utf8()..].trim_start();
    let (command, rest) = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => match value[1..].split_once(quote) {
            Some((command, rest)) => (command, rest),
            None => return whole(),
        },
        // Behind the condition the rest is the command; before it, a command needs quotes.
        Some(_) if at > 0 => (value, ""),
        Some(_) | None => return whole(),
    };
    let condition = format!("{}{}", &text[..at], rest);
    (condition.trim().to_owned(), Some(command.trim().to_owned()).filter(|c| !c.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_begins_with_a_command_is_one() {
        let set = |condition: &str, check: Option<&str>| {
            let (condition, check) = (condition.to_owned(), check.map(str::to_owned));
            Some(Slash::GoalSet { condition, check })
        };
        for (text, expected) in [
            ("/goal", Some(Slash::GoalShow)),
            (" /goal  \n", Some(Slash::GoalShow)),
            ("/goal Clear", Some(Slash::GoalClear)),
            ("/goal off", Some(Slash::GoalClear)),
            ("/goal retry", Some(Slash::GoalRetry)),
            ("/goal clear the table", set("clear the table", None)),
            ("/goal all tests pass\nand lint", set("all tests pass\nand lint", None)),
            ("/goal --check \"cargo test\" tests pass", set("tests pass", Some("cargo test"))),
            ("/goal tests pass --check 'make -s'", set("tests pass", Some("make -s"))),
            ("/goal tests pass --check cargo test", set("tests pass", Some("cargo test"))),
            ("/goal --check \"cargo test\"", set("", Some("cargo test"))),
            ("/goal see --checksum", set("see --checksum", None)),
            ("/loop", Some(Slash::Loop(String::new()))),
            ("/proactive 7m /tasks", Some(Slash::Loop("7m /tasks".into()))),
            ("/tasks", Some(Slash::Tasks)),
            ("/bashes", Some(Slash::Tasks)),
            ("/tasks please", None),
            ("/goals", None),
            ("what does /goal do", None),
            ("/model x", None),
            ("", None),
        ] {
            assert_eq!(Slash::parse(text), expected, "{text:?}");
        }
    }
}
