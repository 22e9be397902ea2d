//! Plain words for when a routine runs: "every weekday at 9", "hourly", "tomorrow at 14:30"; and a trigger in words.
//!
//! Promises: by rule, no guess: what is not understood is said, with the word at which it stops; the words of a trigger
//! that was made from words are read as the same trigger.
//! Must not know: clocks (now is an argument), definitions.

use crate::definition::{Trigger, duration, limits};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use nightshift_schedule::{Cron, Unit};

/// Why a phrase is not understood. One sentence each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    #[error("nothing is written; try \"every weekday at 9\"")]
    Empty,
    #[error(
        "`{0}` is not understood; try \"every weekday at 9\", \"every 2 hours\" or \"tomorrow at 14:30\""
    )]
    Word(String),
    #[error("a time of day is missing; add one, such as \"at 9:00\"")]
    TimeMissing,
    #[error("{0} has passed; write a later time")]
    Past(DateTime),
    #[error("`{0}` does not exist; correct it")]
    NoSuch(String),
    #[error("the time between runs must be between 1 minute and 366 days")]
    Interval,
    /// A cron expression that is none.
    #[error("{0}")]
    Cron(String),
}

/// Words with their commas and the like taken off.
struct Words<'a> {
    all: Vec<&'a str>,
    at: usize,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.all.get(self.at).copied()
    }

    fn take(&mut self, words: &[&str]) -> bool {
        let found = self.peek().is_some_and(|word| words.contains(&word));
        self.at += usize::from(found);
        found
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// What stops it here.
    fn stop(&self) -> PhraseError {
        self.peek().map_or(PhraseError::TimeMissing, |word| PhraseError::Word(word.to_owned()))
    }
}

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A whole phrase. `local` is now by the routine's clock.
pub fn read(phrase: &str, local: DateTime) -> Result<Trigger, PhraseError> {
    let lower = phrase.to_lowercase().replace(',', " ");
    let all: Vec<&str> = lower.split_whitespace().collect();
    if all.is_empty() {
        return Err(PhraseError::Empty);
    }
    let mut words = Words { all, at: 0 };
    let trigger = trigger(&mut words, local)?;
    match words.peek() {
        Some(word) => Err(PhraseError::Word(word.to_owned())),
        None => Ok(trigger),
    }
}

