//! Changes single keys of the file's text.
//!
//! Promise: comments, order and everything else stay as they were written; a text that could not be
//! read afterwards is refused, with its place.

use crate::{Remark, parse};
use serde_json::Value as Json;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

/// Deeper than any key of the file.
const DEPTH_MAX: usize = 8;

/// Why a key cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text as it is cannot be read; it has to be mended by hand first.
    #[error("{0}")]
    Unreadable(Remark),
    /// With the new value it could not be read.
    #[error("{0}")]
    Wrong(Remark),
    #[error("`{0}` is no key that can be set")]
    Key(String),
}

/// `text` with the key at `path` set to `value`; none takes it out, and tables left empty with it.
pub fn edit(text: &str, path: &[&str], value: Option<&Json>) -> Result<String, EditError> {
    parse(text).map_err(EditError::Unreadable)?;
    let mut document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| {
        EditError::Unreadable(Remark::at_span(text, e.span(), e.message()))
    })?;
    let wrong_key = || EditError::Key(path.join("."));
    let (last, tables) = path.split_last().ok_or_else(wrong_key)?;
    if path.len() > DEPTH_MAX || path.iter().any(|part| part.is_empty()) {
        return Err(wrong_key());
    }
    match value {
        Some(value) => {
            let new = toml(value).ok_or_else(wrong_key)?;
            let table = opened(document.as_table_mut(), tables).ok_or_else(wrong_key)?;
            put(table, last, new);
        }
        None => take(document.as_table_mut(), tables, last),
    }
    let edited = document.to_string();
    parse(&edited).map_err(EditError::Wrong)?;
    Ok(edited)
}

/// The table that `path` leads to, made on the way where it is not there.
fn opened<'a>(
    mut table: &'a mut dyn toml_edit::TableLike,
    path: &[&str],
) -> Option<&'a mut dyn toml_edit::TableLike> {
    for name in path {
        if table.get(name).is_none_or(Item::is_none) {
            let mut made = Table::new();
            // Only tables with keys of their own get a head.
            made.set_implicit(true);
            table.insert(name, Item::Table(made));
        }
        table = table.get_mut(name)?.as_table_like_mut()?;
    }
    Some(table)
}

/// Keeps the comment that stands behind the old value.
fn put(table: &mut dyn toml_edit::TableLike, name: &str, mut new: Value) {
    if let Some(Item::Value(old)) = table.get_mut(name) {
        *new.decor_mut() = old.decor().clone();
        *old = new;
        return;
    }
    table.insert(name, Item::Value(new));
}

fn take(table: &mut dyn toml_edit::TableLike, path: &[&str], last: &str) {
    let Some((first, rest)) = path.split_first() else {
        table.remove(last);
        return;
    };
    let Some(inner) = table.get_mut(first).and_then(Item::as_table_like_mut) else { return };
    take(inner, rest, last);
    if inner.is_empty() {
        table.remove(first);
    }
}

/// None where TOML has no such value.
fn toml(value: &Json) -> Option<Value> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEXT: &str = "\
# my settings
[defaults]
agent = \"claude\"   # the good one

# keys of mine
[keys]
\"session.pin\" = \"Ctrl+P\"
";

    #[test]
    fn a_key_is_set_and_the_rest_stays_as_it_was_written() {
        let cases = [
            (
                &["defaults", "agent"][..],
                Some(json!("codex")),
                TEXT.replace("\"claude\" ", "\"codex\" "),
            ),
            (
                &["keys", "session.pin"],
                Some(json!(["Ctrl+P", "F3"])),
                TEXT.replace("\"Ctrl+P\"", "[\"Ctrl+P\", \"F3\"]"),
            ),
            (
                &["appearance", "theme"],
                Some(json!("dark")),
                format!("{TEXT}\n[appearance]\ntheme = \"dark\"\n"),
            ),
            (
                &["keys", "session.pin"],
                None,
                TEXT.split("\n# keys").next().unwrap_or_default().to_owned(),
            ),
            (&["life", "retire_after_s"], None, TEXT.to_owned()),
        ];
        for (path, value, expected) in cases {
            assert_eq!(edit(TEXT, path, value.as_ref()).unwrap(), expected, "{path:?} {value:?}");
        }
        assert_eq!(
            edit("", &["terminal", "font_size"], Some(&json!(14))).unwrap(),
            "[terminal]\nfont_size = 14\n"
        );
    }

    #[test]
    fn what_could_not_be_read_is_refused() {
        let wrong = edit(TEXT, &["life", "retire_after_s"], Some(&json!("soon"))).unwrap_err();
        assert!(
            matches!(&wrong, EditError::Wrong(remark) if remark.message.contains("u64")),
            "{wrong}"
        );
        let broken = edit("[defaults\n", &["defaults", "agent"], Some(&json!("a"))).unwrap_err();
        assert!(matches!(&broken, EditError::Unreadable(remark) if remark.line == 1), "{broken}");
        for path in [&[][..], &[""], &["defaults", "agent", "deeper"]] {
            let error = edit(TEXT, path, Some(&json!(1))).unwrap_err();
            assert!(matches!(error, EditError::Key(_)), "{path:?}: {error}");
        }
        assert!(edit(TEXT, &["defaults", "agent"], Some(&Json::Null)).is_err());
    }
}
