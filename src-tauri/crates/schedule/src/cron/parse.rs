//! From text to expression: the strict grammar of L5 and nothing beside it.
//!
//! Promise: what is not understood is refused with its place and the way out, never guessed at.

use super::Cron;
use super::calendar::Calendar;
use super::field::{Field, Fields, Values};
use super::refusal::{CronRefusal, Why};
use std::sync::Arc;

/// The longest sensible list names every minute; nothing that is longer can mean more.
const EXPRESSION_MAX_BYTES: usize = 256;
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

type Parsed<T> = Result<T, CronRefusal>;

/// A piece of the expression and where it begins, as a column from 1.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    column: usize,
}

impl<'a> Piece<'a> {
    fn refuse(self, field: Field, why: Why) -> CronRefusal {
        CronRefusal { field: Some(field), column: self.column, why }
    }

    /// The pieces between the separators, each with its own column.
    fn split(self, separator: char) -> impl Iterator<Item = Piece<'a>> {
        let mut column = self.column;
        self.text.split(separator).map(move |text| {
            let piece = Piece { text, column };
            column += text.chars().count() + 1;
            piece
        })
    }

    fn split_once(self, separator: char) -> Option<(Piece<'a>, Piece<'a>)> {
        let (before, after) = self.text.split_once(separator)?;
        let column = self.column + before.chars().count() + 1;
        Some((Piece { text: before, column: self.column }, Piece { text: after, column }))
    }
}

pub(super) fn parse(text: &str) -> Parsed<Cron> {
    let pieces = fields_of(text)?;
    let mut fields = [Values::default(); 5];
    for ((field, piece), values) in Field::ALL.into_iter().zip(&pieces).zip(&mut fields) {
        *values = parse_field(field, *piece)?;
    }
    let text = pieces.iter().map(|piece| piece.text).collect::<Vec<_>>().join(" ");
    let [minutes, hours, days, months, mut weekdays] = fields;
    if weekdays.contains(7) {
        weekdays.remove(7);
        weekdays.insert(0);
    }
    let fields = Fields { minutes, hours, days, months, weekdays };
    if !fields.can_match() {
        return Err(pieces[2].refuse(Field::DayOfMonth, Why::NeverMatches));
    }
    let calendar = Calendar::new(&fields).map_err(|e| {
        let why = Why::Calendar { text: text.clone(), reason: e.to_string() };
        CronRefusal { field: None, column: 1, why }
    })?;
    Ok(Cron { text, fields, calendar: Arc::new(calendar) })
}

/// Exactly five words, or the reason why not.
fn fields_of(text: &str) -> Parsed<[Piece<'_>; 5]> {
    let whole = |column, why| CronRefusal { field: None, column, why };
    if text.len() > EXPRESSION_MAX_BYTES {
        return Err(whole(1, Why::TooLong { most_bytes: EXPRESSION_MAX_BYTES }));
    }
    let pieces = words(text);
    let Some(first) = pieces.first() else { return Err(whole(1, Why::Empty)) };
    if first.text.starts_with('@') {
        let name = first.text.to_owned();
        let known = NICKNAMES.iter().find(|(nickname, _)| nickname.eq_ignore_ascii_case(&name));
        let instead = known.map(|(_, instead)| *instead);
        return Err(whole(first.column, Why::Nickname { name, instead }));
    }
    let count = pieces.len();
    let beyond = pieces.get(5).or(pieces.last()).map_or(1, |piece| piece.column);
    pieces.try_into().map_err(|_| whole(beyond, Why::FieldCount(count)))
}

fn words(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for (index, (at, sign)) in text.char_indices().enumerate() {
        match (sign.is_whitespace(), open) {
            (true, Some((start, column))) => {
                pieces.push(Piece { text: &text[start..at], column });
                open = None;
            }
            (false, None) => open = Some((at, index + 1)),
            _ => {}
        }
    }
    if let Some((start, column)) = open {
        pieces.push(Piece { text: &text[start..], column });
    }
    pieces
}