/// A phrase at the beginning of a line and what follows it: "every weekday at 9 triage new issues".
pub fn read_front(line: &str, local: DateTime) -> Result<(Trigger, &str), PhraseError> {
    let ends: Vec<usize> = line
        .char_indices()
        .filter(|(_, c)| c.is_whitespace())
        .map(|(at, _)| at)
        .chain([line.len()])
        .collect();
    // The longest phrase counts; no phrase has more words than these.
    let longest = ends.iter().take(PHRASE_MAX_WORDS).rev();
    let mut first = None;
    for end in longest {
        match read(line[..*end].trim_end_matches(SEPARATORS), local) {
            Ok(trigger) => return Ok((trigger, line[*end..].trim_start_matches(SEPARATORS))),
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    Err(first.unwrap_or(PhraseError::Empty))
}

/// What people write where a schedule is asked for, and what follows it: a cron expression, a time such as
/// `2026-12-01T09:00`, or a phrase.
pub fn read_schedule(line: &str, local: DateTime) -> Result<(Trigger, &str), PhraseError> {
    let line = line.trim_start();
    let first = line.split_whitespace().next().unwrap_or_default();
    let behind = |length: usize| line[length..].trim_start_matches(SEPARATORS);
    if first.len() >= "2026-12-01T09:00".len()
        && let Ok(moment) = first.parse::<DateTime>()
    {
        return Ok((at(moment, local)?, behind(first.len())));
    }
    let fields: Vec<&str> = line.split_whitespace().take(CRON_FIELDS).collect();
    let is_field = |text: &&str| text.chars().all(|c| c.is_ascii_digit() || "*/,-?".contains(c));
    if fields.len() == CRON_FIELDS && fields.iter().all(is_field) {
        let cron = fields.join(" ").parse::<Cron>();
        let cron = cron.map_err(|refusal| PhraseError::Cron(refusal.to_string()))?;
        return Ok((Trigger::Schedule { cron }, behind(end_of_words(line, CRON_FIELDS))));
    }
    read_front(line, local)
}

/// Where the first `count` words of a line end.
fn end_of_words(line: &str, count: usize) -> usize {
    let mut end = 0;
    for _ in 0..count {
        let rest = &line[end..];
        let begin = end + rest.len() - rest.trim_start().len();
        end = line[begin..].find(char::is_whitespace).map_or(line.len(), |length| begin + length);
    }
    end
}

/// Minute, hour, day of the month, month, day of the week.
const CRON_FIELDS: usize = 5;
/// What may stand between a schedule and what follows it.
const SEPARATORS: [char; 8] = [',', ':', ';', '.', ' ', '\t', '\n', '\r'];

/// "every monday and tuesday and … and sunday at 9 pm" and some spaces.
const PHRASE_MAX_WORDS: usize = 24;

fn trigger(words: &mut Words<'_>, local: DateTime) -> Result<Trigger, PhraseError> {
    if words.take(&["hourly"]) {
        return cron("0 * * * *");
    }
    if words.take(&["daily", "nightly"]) {
        return daily(words, "* * *");
    }
    if words.take(&["weekdays"]) {
        return daily(words, "* * 1-5");
    }
    if words.take(&["weekends"]) {
        return daily(words, "* * 0,6");
    }
    if words.take(&["every", "each"]) {
        return every(words);
    }
    if words.take(&["in"]) {
        return in_a_while(words, local);
    }
    if words.take(&["on"]) || words.peek().is_some_and(|word| weekday(word).is_some()) {
        return if words.peek().is_some_and(plural) { weekly(words) } else { once(words, local) };
    }
    if words.peek() == Some("the") || words.peek().is_some_and(|word| ordinal(word).is_some()) {
        return monthly(words);
    }
    once(words, local)
}

fn cron(text: &str) -> Result<Trigger, PhraseError> {
    let cron =
        text.parse::<Cron>().map_err(|refusal| PhraseError::NoSuch(refusal.why.to_string()))?;
    Ok(Trigger::Schedule { cron })
}

fn daily(words: &mut Words<'_>, days: &str) -> Result<Trigger, PhraseError> {
    let time = time_of_day(words)?;
    cron(&format!("{} {} {days}", time.minute(), time.hour()))
}

/// After "every".
fn every(words: &mut Words<'_>) -> Result<Trigger, PhraseError> {
    if words.take(&["day", "morning", "night", "evening"]) {
        return daily(words, "* * *");
    }
    if words.take(&["weekday", "workday"]) {
        return daily(words, "* * 1-5");
    }
    if words.take(&["weekend"]) {
        return daily(words, "* * 0,6");
    }
    if words.peek().is_some_and(|word| weekday(word).is_some()) {
        return weekly(words);
    }
    if words.take(&["month"]) {
        return if words.take(&["on"]) { monthly(words) } else { Err(words.stop()) };
    }
    let (count, unit) = length(words)?;
    let ms = milliseconds(count, unit)?;
    match (count, unit) {
        (1, Unit::Hour) => cron("0 * * * *"),
        (1, Unit::Day) => daily(words, "* * *"),
        _ if !(limits::EVERY_MIN_MS..=limits::EVERY_MAX_MS).contains(&ms) => {
            Err(PhraseError::Interval)
        }
        _ => Ok(Trigger::Every { period_ms: ms }),
    }
}

/// "2 hours", "an hour", "hour", "90m".
fn length(words: &mut Words<'_>) -> Result<(u64, Unit), PhraseError> {
    let Some(word) = words.next() else { return Err(PhraseError::TimeMissing) };
    let unknown = || PhraseError::Word(word.to_owned());
    if let Some(unit) = spelled(word) {
        return Ok((1, unit));
    }
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && digits < word.len() {
        let ms = duration::read(word).ok_or_else(unknown)?;
        return Ok((u64::try_from(ms / 1_000).unwrap_or(0), Unit::Second));
    }
    let count = count(word).ok_or_else(unknown)?;
    let unit = words.peek().and_then(spelled).ok_or_else(|| words.stop())?;
    words.at += 1;
    Ok((count, unit))
}

fn spelled(word: &str) -> Option<Unit> {
    Unit::of_word(word).filter(|_| word.len() > 1)
}

fn count(word: &str) -> Option<u64> {
    const WORDS: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    if matches!(word, "a" | "an") {
        return Some(1);
    }
    let spelled = WORDS.iter().position(|name| *name == word).map(|place| place as u64 + 1);
    spelled.or_else(|| word.parse().ok())
}

fn milliseconds(count: u64, unit: Unit) -> Result<i64, PhraseError> {
    let ms = count.checked_mul(unit.seconds()).and_then(|seconds| seconds.checked_mul(1_000));
    ms.and_then(|ms| i64::try_from(ms).ok()).ok_or(PhraseError::Interval)
}

/// "monday and thursday at 18:00".
fn weekly(words: &mut Words<'_>) -> Result<Trigger, PhraseError> {
    let mut days = Vec::new();
    while let Some(day) = words.peek().and_then(weekday) {
        days.push(day);
        words.at += 1;
        words.take(&["and"]);
    }
    if days.is_empty() {
        return Err(words.stop());
    }
    days.sort_unstable();
    days.dedup();
    let days: Vec<String> = days.iter().map(usize::to_string).collect();
    daily(words, &format!("* * {}", days.join(",")))
}

/// By name, by three letters, or in the plural.
fn weekday(word: &str) -> Option<usize> {
    let one = word.strip_suffix('s').filter(|one| WEEKDAYS.contains(one)).unwrap_or(word);
    WEEKDAYS.iter().position(|name| *name == one || name[..3] == *one)
}

fn plural(word: &str) -> bool {
    word.strip_suffix('s').is_some_and(|one| WEEKDAYS.contains(&one))
}

/// "the first of the month at 8", "1st of each month at 8", after "every month on" only "the 1st".
fn monthly(words: &mut Words<'_>) -> Result<Trigger, PhraseError> {
    words.take(&["the"]);
    let Some(day) = words.peek().and_then(ordinal) else { return Err(words.stop()) };
    let written = words.next().unwrap_or_default();
    if !(1..=31).contains(&day) {
        return Err(PhraseError::NoSuch(written.to_owned()));
    }
    if words.take(&["of"]) {
        words.take(&["the", "each", "every"]);
        if !words.take(&["month"]) {
            return Err(words.stop());
        }
    }
    daily(words, &format!("{day} * *"))
}

fn ordinal(word: &str) -> Option<u8> {
    const WORDS: [&str; 10] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth",
    ];
    if let Some(place) = WORDS.iter().position(|name| *name == word) {
        return u8::try_from(place + 1).ok();
    }
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (number, ending) = word.split_at(digits);
    matches!(ending, "st" | "nd" | "rd" | "th").then(|| number.parse().ok())?
}

fn in_a_while(words: &mut Words<'_>, local: DateTime) -> Result<Trigger, PhraseError> {
    let (count, unit) = length(words)?;
    let ms = milliseconds(count, unit)?;
    if ms > limits::EVERY_MAX_MS {
        return Err(PhraseError::Interval);
    }
    let at = local.checked_add(ms.milliseconds()).map_err(|_| PhraseError::Interval)?;
    // Whole minutes, never earlier than asked.
    let whole =
        at.with().second(0).subsec_nanosecond(0).build().map_err(|_| PhraseError::Interval)?;
    let at = if whole < at { whole.saturating_add(1.minute()) } else { whole };
    Ok(Trigger::At { at })
}

/// "tomorrow at 14:30", "today at 18", "monday at 9", "2026-12-01 at 9", "1 december at 9", "at 14:30".
fn once(words: &mut Words<'_>, local: DateTime) -> Result<Trigger, PhraseError> {
    let today = local.date();
    let late = || PhraseError::NoSuch("that day".to_owned());
    if words.take(&["today", "tonight"]) {
        return at(today.to_datetime(time_of_day(words)?), local);
    }
    if words.take(&["tomorrow"]) {
        let day = today.tomorrow().map_err(|_| late())?;
        return at(day.to_datetime(time_of_day(words)?), local);
    }
    if let Some(day) = words.peek().and_then(weekday) {
        words.at += 1;
        let time = time_of_day(words)?;
        let from = i64::from(today.weekday().to_sunday_zero_offset());
        let ahead = (i64::try_from(day).unwrap_or(0) - from).rem_euclid(7);
        let moment = today.checked_add(ahead.days()).map_err(|_| late())?.to_datetime(time);
        let passed = moment <= local;
        return at(
            if passed { moment.checked_add(1.week()).map_err(|_| late())? } else { moment },
            local,
        );
    }
    if let Some(day) = date(words, today)? {
        return at(day.to_datetime(time_of_day(words)?), local);
    }
    if words.peek() != Some("at") {
        return Err(words.stop());
    }
    let moment = today.to_datetime(time_of_day(words)?);
    at(
        if moment <= local { moment.checked_add(1.day()).map_err(|_| late())? } else { moment },
        local,
    )
}

fn at(moment: DateTime, local: DateTime) -> Result<Trigger, PhraseError> {
    if moment <= local { Err(PhraseError::Past(moment)) } else { Ok(Trigger::At { at: moment }) }
}

/// `2026-12-01`, "1 december", "december 1st".
fn date(words: &mut Words<'_>, today: Date) -> Result<Option<Date>, PhraseError> {
    let Some(word) = words.peek() else { return Ok(None) };
    let parts: Vec<&str> = word.split('-').collect();
    if parts.len() == 3 && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) {
        words.at += 1;
        let day = word.parse::<Date>().map_err(|_| PhraseError::NoSuch(word.to_owned()))?;
        return Ok(Some(day));
    }
    let number = |word: &str| word.parse::<u8>().ok().or_else(|| ordinal(word));
    let month = |word: &str| MONTHS.iter().position(|name| *name == word || name[..3] == *word);
    let next = words.all.get(words.at + 1).copied().unwrap_or_default();
    let (day, month) = match (number(word), month(next), month(word), number(next)) {
        (Some(day), Some(month), _, _) | (_, _, Some(month), Some(day)) => (day, month),
        _ => return Ok(None),
    };
    words.at += 2;
    let no_such = || PhraseError::NoSuch(format!("{word} {next}"));
    let (day, month) = (
        i8::try_from(day).map_err(|_| no_such())?,
        i8::try_from(month + 1).map_err(|_| no_such())?,
    );
    let of = |year: i16| Date::new(year, month, day).ok();
    let coming = of(today.year()).filter(|date| *date >= today);
    // The 29th of February is at most eight years away.
    let date = coming.or_else(|| (1..=8).find_map(|years| of(today.year().saturating_add(years))));
    date.map(Some).ok_or_else(no_such)
}

