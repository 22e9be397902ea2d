//! The hash of a definition: the content that decides what runs.
//!
//! Promises: comments, order of keys, ways of writing a value, `description` and `outcome.notify` do not change it;
//! everything else does. It does not depend on the version of Nightshift, so an update asks for no new consent.

use super::front;
use ring::digest::{Context, SHA256};
use toml_edit::{Item, TableLike, Value};

/// What only people read, or what only decides who is told.
const WITHOUT_EFFECT: [&str; 2] = ["description", "outcome.notify"];

/// SHA-256 in 64 small hexadecimal digits. None: the text is no definition.
pub fn hash(text: &str) -> Option<String> {
    let parts = front::parts(text).ok()?;
    let document = toml_edit::Document::parse(&text[parts.front]).ok()?;
    let mut context = Context::new(&SHA256);
    put_table(&mut context, document.as_table(), "");
    put(&mut context, b'P', text[parts.prompt].replace("\r\n", "\n").trim().as_bytes());
    let digest = context.finish();
    Some(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Kind, length, bytes: no two contents give the same bytes.
fn put(context: &mut Context, kind: u8, bytes: &[u8]) {
    context.update(&[kind]);
    context.update(&(bytes.len() as u64).to_be_bytes());
    context.update(bytes);
}

fn put_table(context: &mut Context, table: &dyn TableLike, path: &str) {
    let full =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let mut keys: Vec<(&str, &Item)> =
        table.iter().filter(|(name, _)| !WITHOUT_EFFECT.contains(&full(name).as_str())).collect();
    keys.sort_by_key(|(name, _)| *name);
    put(context, b'T', &(keys.len() as u64).to_be_bytes());
    for (name, item) in keys {
        put(context, b'K', name.as_bytes());
        put_item(context, item, &full(name));
    }
}

fn put_item(context: &mut Context, item: &Item, path: &str) {
    if let Some(table) = item.as_table_like() {
        return put_table(context, table, path);
    }
    if let Some(tables) = item.as_array_of_tables() {
        put(context, b'A', &(tables.len() as u64).to_be_bytes());
        tables.iter().for_each(|table| put_table(context, table, path));
    } else if let Some(value) = item.as_value() {
        put_value(context, value, path);
    }
}

fn put_value(context: &mut Context, value: &Value, path: &str) {
    match value {
        Value::String(text) => put(context, b'S', text.value().as_bytes()),
        Value::Integer(number) => put(context, b'I', &number.value().to_be_bytes()),
        Value::Float(number) => put(context, b'F', &number.value().to_bits().to_be_bytes()),
        Value::Boolean(yes) => put(context, b'B', &[u8::from(*yes.value())]),
        Value::Datetime(time) => put(context, b'D', time.value().to_string().as_bytes()),
        Value::Array(array) => {
            put(context, b'A', &(array.len() as u64).to_be_bytes());
            array.iter().for_each(|value| put_value(context, value, path));
        }
        Value::InlineTable(table) => put_table(context, table, path),
    }
}
