//! Bounds in the text of a goal (G3, G6): "or stop after 20 turns", "… after 2 hours", "not before 18:00".
//! The supervisor keeps them; the judge still sees the whole condition.
//!
//! Promises: only what is surely meant as a bound is taken, at a clause's beginning and up to its
//! end, outside quotes. What looks like one and is not taken is said (`doubtful`), so that nobody
//! trusts a brake that is not there. Must not know: goals, sessions, the default brakes.

use crate::moment;
use crate::text::{self, Token};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// More than this is no brake: the default one is 50.
pub const TURNS_MAX: u64 = 10_000;
/// More than this is no brake: the default one is 8 hours.
pub const TIME_MAX_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The bounds that a condition contains. Of several of one kind the strictest counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Stop after so many turns.
    #[serde(default)]
    pub turns: Option<u32>,
    /// Stop after so much time, counted from when the goal is set.
    #[serde(default)]
    pub time_ms: Option<i64>,
    /// Begin no turn before this moment.
    #[serde(default)]
    pub not_before_ms: Option<i64>,
    /// Where they stand in the condition, in order.
    #[serde(default)]
    pub found: Vec<Found>,
    /// What looks like a bound and is none, to be said when the goal is set.
    #[serde(default)]
    pub doubtful: Vec<Doubtful>,
}

/// A clause that was taken, as bytes of the condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub kind: BoundKind,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundKind {
    Turns,
    Time,
    NotBefore,
}

/// A clause that was not taken, and why (a sentence with the way out).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubtful {
    pub start: usize,
    pub end: usize,
    pub why: String,
}

/// What a clause says.
enum Amount {
    Turns(u64),
    TimeMs(i64),
    /// Counted in something that nobody counts.
    Other(String),
}

/// One clause as it was read: how many tokens it takes and what it says.
struct Clause {
    used: usize,
    amounts: Vec<Amount>,
}

impl Bounds {
    /// Reads a condition; times of day are meant from `now_ms` on, in `zone`.
    pub fn parse(condition: &str, now_ms: i64, zone: &TimeZone) -> Bounds {
        let tokens = text::tokens(condition);
        let mut reader = Reader { line: condition, tokens: &tokens, bounds: Bounds::default() };
        let mut at = 0;
        while at < tokens.len() {
            let used = match reader.quoted(at) {
                true => 0,
                false => {
                    reader.limit(at).or_else(|| reader.not_before(at, now_ms, zone)).unwrap_or(0)
                }
            };
            at += used.max(1);
        }
        reader.bounds
    }
}

struct Reader<'a> {
    line: &'a str,
    tokens: &'a [Token<'a>],
    bounds: Bounds,
}

impl Reader<'_> {
    /// "or stop after 20 turns", "or after 2 hours". Gives how many tokens it has dealt with.
    fn limit(&mut self, at: usize) -> Option<usize> {
        let tokens = &self.tokens[at..];
        let with_or = usize::from(tokens.first()?.is("or"));
        let verb = stopping_verb(&tokens[with_or..]);
        if !tokens.get(with_or + verb)?.is("after") || with_or + verb == 0 {
            return None;
        }
        let clause = read_amounts(tokens, with_or + verb + 1)?;
        let begins = with_or == 1 || self.clause_begins(at);
        let unclear_or = verb == 0 && self.follows_a_length(at);
        if !begins || unclear_or || !self.clause_ends(at + clause.used) {
            let why = "it is part of a sentence about something else; to stop there, put \
                       \"or stop after …\" at the end of the condition";
            self.doubt(at, clause.used, why.to_owned());
            return Some(clause.used);
        }
        for amount in &clause.amounts {
            match take(&mut self.bounds, amount) {
                Ok(kind) => self.find(kind, at, clause.used),
                Err(why) => self.doubt(at, clause.used, why),
            }
        }
        Some(clause.used)
    }

    /// "not before tomorrow 9am"
    fn not_before(&mut self, at: usize, now_ms: i64, zone: &TimeZone) -> Option<usize> {
        let tokens = &self.tokens[at..];
        let begins = tokens.first()?.is("not") && tokens.get(1)?.is("before");
        if !begins {
            return None;
        }
        let (moment, used) = moment::read(&tokens[2..], now_ms, zone)?;
        let used = used + 2;
        let moment_ms = match moment {
            Ok(_) if !self.clause_ends(at + used) => {
                let why =
                    "more follows after the time; to wait for it, put \"not before …\" at the end";
                self.doubt(at, used, why.to_owned());
                return Some(used);
            }
            Ok(moment_ms) => moment_ms,
            Err(why) => {
                self.doubt(at, used, why);
                return Some(used);
            }
        };
        let latest = self.bounds.not_before_ms.map_or(moment_ms, |other| other.max(moment_ms));
        self.bounds.not_before_ms = Some(latest);
        self.find(BoundKind::NotBefore, at, used);
        Some(used)
    }

    fn find(&mut self, kind: BoundKind, at: usize, used: usize) {
        let (start, end) = self.span(at, used);
        self.bounds.found.push(Found { kind, start, end });
    }

    fn doubt(&mut self, at: usize, used: usize, why: String) {
        let (start, end) = self.span(at, used);
        let why = format!("\"{}\" is not taken as a bound: {why}", &self.line[start..end]);
        self.bounds.doubtful.push(Doubtful { start, end, why });
    }

    fn span(&self, at: usize, used: usize) -> (usize, usize) {
        (self.tokens[at].range.start, self.tokens[at + used - 1].range.end)
    }

    /// Inside double quotes or backticks somebody else speaks.
    fn quoted(&self, at: usize) -> bool {
        let before = &self.line[..self.tokens[at].range.start];
        let odd = |quote: char| before.matches(quote).count() % 2 == 1;
        odd('"') || odd('`') || before.matches('“').count() > before.matches('”').count()
    }

    fn clause_begins(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).map(|before| &self.tokens[before]) else {
            return true;
        };
        before.is_any(&[",", ";", ".", ":", "(", "-", "–", "—", "!", "but"])
            || self.line[before.range.end..self.tokens[at].range.start].contains('\n')
    }

    fn clause_ends(&self, at: usize) -> bool {
        let Some(next) = self.tokens.get(at) else { return true };
        next.is_any(&[",", ";", ".", ":", ")", "–", "—", "!", "or", "and", "but", "whichever"])
            || self.line[self.tokens[at - 1].range.end..next.range.start].contains('\n')
    }

    /// "after 1 hour or after 2 hours": the second is no bound unless the first is.
    fn follows_a_length(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).map(|before| &self.tokens[before]) else {
            return false;
        };
        let a_bound = self.bounds.found.iter().any(|found| found.end == before.range.end);
        let a_length = text::interval(std::slice::from_ref(before)).is_some()
            || text::spelled_out(before.text)
            || before.is_any(&["turn", "turns"]);
        a_length && !a_bound
    }
}