/// "at 9", "at 9:30", "14:30", "6pm", "6 pm", "noon", "midnight". A bare number needs "at".
fn time_of_day(words: &mut Words<'_>) -> Result<Time, PhraseError> {
    let named = words.take(&["at"]);
    let Some(word) = words.peek() else { return Err(PhraseError::TimeMissing) };
    if words.take(&["noon"]) {
        return Ok(Time::constant(12, 0, 0, 0));
    }
    if words.take(&["midnight"]) {
        return Ok(Time::midnight());
    }
    let joined = word.strip_suffix("am").map(|rest| (rest, Some(false)));
    let joined = joined.or_else(|| word.strip_suffix("pm").map(|rest| (rest, Some(true))));
    let (clock, mut half) = joined.unwrap_or((word, None));
    let (hour, minute) =
        clock.split_once(':').map_or((clock, None), |(hour, minute)| (hour, Some(minute)));
    let two =
        |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let plain = two(hour) && minute.is_none_or(|minute| two(minute) && minute.len() == 2);
    if !plain || (!named && minute.is_none() && half.is_none()) {
        return Err(if named { PhraseError::Word(word.to_owned()) } else { words.stop() });
    }
    words.at += 1;
    if half.is_none() {
        half = if words.take(&["am"]) { Some(false) } else { words.take(&["pm"]).then_some(true) };
    }
    let no_such = || PhraseError::NoSuch(word.to_owned());
    let hour: i8 = hour.parse().map_err(|_| no_such())?;
    let minute: i8 = minute.unwrap_or("0").parse().map_err(|_| no_such())?;
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return Err(no_such()),
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    Time::new(hour, minute, 0, 0).map_err(|_| no_such())
}

