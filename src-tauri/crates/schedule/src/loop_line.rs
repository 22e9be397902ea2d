//! What stands after `/loop` (L1–L3): an interval before the prompt, or a clause "every 2 hours" at its
//! end; neither means self-paced, no prompt means the project's `loop.md` or the built-in one.
//!
//! Promise: an interval is only taken from the beginning or the end, so "check every 5 minutes whether
//! it is up" stays the prompt that it is, and "check every PR" too.
//! Must not know: files, sessions, the time.

use crate::interval::Interval;
use crate::text::{self, Token};

/// What a line after `/loop` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoopLine {
    Start {
        /// None: the agent paces itself.
        interval: Option<Interval>,
        /// None: `loop.md`, or the built-in prompt.
        prompt: Option<String>,
    },
    /// `/loop stop` (off, cancel, clear)
    Stop,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoopRefusal {
    #[error(
        "an interval of {0} would never end; write 1m or more, or leave it out for a self-paced loop"
    )]
    Zero(String),
    #[error("`{0}` is not a whole number of units; write it in smaller ones, such as 90m for 1.5h")]
    Fraction(String),
    #[error("`{0}` has no unit; write {0}s, {0}m, {0}h or {0}d")]
    NoUnit(String),
}

impl LoopLine {
    /// Reads what follows `/loop`.
    pub fn parse(line: &str) -> Result<LoopLine, LoopRefusal> {
        let line = line.trim();
        if ["stop", "off", "cancel", "clear"].iter().any(|word| line.eq_ignore_ascii_case(word)) {
            return Ok(LoopLine::Stop);
        }
        let tokens = text::tokens(line);
        if let Some(fraction) = leading_fraction(line, &tokens) {
            return Err(LoopRefusal::Fraction(fraction));
        }
        let found = leading(line, &tokens).or_else(|| trailing(line, &tokens));
        if is_number(line) {
            return Err(LoopRefusal::NoUnit(line.to_owned()));
        }
        let (interval, prompt) = match found {
            Some((interval, prompt)) => (Some(interval), prompt),
            None => (None, line),
        };
        if let Some(zero) = interval.filter(|interval| interval.count == 0) {
            return Err(LoopRefusal::Zero(zero.words()));
        }
        let prompt = (!prompt.is_empty()).then(|| prompt.to_owned());
        Ok(LoopLine::Start { interval, prompt })
    }
}

/// `30`: an interval without its unit.
fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// `30m check`, `30 minutes check`, `every 30m check`, `every hour, check`.
fn leading<'a>(line: &'a str, tokens: &[Token<'_>]) -> Option<(Interval, &'a str)> {
    let with_every = tokens.first()?.is("every");
    let (interval, used) = match with_every {
        true => clause(&tokens[1..]).map(|(interval, used)| (interval, used + 1))?,
        false => text::interval(tokens).filter(|_| starts_with_digit(line))?,
    };
    let end = tokens.get(used - 1)?.range.end;
    let rest = &line[end..];
    let ends = rest.is_empty()
        || rest.starts_with(|sign: char| sign.is_whitespace() || ",:;".contains(sign));
    ends.then(|| (interval, rest.trim_start_matches([',', ':', ';']).trim_start()))
}

/// `check every 2 hours`, with or without a full stop.
fn trailing<'a>(line: &'a str, tokens: &[Token<'_>]) -> Option<(Interval, &'a str)> {
    let tokens = match tokens {
        [rest @ .., last] if last.is_any(&[".", "!"]) => rest,
        all => all,
    };
    let at = tokens.iter().rposition(|token| token.is("every"))?;
    let (interval, used) = clause(&tokens[at + 1..])?;
    let before = &line[..tokens[at].range.start];
    let ends_the_line = at + 1 + used == tokens.len();
    let stands_alone = before.is_empty()
        || before.ends_with(|sign: char| sign.is_whitespace() || ",;:".contains(sign));
    (ends_the_line && stands_alone)
        .then(|| (interval, before.trim_end().trim_end_matches([',', ';', ':', '-']).trim_end()))
}