fn parse_field(field: Field, piece: Piece<'_>) -> Parsed<Values> {
    refuse_foreign_signs(field, piece)?;
    let mut values = Values::new(piece.text.starts_with('*'));
    for item in piece.split(',') {
        let (from, to, step) = parse_item(field, item)?;
        for value in (from..=to).step_by(usize::from(step)) {
            values.insert(value);
        }
    }
    Ok(values)
}

/// Names, `L W ? #` and everything else that some cron understands and this one does not.
fn refuse_foreign_signs(field: Field, piece: Piece<'_>) -> Parsed<()> {
    let foreign = |sign: char| !sign.is_ascii_digit() && !"*,-/".contains(sign);
    let Some((index, (at, sign))) =
        piece.text.char_indices().enumerate().find(|(_, (_, sign))| foreign(*sign))
    else {
        return Ok(());
    };
    let here = Piece { text: &piece.text[at..], column: piece.column + index };
    let word: String = here.text.chars().take_while(|sign| sign.is_alphabetic()).collect();
    let why = match (sign, word.to_ascii_uppercase().as_str()) {
        ('?', _) => Why::Question,
        ('#', _) | (_, "L" | "W" | "LW" | "WL") => Why::Special(sign),
        (_, upper) => match number_of_name(field, upper) {
            Some(number) => Why::Name { name: word, number },
            None => Why::Character(sign),
        },
    };
    Err(here.refuse(field, why))
}

fn number_of_name(field: Field, upper: &str) -> Option<u8> {
    let (names, first): (&[&str], u8) = match field {
        Field::Month => (&MONTHS, 1),
        Field::DayOfWeek => (&WEEKDAYS, 0),
        Field::Minute | Field::Hour | Field::DayOfMonth => return None,
    };
    let index = names.iter().position(|name| upper.starts_with(name))?;
    u8::try_from(index).ok().map(|index| index + first)
}

/// First value, last value and step of one item of a list.
fn parse_item(field: Field, item: Piece<'_>) -> Parsed<(u8, u8, u8)> {
    let (low, high) = field.bounds();
    let (base, step) = match item.split_once('/') {
        Some((base, step)) => (base, Some(step)),
        None => (item, None),
    };
    let (from, to) = if base.text == "*" {
        (low, high)
    } else if let Some((from, to)) = base.split_once('-') {
        let (first, last) = (number(field, from)?, number(field, to)?);
        if first > last {
            return Err(base.refuse(field, Why::Backwards { from: first, to: last }));
        }
        (first, last)
    } else {
        let value = number(field, base)?;
        if let Some(step) = step {
            let step = step.text.to_owned();
            return Err(item.refuse(field, Why::StepOfNothing { start: value, step }));
        }
        (value, value)
    };
    let step = step.map_or(Ok(1), |step| parse_step(field, step))?;
    Ok((from, to, step))
}

fn parse_step(field: Field, step: Piece<'_>) -> Parsed<u8> {
    let (_, high) = field.bounds();
    if step.text.is_empty() || !step.text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(step.refuse(field, Why::StepNotNumber));
    }
    match step.text.parse::<u8>() {
        Ok(0) => Err(step.refuse(field, Why::StepZero)),
        Ok(number) if number <= high => Ok(number),
        _ => {
            let written = step.text.to_owned();
            Err(step.refuse(field, Why::StepTooLarge { written, most: high }))
        }
    }
}

fn number(field: Field, piece: Piece<'_>) -> Parsed<u8> {
    let (low, high) = field.bounds();
    if piece.text.is_empty() {
        return Err(piece.refuse(field, Why::EmptyItem));
    }
    // Only `*`, `-` and `/` can still be in here: signs out of place.
    if let Some((index, sign)) =
        piece.text.chars().enumerate().find(|(_, sign)| !sign.is_ascii_digit())
    {
        let here = Piece { text: piece.text, column: piece.column + index };
        return Err(here.refuse(field, Why::Character(sign)));
    }
    match piece.text.parse::<u8>() {
        Ok(value) if (low..=high).contains(&value) => Ok(value),
        _ => {
            let written = piece.text.to_owned();
            Err(piece.refuse(field, Why::OutOfBounds { written, low, high }))
        }
    }
}
