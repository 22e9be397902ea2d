//! Changes single keys of a file's text, and its prompt.
//!
//! Promise: comments, order and everything else stay as they were written; an edit that would bring a mistake is
//! refused with its place. A file that has mistakes already can be mended key by key.

use super::front::{self, FENCE, Parts};
use super::{Problem, Zones, parse};
use serde_json::Value as Json;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// Deeper than any key of the file.
const DEPTH_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text as it is has no settings that can be read; it has to be mended by hand first.
    #[error("{0}")]
    Unreadable(Problem),
    /// With the new value there would be these mistakes, at least one.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Wrong(Vec<Problem>),
    #[error("`{0}` is no key that can be set")]
    Key(String),
}

/// `text` with the key at `path` set to `value`; none takes it out, and tables left empty with it. A number in
/// `path` is the place in a list of tables: `["trigger", "0", "schedule"]`; the place after the last adds one.
pub fn edit(
    text: &str,
    path: &[&str],
    value: Option<&Json>,
    zones: Zones<'_>,
) -> Result<String, EditError> {
    let parts = front::parts(text).map_err(EditError::Unreadable)?;
    let front = &text[parts.front.clone()];
    let mut document: DocumentMut = front.parse().map_err(|error: toml_edit::TomlError| {
        let at = parts.front.start + error.span().map_or(0, |span| span.start);
        EditError::Unreadable(Problem::at(text, at, error.message()))
    })?;
    let wrong_key = || EditError::Key(path.join("."));
    let (last, tables) = path.split_last().ok_or_else(wrong_key)?;
    if path.len() > DEPTH_MAX || path.iter().any(|part| part.is_empty()) {
        return Err(wrong_key());
    }
    match value {
        Some(value) => set(document.as_table_mut(), tables, last, value).ok_or_else(wrong_key)?,
        None => take(document.as_table_mut(), tables, last),
    }
    let edited = assembled(text, &parts, &document.to_string(), &text[parts.prompt.clone()]);
    checked(text, edited, zones)
}

/// `text` with another prompt.
pub fn set_prompt(text: &str, prompt: &str, zones: Zones<'_>) -> Result<String, EditError> {
    let parts = front::parts(text).map_err(EditError::Unreadable)?;
    let prompt = format!("{}\n", prompt.trim());
    let edited = assembled(text, &parts, &text[parts.front.clone()], &prompt);
    checked(text, edited, zones)
}

fn assembled(text: &str, parts: &Parts, front: &str, prompt: &str) -> String {
    let opening = &text[..parts.front.start];
    let closing = &text[parts.front.end..parts.prompt.start];
    let closing = if closing.ends_with('\n') { closing.to_owned() } else { format!("{FENCE}\n") };
    let gap = if front.is_empty() || front.ends_with('\n') { "" } else { "\n" };
    format!("{opening}{front}{gap}{closing}{prompt}")
}

/// No mistake may be new.
fn checked(before: &str, edited: String, zones: Zones<'_>) -> Result<String, EditError> {
    let Err(problems) = parse(&edited, zones) else { return Ok(edited) };
    let had = parse(before, zones).err().unwrap_or_default();
    let new = |problem: &Problem| !had.iter().any(|old| old.message == problem.message);
    let new: Vec<Problem> = problems.into_iter().filter(new).collect();
    if new.is_empty() { Ok(edited) } else { Err(EditError::Wrong(new)) }
}

fn set(table: &mut dyn TableLike, path: &[&str], last: &str, value: &Json) -> Option<()> {
    let Some((first, rest)) = path.split_first() else {
        return put(table, last, value);
    };
    if table.get(first).is_none_or(Item::is_none) {
        let next = rest.first().copied().unwrap_or(last);
        let made = match next.parse::<usize>() {
            Ok(_) => Item::ArrayOfTables(ArrayOfTables::new()),
            Err(_) => {
                let mut made = Table::new();
                // Only tables with keys of their own get a head.
                made.set_implicit(true);
                Item::Table(made)
            }
        };
        table.insert(first, made);
    }
    let item = table.get_mut(first)?;
    if item.is_array_of_tables() || item.is_array() {
        return set_in_list(item, rest, last, value);
    }
    set(item.as_table_like_mut()?, rest, last, value)
}

/// `path` and `last` begin with a place in the list.
fn set_in_list(item: &mut Item, path: &[&str], last: &str, value: &Json) -> Option<()> {
    let Some((place, rest)) = path.split_first() else {
        return put_in_list(item, last.parse().ok()?, value);
    };
    let place: usize = place.parse().ok()?;
    match item {
        Item::ArrayOfTables(tables) => set(tables.get_mut(place)?, rest, last, value),
        Item::Value(Value::Array(array)) => {
            set(array.get_mut(place)?.as_inline_table_mut()?, rest, last, value)
        }
        _ => None,
    }
}

fn put_in_list(item: &mut Item, place: usize, value: &Json) -> Option<()> {
    match item {
        Item::ArrayOfTables(tables) => {
            let Value::InlineTable(new) = toml(value)? else { return None };
            let mut new = new.into_table();
            new.set_implicit(false);
            if place == tables.len() {
                tables.push(new);
                return Some(());
            }
            let old = tables.get_mut(place)?;
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        Item::Value(Value::Array(array)) => match array.len() {
            len if place < len => {
                array.replace(place, toml(value)?);
            }
            len if place == len => array.push(toml(value)?),
            _ => return None,
        },
        _ => return None,
    }
    Some(())
}

/// Keeps the comment that stands behind the old value.
fn put(table: &mut dyn TableLike, name: &str, value: &Json) -> Option<()> {
    let mut new = toml(value)?;
    match table.get_mut(name) {
        Some(Item::Value(old)) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        Some(item) if item.is_table() => {
            let Value::InlineTable(new) = new else { return None };
            *item = Item::Table(new.into_table());
        }
        Some(item) if !item.is_none() => return None,
        _ => {
            table.insert(name, Item::Value(new));
        }
    }
    Some(())
}

fn take(table: &mut dyn TableLike, path: &[&str], last: &str) {
    let Some((first, rest)) = path.split_first() else {
        table.remove(last);
        return;
    };
    let Some(item) = table.get_mut(first) else { return };
    let empty = match item {
        Item::ArrayOfTables(tables) => {
            match (rest.split_first(), rest.first().copied().unwrap_or(last).parse::<usize>()) {
                (None, Ok(place)) if place < tables.len() => {
                    tables.remove(place);
                }
                (Some((_, rest)), Ok(place)) => {
                    if let Some(inner) = tables.get_mut(place) {
                        take(inner, rest, last);
                    }
                }
                _ => {}
            }
            tables.is_empty()
        }
        Item::Value(Value::Array(array)) => {
            if let Ok(place) = last.parse::<usize>()
                && rest.is_empty()
                && place < array.len()
            {
                array.remove(place);
            }
            false
        }
        other => {
            let Some(inner) = other.as_table_like_mut() else { return };
            take(inner, rest, last);
            inner.is_empty()
        }
    };
    if empty {
        table.remove(first);
    }
}

/// None where TOML has no such value.
pub(super) fn toml(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(yes) => Value::from(*yes),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::from(whole),
            None => Value::from(number.as_f64()?),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(all) => Value::Array(all.iter().map(toml).collect::<Option<Array>>()?),
        Json::Object(fields) => {
            let mut table = InlineTable::new();
            for (name, field) in fields {
                table.insert(name, toml(field)?);
            }
            Value::InlineTable(table)
        }
    })
}