/// What may follow "every": a length of time, or a unit alone.
fn clause(tokens: &[Token<'_>]) -> Option<(Interval, usize)> {
    let first = tokens.first()?;
    if first.is_any(&["second", "minute", "hour", "day"]) {
        return text::interval_of_unit(first.text).map(|interval| (interval, 1));
    }
    text::interval(tokens)
}

fn starts_with_digit(line: &str) -> bool {
    line.starts_with(|sign: char| sign.is_ascii_digit())
}

/// `1.5h`: an interval that was meant but cannot be kept.
fn leading_fraction(line: &str, tokens: &[Token<'_>]) -> Option<String> {
    let [whole, point, part, ..] = tokens else { return None };
    let adjacent = whole.range.end == point.range.start && point.range.end == part.range.start;
    let fraction = whole.number().is_some()
        && point.is_any(&[".", ","])
        && (text::interval(std::slice::from_ref(part)).is_some()
            || text::interval(&tokens[2..]).is_some_and(|_| part.number().is_some()));
    let ends = line[part.range.end..].chars().next().is_none_or(char::is_whitespace);
    (adjacent && fraction && ends).then(|| line[whole.range.start..part.range.end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::Unit;

    fn start(interval: Option<(u64, Unit)>, prompt: &str) -> LoopLine {
        let interval = interval.map(|(count, unit)| Interval { count, unit });
        LoopLine::Start { interval, prompt: (!prompt.is_empty()).then(|| prompt.to_owned()) }
    }

    #[test]
    fn an_interval_stands_at_the_beginning_or_the_end_and_nowhere_else() {
        use Unit::{Day, Hour, Minute, Second};
        type Case = (&'static str, Option<(u64, Unit)>, &'static str);
        let cases: &[Case] = &[
            ("", None, ""),
            ("   ", None, ""),
            ("7m /tasks", Some((7, Minute)), "/tasks"),
            ("30m", Some((30, Minute)), ""),
            ("5s check", Some((5, Second)), "check"),
            ("7d tidy up", Some((7, Day)), "tidy up"),
            ("2H check", Some((2, Hour)), "check"),
            ("30 minutes check the build", Some((30, Minute)), "check the build"),
            ("1 hour", Some((1, Hour)), ""),
            ("10m: look\n  at two lines", Some((10, Minute)), "look\n  at two lines"),
            ("every 5 minutes check", Some((5, Minute)), "check"),
            ("every hour, check", Some((1, Hour)), "check"),
            ("check the deploy every 2 hours", Some((2, Hour)), "check the deploy"),
            ("check the deploy, every 20m.", Some((20, Minute)), "check the deploy"),
            ("check the mail every day", Some((1, Day)), "check the mail"),
            ("check\nevery 5 minutes", Some((5, Minute)), "check"),
            ("every 2 hours", Some((2, Hour)), ""),
            ("Every 90 seconds", Some((90, Second)), ""),
            ("5m run it every 2 hours", Some((5, Minute)), "run it every 2 hours"),
            (
                "check every 5 minutes whether it is up",
                None,
                "check every 5 minutes whether it is up",
            ),
            ("review every PR", None, "review every PR"),
            ("say \"every 5 minutes\"", None, "say \"every 5 minutes\""),
            ("do this every other day", None, "do this every other day"),
            ("nevery 5 minutes", None, "nevery 5 minutes"),
            ("5 PRs are open", None, "5 PRs are open"),
            ("30x faster", None, "30x faster"),
            ("30m-old files", None, "30m-old files"),
            ("an hour ago it broke", None, "an hour ago it broke"),
            ("stop the server", None, "stop the server"),
        ];
        for (line, interval, prompt) in cases {
            assert_eq!(LoopLine::parse(line), Ok(start(*interval, prompt)), "{line:?}");
        }
    }

    #[test]
    fn a_loop_is_stopped_by_one_word_and_impossible_intervals_are_refused() {
        assert_eq!(LoopLine::parse(" Stop "), Ok(LoopLine::Stop));
        for (line, part) in [
            ("0m check", "0 minutes would never end"),
            ("check every 0 hours", "0 hours"),
            ("1.5h check", "`1.5h` is not a whole number"),
            ("1,5 hours", "90m for 1.5h"),
            ("30", "`30` has no unit; write 30s, 30m, 30h or 30d"),
        ] {
            let refusal = LoopLine::parse(line).unwrap_err().to_string();
            assert!(refusal.contains(part), "{line}: {refusal}");
        }
    }
}
