//! Typed reading of one table, with a problem for each thing that is not as it should be.
//!
//! Promise: whatever is wrong is told with its place, and reading goes on; a key that nobody asked for is a
//! problem that names the nearest one.

use super::problem::{Report, Span};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use toml_edit::{Item, TableLike, Value};

/// Names that differ by more are not what was meant.
const NEAR: f64 = 0.7;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub value: T,
    pub span: Span,
}

/// One table and which of its keys were asked for.
pub(crate) struct Fields<'a> {
    pub report: &'a Report<'a>,
    table: &'a dyn TableLike,
    /// Its name with a dot behind it; nothing for the root.
    path: String,
    pub span: Span,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    pub fn new(
        report: &'a Report<'a>,
        table: &'a dyn TableLike,
        name: &str,
        span: Span,
    ) -> Fields<'a> {
        let path = if name.is_empty() { String::new() } else { format!("{name}.") };
        Fields { report, table, path, span, known: RefCell::default() }
    }

    pub fn item(&self, key: &'static str) -> Option<At<&'a Item>> {
        self.known.borrow_mut().push(key);
        let (written, item) = self.table.get_key_value(key)?;
        (!item.is_none()).then(|| At { value: item, span: item.span().or_else(|| written.span()) })
    }

    pub fn item_is_there(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(|item| !item.is_none())
    }

    /// Where the key stands.
    pub fn key_span(&self, key: &str) -> Span {
        self.table
            .get_key_value(key)
            .and_then(|(written, _)| written.span())
            .or_else(|| self.span.clone())
    }

    pub fn say(&self, span: &Span, message: impl Into<String>) {
        self.report.say(span, message);
    }

    fn wrong_type(&self, key: &str, found: &At<&Item>, wanted: &str) {
        let path = &self.path;
        self.say(
            &found.span,
            format!("`{path}{key}` is {}; it must be {wanted}", kind_of(found.value)),
        );
    }

    /// Text that is not empty.
    pub fn text(&self, key: &'static str, max_chars: usize) -> Option<At<String>> {
        let found = self.item(key)?;
        let Some(text) = found.value.as_str() else {
            self.wrong_type(key, &found, "a text in quotes");
            return None;
        };
        self.bounded(key, text, found.span, max_chars)
    }

    fn bounded(&self, key: &str, text: &str, span: Span, max_chars: usize) -> Option<At<String>> {
        let path = &self.path;
        if text.trim().is_empty() {
            self.say(&span, format!("`{path}{key}` is empty; write something, or remove the key"));
            return None;
        }
        if text.chars().count() > max_chars {
            self.say(
                &span,
                format!("`{path}{key}` is longer than {max_chars} characters; shorten it"),
            );
            return None;
        }
        if text.contains('\0') {
            self.say(&span, format!("`{path}{key}` holds a NUL character; remove it"));
            return None;
        }
        Some(At { value: text.to_owned(), span })
    }

    /// Text on one line.
    pub fn line(&self, key: &'static str, max_chars: usize) -> Option<At<String>> {
        let found = self.text(key, max_chars)?;
        if found.value.chars().any(char::is_control) {
            let path = &self.path;
            self.say(
                &found.span,
                format!("`{path}{key}` must be one line without control characters"),
            );
            return None;
        }
        Some(found)
    }

    /// One of a list of words.
    pub fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let found = self.item(key)?;
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let Some(text) = found.value.as_str() else {
            self.wrong_type(key, &found, &format!("one of {}", quoted(&names)));
            return None;
        };
        let known = words.iter().find(|(word, _)| *word == text);
        if known.is_none() {
            let path = &self.path;
            let message = format!(
                "`{text}` is nothing that `{path}{key}` can be; write one of {}",
                quoted(&names)
            );
            self.say(&found.span, message);
        }
        known.map(|(_, value)| *value)
    }

    pub fn flag(&self, key: &'static str) -> Option<bool> {
        let found = self.item(key)?;
        let flag = found.value.as_bool();
        if flag.is_none() {
            self.wrong_type(key, &found, "true or false");
        }
        flag
    }

    pub fn whole(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let found = self.item(key)?;
        let Some(number) = found.value.as_integer() else {
            self.wrong_type(key, &found, "a whole number");
            return None;
        };
        let fits = u32::try_from(number).ok().filter(|number| range.contains(number));
        if fits.is_none() {
            let (path, low, high) = (&self.path, range.start(), range.end());
            self.say(
                &found.span,
                format!("`{path}{key}` is {number}; it must be between {low} and {high}"),
            );
        }
        fits
    }

    /// A whole number or one with a point.
    pub fn number(&self, key: &'static str) -> Option<At<f64>> {
        let found = self.item(key)?;
        let number = found.value.as_float().or_else(|| found.value.as_integer().map(|n| n as f64));
        if number.is_none() {
            self.wrong_type(key, &found, "a number");
        }
        number.map(|value| At { value, span: found.span })
    }

    /// Texts, none of them empty.
    pub fn texts(
        &self,
        key: &'static str,
        max: usize,
        max_chars: usize,
    ) -> Option<Vec<At<String>>> {
        let found = self.item(key)?;
        let Some(array) = found.value.as_array() else {
            self.wrong_type(key, &found, "a list of texts: [\"…\", \"…\"]");
            return None;
        };
        let path = &self.path;
        if array.len() > max {
            self.say(
                &found.span,
                format!("`{path}{key}` has {} entries; {max} are possible", array.len()),
            );
            return None;
        }
        let mut texts = Vec::new();
        for value in array {
            match value.as_str() {
                Some(text) => texts.extend(self.bounded(key, text, value.span(), max_chars)),
                None => self.say(
                    &value.span(),
                    format!("an entry of `{path}{key}` is no text; put it in quotes"),
                ),
            }
        }
        Some(texts)
    }

    /// A table of ours.
    pub fn table(&self, key: &'static str) -> Option<Fields<'a>> {
        let found = self.item(key)?;
        let Some(table) = found.value.as_table_like() else {
            self.wrong_type(key, &found, "a table");
            return None;
        };
        let span = found.span.or_else(|| self.key_span(key));
        Some(Fields::new(self.report, table, &format!("{}{key}", self.path), span))
    }

    /// A table whose keys are the user's; the values are texts.
    pub fn map(
        &self,
        key: &'static str,
        max: usize,
        max_chars: usize,
    ) -> BTreeMap<String, At<String>> {
        let Some(inner) = self.table(key) else { return BTreeMap::new() };
        let path = &self.path;
        if inner.table.len() > max {
            self.say(&inner.span, format!("`{path}{key}` has more than {max} entries"));
            return BTreeMap::new();
        }
        let mut map = BTreeMap::new();
        for (name, item) in inner.table.iter() {
            let span = item.span().or_else(|| inner.key_span(name));
            let text = match item.as_value() {
                Some(Value::String(text)) => text.value().to_owned(),
                Some(Value::Integer(number)) => number.value().to_string(),
                Some(Value::Boolean(yes)) => yes.value().to_string(),
                _ => {
                    self.say(&span, format!("`{path}{key}.{name}` must be a text in quotes"));
                    continue;
                }
            };
            if text.chars().count() > max_chars || text.contains('\0') {
                let message = format!(
                    "`{path}{key}.{name}` must have at most {max_chars} characters and no NUL"
                );
                self.say(&span, message);
                continue;
            }
            map.insert(name.to_owned(), At { value: text, span });
        }
        map
    }

    /// Tables in a list, written as `[[key]]` or as `key = [{…}]`.
    pub fn tables(&self, key: &'static str, max: usize) -> Vec<Fields<'a>> {
        let Some(found) = self.item(key) else { return Vec::new() };
        let name = format!("{}{key}", self.path);
        let inner =
            |table: &'a dyn TableLike, span: Span| Fields::new(self.report, table, &name, span);
        let mut all: Vec<Fields<'a>> = Vec::new();
        if let Some(tables) = found.value.as_array_of_tables() {
            all.extend(tables.iter().map(|table| inner(table, table.span())));
        } else if let Some(array) = found.value.as_array() {
            for value in array {
                match value.as_inline_table() {
                    Some(table) => all.push(inner(table, value.span())),
                    None => self
                        .say(&value.span(), format!("an entry of `{name}` is no table: {{ … }}")),
                }
            }
        } else {
            self.wrong_type(key, &found, &format!("a list of tables: [[{name}]]"));
        }
        if all.len() > max {
            self.say(
                &found.span,
                format!("`{name}` is there {} times; {max} are possible", all.len()),
            );
            all.truncate(max);
        }
        all
    }

    /// Tells what nobody asked for. The last call of every reader.
    pub fn done(&self) {
        let known = self.known.borrow();
        for (name, _) in self.table.iter() {
            if !known.contains(&name) {
                let path = &self.path;
                let hint = match nearest(name, &known) {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None => format!("; known are {}", quoted(&known)),
                };
                self.say(&self.key_span(name), format!("`{path}{name}` is not known{hint}"));
            }
        }
    }
}

/// The name that was probably meant.
pub(super) fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let near = |other: &&str| strsim::normalized_damerau_levenshtein(name, other);
    let best = known.iter().copied().max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(&best) >= NEAR || best.starts_with(name) || name.starts_with(best)).then_some(best)
}

pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn kind_of(item: &Item) -> &'static str {
    match item {
        Item::Value(Value::String(_)) => "a text",
        Item::Value(Value::Integer(_) | Value::Float(_)) => "a number",
        Item::Value(Value::Boolean(_)) => "true or false",
        Item::Value(Value::Datetime(_)) => "a date without quotes",
        Item::Value(Value::Array(_)) => "a list",
        Item::Value(Value::InlineTable(_)) | Item::Table(_) => "a table",
        Item::ArrayOfTables(_) => "a list of tables",
        Item::None => "nothing",
    }
}
