//! Filters of a GitHub trigger: one field, one comparison. All of a trigger must match.
//!
//! Promises: texts are compared as they are, letter by letter, except logins and repositories, whose case GitHub
//! ignores; `matches` means the whole text; an expression cannot take long or much memory.

use crate::definition::{At, Fields, limits};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Memory of one compiled expression; more is only needed by expressions that multiply themselves.
const REGEX_MAX_BYTES: usize = 256 * 1024;
/// Depth of groups in an expression.
const REGEX_MAX_NEST: u32 = 50;

/// What of an event is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The login of whoever made it.
    Author,
    Title,
    Body,
    /// The branch that a pull request goes into, or that was pushed.
    Base,
    /// The branch that a pull request comes from.
    Head,
    Labels,
    Draft,
    Merged,
}

const FIELDS: [(&str, Field); 8] = [
    ("author", Field::Author),
    ("title", Field::Title),
    ("body", Field::Body),
    ("base", Field::Base),
    ("head", Field::Head),
    ("labels", Field::Labels),
    ("draft", Field::Draft),
    ("merged", Field::Merged),
];

impl Field {
    pub fn name(self) -> &'static str {
        FIELDS.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }

    fn is_flag(self) -> bool {
        matches!(self, Field::Draft | Field::Merged)
    }
}

/// A comparison with its value. For labels: whether any label compares so (`not_one_of`: none does).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "value", rename_all = "snake_case")]
pub enum Test {
    /// Of `draft` and `merged`.
    Flag(bool),
    Equals(String),
    Contains(String),
    StartsWith(String),
    OneOf(Vec<String>),
    NotOneOf(Vec<String>),
    /// The whole text, by the `regex` crate; it was compiled when the definition was read.
    Matches(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub field: Field,
    #[serde(flatten)]
    pub test: Test,
}

#[derive(Clone, Copy)]
enum Operator {
    Equals,
    Contains,
    StartsWith,
    OneOf,
    NotOneOf,
    Matches,
}

const OPERATORS: [(&str, Operator); 6] = [
    ("equals", Operator::Equals),
    ("contains", Operator::Contains),
    ("starts_with", Operator::StartsWith),
    ("one_of", Operator::OneOf),
    ("not_one_of", Operator::NotOneOf),
    ("matches", Operator::Matches),
];

impl Test {
    pub fn operator(&self) -> &'static str {
        match self {
            Test::Flag(_) | Test::Equals(_) => "equals",
            Test::Contains(_) => "contains",
            Test::StartsWith(_) => "starts_with",
            Test::OneOf(_) => "one_of",
            Test::NotOneOf(_) => "not_one_of",
            Test::Matches(_) => "matches",
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.field.name(), self.test.operator())?;
        match &self.test {
            Test::Flag(yes) => write!(f, "{yes}"),
            Test::Equals(text)
            | Test::Contains(text)
            | Test::StartsWith(text)
            | Test::Matches(text) => {
                write!(f, "{text:?}")
            }
            Test::OneOf(texts) | Test::NotOneOf(texts) => write!(f, "{texts:?}"),
        }
    }
}

/// Compiled for the whole text, with bounded size.
pub fn full_match(expression: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!(r"\A(?:{expression})\z"))
        .size_limit(REGEX_MAX_BYTES)
        .dfa_size_limit(REGEX_MAX_BYTES)
        .nest_limit(REGEX_MAX_NEST)
        .build()
}

pub(crate) fn read_filter(fields: &Fields<'_>) -> Option<Filter> {
    let field = fields.word("field", &FIELDS);
    let operator = fields.word("is", &OPERATORS);
    for key in ["field", "is", "value"] {
        if fields.item(key).is_none() {
            let message = format!(
                "a filter needs `{key}`: {{ field = \"labels\", is = \"one_of\", value = [\"x\"] }}"
            );
            fields.say(&fields.span, message);
        }
    }
    let filter = match (field, operator) {
        (Some(field), Some(operator)) if field.is_flag() => flag(fields, field, operator),
        (Some(field), Some(operator)) => test(fields, operator).map(|test| Filter { field, test }),
        _ => {
            fields.item("value");
            None
        }
    };
    fields.done();
    filter
}

fn flag(fields: &Fields<'_>, field: Field, operator: Operator) -> Option<Filter> {
    if !matches!(operator, Operator::Equals) {
        let message = format!("`{}` is true or false; only `equals` compares it", field.name());
        fields.say(&fields.key_span("is"), message);
        fields.item("value");
        return None;
    }
    Some(Filter { field, test: Test::Flag(fields.flag("value")?) })
}

fn test(fields: &Fields<'_>, operator: Operator) -> Option<Test> {
    let most = limits::FILTER_VALUE_MAX_CHARS;
    if matches!(operator, Operator::OneOf | Operator::NotOneOf) {
        let texts = fields.texts("value", limits::FILTER_VALUES_MAX, most)?;
        if texts.is_empty() {
            fields.say(
                &fields.key_span("value"),
                "the list is empty; write the values to compare with",
            );
            return None;
        }
        let texts = texts.into_iter().map(|text| text.value).collect();
        return Some(match operator {
            Operator::OneOf => Test::OneOf(texts),
            _ => Test::NotOneOf(texts),
        });
    }
    let At { value, span } = fields.text("value", most)?;
    Some(match operator {
        Operator::Equals => Test::Equals(value),
        Operator::Contains => Test::Contains(value),
        Operator::StartsWith => Test::StartsWith(value),
        _ => {
            if let Err(error) = compiled_alone(&value) {
                fields.say(&span, format!("the expression cannot be used: {error}"));
                return None;
            }
            Test::Matches(value)
        }
    })
}

/// By itself first, so that `)|(` does not compile just because of what is put around it.
fn compiled_alone(expression: &str) -> Result<(), String> {
    let said = |error: regex::Error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        last.trim().trim_start_matches("error: ").to_owned()
    };
    let alone = RegexBuilder::new(expression)
        .size_limit(REGEX_MAX_BYTES)
        .nest_limit(REGEX_MAX_NEST)
        .build();
    alone.map_err(said)?;
    full_match(expression).map(|_| ()).map_err(said)
}