/// How many tokens a verb of stopping takes, none when there is none.
fn stopping_verb(tokens: &[Token<'_>]) -> usize {
    let is = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| token.is_any(words));
    if is(0, &["stop", "quit", "abort"]) {
        return 1;
    }
    if is(0, &["give"]) && is(1, &["up"]) { 2 } else { 0 }
}

/// "20 turns", "2 hours", and further ones joined by "or".
fn read_amounts(tokens: &[Token<'_>], start: usize) -> Option<Clause> {
    let (first, mut used) = amount(&tokens[start..])?;
    used += start;
    let mut amounts = vec![first];
    while tokens.get(used).is_some_and(|token| token.is("or")) {
        let after = usize::from(tokens.get(used + 1).is_some_and(|token| token.is("after")));
        let Some((next, more)) = amount(&tokens[used + 1 + after..]) else { break };
        amounts.push(next);
        used += 1 + after + more;
    }
    Some(Clause { used, amounts })
}

fn amount(tokens: &[Token<'_>]) -> Option<(Amount, usize)> {
    if let Some((interval, used)) = text::interval(tokens) {
        let ms = interval.seconds().saturating_mul(1000);
        return Some((Amount::TimeMs(i64::try_from(ms).unwrap_or(i64::MAX)), used));
    }
    let count = text::count(tokens.first()?)?;
    let what = tokens.get(1)?;
    if what.is_any(&["turn", "turns"]) {
        return Some((Amount::Turns(count), 2));
    }
    let counted =
        ["iteration", "iterations", "round", "rounds", "attempt", "attempts", "tries", "steps"];
    what.is_any(&counted).then(|| (Amount::Other(what.text.to_owned()), 2))
}

fn take(bounds: &mut Bounds, amount: &Amount) -> Result<BoundKind, String> {
    match amount {
        Amount::Turns(0) | Amount::TimeMs(0) => {
            Err("it would stop before it begins; write a number above 0".to_owned())
        }
        Amount::Turns(turns) => {
            let most = format!("more than {TURNS_MAX} turns are no brake; write fewer");
            let turns = u32::try_from(*turns).ok().filter(|turns| u64::from(*turns) <= TURNS_MAX);
            let turns = turns.ok_or(most)?;
            bounds.turns = Some(bounds.turns.map_or(turns, |other| other.min(turns)));
            Ok(BoundKind::Turns)
        }
        Amount::TimeMs(ms) if *ms > TIME_MAX_MS => {
            Err("more than 30 days are no brake; write less".to_owned())
        }
        Amount::TimeMs(ms) => {
            bounds.time_ms = Some(bounds.time_ms.map_or(*ms, |other| other.min(*ms)));
            Ok(BoundKind::Time)
        }
        Amount::Other(what) => {
            Err(format!("nobody counts {what} here; write turns, hours or minutes"))
        }
    }
}