/// A trigger in plain words; an expression for which there are none is itself.
pub fn words(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Schedule { cron } => said(cron),
        Trigger::Every { period_ms } => format!("every {}", duration::write(*period_ms)),
        Trigger::At { at } => format!("on {} at {:02}:{:02}", at.date(), at.hour(), at.minute()),
        Trigger::Api => "when its address is called".to_owned(),
        Trigger::Github(github) => {
            let events: Vec<String> = github.events.iter().map(ToString::to_string).collect();
            format!("on {} in {}", events.join(", "), github.repository)
        }
    }
}

/// What is read here in the words that are read here; the rest as cron tasks say it.
fn said(cron: &Cron) -> String {
    let fields: Vec<&str> = cron.as_str().split(' ').collect();
    let [minute, hour, day, month, weekdays] = fields[..] else { return cron.words() };
    if cron.as_str() == "0 * * * *" {
        return "hourly".to_owned();
    }
    let number = |text: &str| text.parse::<u8>().ok();
    let (Some(minute), Some(hour), "*") = (number(minute), number(hour), month) else {
        return cron.words();
    };
    let at = format!("at {hour:02}:{minute:02}");
    match (day, weekdays) {
        ("*", "*") => format!("every day {at}"),
        ("*", "1-5") => format!("every weekday {at}"),
        ("*", "0,6") => format!("every weekend {at}"),
        ("*", days) => {
            let names: Option<Vec<&str>> = days
                .split(',')
                .map(|day| WEEKDAYS.get(usize::from(number(day)?)).copied())
                .collect();
            match names {
                Some(names) => format!("every {} {at}", names.join(" and ")),
                None => cron.words(),
            }
        }
        (day, "*") => match number(day) {
            Some(day) => format!("the {day}{} of the month {at}", ending(day)),
            None => cron.words(),
        },
        _ => cron.words(),
    }
}

fn ending(day: u8) -> &'static str {
    match (day % 10, day / 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}
