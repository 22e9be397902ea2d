//! Words of a line and where they stand; numbers and lengths of time among them.
//!
//! Must not know: what the line is for.

use crate::interval::{Interval, Unit};
use std::ops::Range;

/// A run of letters and digits, or one other sign. White space only separates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub text: &'a str,
    /// Bytes in the line.
    pub range: Range<usize>,
}

impl Token<'_> {
    pub fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    pub fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// The number that this is, in digits. One too large for its type is as large as can be.
    pub fn number(&self) -> Option<u64> {
        let digits = !self.text.is_empty() && self.text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| self.text.parse().unwrap_or(u64::MAX))
    }
}

pub(crate) fn tokens(line: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut in_word = false;
    for (at, sign) in line.char_indices() {
        let wordly = sign.is_alphanumeric();
        let end = at + sign.len_utf8();
        match tokens.last_mut() {
            Some(last) if wordly && in_word => {
                last.range.end = end;
                last.text = &line[last.range.clone()];
            }
            _ if sign.is_whitespace() => {}
            _ => tokens.push(Token { text: &line[at..end], range: at..end }),
        }
        in_word = wordly;
    }
    tokens
}

/// A length of time at the beginning of these tokens, and how many of them it takes: `30m`, `1h30m`,
/// `30 minutes`, `an hour`, `half an hour`, `two days`.
pub(crate) fn interval(tokens: &[Token<'_>]) -> Option<(Interval, usize)> {
    let first = tokens.first()?;
    if let Some(interval) = joined(first.text) {
        return Some((interval, 1));
    }
    if first.is("half") {
        let half = tokens.get(1)?.is("an") && tokens.get(2)?.is("hour");
        return half.then_some((Interval { count: 30, unit: Unit::Minute }, 3));
    }
    let unit = tokens.get(1).filter(|unit| spelled_out(unit.text))?;
    let count = count(first)?;
    Some((Interval { count, unit: Unit::of_word(unit.text)? }, 2))
}

/// `hour` as in "every hour".
pub(crate) fn interval_of_unit(word: &str) -> Option<Interval> {
    Unit::of_word(word).map(|unit| Interval { count: 1, unit })
}

/// A number in digits or as a small word.
pub(crate) fn count(token: &Token<'_>) -> Option<u64> {
    const WORDS: [&str; 13] = [
        "a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    if let Some(number) = token.number() {
        return Some(number);
    }
    if token.is("an") {
        return Some(1);
    }
    let index = WORDS.iter().position(|word| token.is(word))?;
    u64::try_from(index).ok().map(|index| index.max(1))
}

/// A single letter beside a number in a sentence is too little to be sure.
pub(crate) fn spelled_out(word: &str) -> bool {
    word.len() > 1 && Unit::of_word(word).is_some()
}

/// `30m`, `5min`, `1h30m`: numbers with their units in one word. Counted in the smallest unit used.
fn joined(word: &str) -> Option<Interval> {
    let mut rest = word;
    let mut parts: Vec<Interval> = Vec::new();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        if digits == 0 || letters == 0 {
            return None;
        }
        let unit = Unit::of_word(&rest[digits..digits + letters])?;
        let larger = parts.last().is_none_or(|last| last.unit.seconds() > unit.seconds());
        if !larger {
            return None;
        }
        parts.push(Interval { count: rest[..digits].parse().unwrap_or(u64::MAX), unit });
        rest = &rest[digits + letters..];
    }
    let smallest = parts.last()?.unit;
    let in_smallest =
        |part: &Interval| part.count.saturating_mul(part.unit.seconds() / smallest.seconds());
    let count = parts.iter().map(in_smallest).fold(0, u64::saturating_add);
    Some(Interval { count, unit: smallest })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<(u64, Unit, usize)>) {
        let found = interval(&tokens(line)).map(|(i, used)| (i.count, i.unit, used));
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        check("30m", Some((30, Unit::Minute, 1)));
        check("5S now", Some((5, Unit::Second, 1)));
        check("1h30m", Some((90, Unit::Minute, 1)));
        check("30 Minutes", Some((30, Unit::Minute, 2)));
        check("an hour", Some((1, Unit::Hour, 2)));
        check("half an hour", Some((30, Unit::Minute, 3)));
        check("two days", Some((2, Unit::Day, 2)));
        check("99999999999999999999999m", Some((u64::MAX, Unit::Minute, 1)));
        for nothing in ["", "30", "30 m", "30x", "m30", "30m5", "30m1h", "½ hour", "5 PRs", "-5m"]
        {
            check(nothing, None);
        }
    }

    #[test]
    fn tokens_know_where_they_stand() {
        let line = "größer als 5m, ok";
        for token in tokens(line) {
            assert_eq!(&line[token.range.clone()], token.text);
        }
        let words: Vec<_> = tokens(line).into_iter().map(|token| token.text).collect();
        assert_eq!(words, ["größer", "als", "5m", ",", "ok"]);
    }
}
