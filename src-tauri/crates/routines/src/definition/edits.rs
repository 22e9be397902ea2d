//! Several keys of a file at once, as a form changes them.
//!
//! Promise: all of them are set or none; each mistake names the key that brought it. The order of the edits does not
//! matter: one that needs another is set after it.

use super::edit::{EditError, edit, set_prompt};
use super::front::FENCE;
use super::{Problem, Zones, parse};
use serde_json::Value as Json;

/// The path of the text below the settings.
pub const PROMPT: &str = "prompt";

/// One key and its new value; none takes it out.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    pub path: Vec<String>,
    pub value: Option<Json>,
}

/// A mistake, and the key that brought it; no key where it belongs to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub path: Vec<String>,
    pub problem: Problem,
}

/// `text` with all edits; an empty text is a new file. `check` finds what else is wrong with the whole.
pub fn edit_all(
    text: &str,
    edits: &[Edit],
    zones: Zones<'_>,
    check: impl Fn(&str) -> Vec<Problem>,
) -> Result<String, Vec<Wrong>> {
    let mut text = match text.is_empty() {
        true => format!("{FENCE}\n{FENCE}\n"),
        false => text.to_owned(),
    };
    let mut left: Vec<&Edit> = edits.iter().collect();
    let mut wrong = Vec::new();
    loop {
        let before = left.len();
        wrong.clear();
        left.retain(|one| match apply(&text, one, zones) {
            Ok(edited) => {
                text = edited;
                false
            }
            Err(problems) => {
                wrong.extend(
                    problems.into_iter().map(|it| Wrong { path: one.path.clone(), problem: it }),
                );
                true
            }
        });
        if left.is_empty() || left.len() == before {
            break;
        }
    }
    if wrong.is_empty() {
        let mut problems = parse(&text, zones).err().unwrap_or_default();
        if problems.is_empty() {
            problems = check(&text);
        }
        wrong = problems
            .into_iter()
            .map(|problem| Wrong { path: path_of(&text, edits, &problem), problem })
            .collect();
    }
    if wrong.is_empty() { Ok(text) } else { Err(wrong) }
}

fn apply(text: &str, one: &Edit, zones: Zones<'_>) -> Result<String, Vec<Problem>> {
    let edited = match (one.path.as_slice(), &one.value) {
        ([only], value) if only == PROMPT => {
            set_prompt(text, value.as_ref().and_then(Json::as_str).unwrap_or_default(), zones)
        }
        (path, value) => {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            edit(text, &path, value.as_ref(), zones)
        }
    };
    edited.map_err(|error| match error {
        EditError::Wrong(problems) => problems,
        EditError::Unreadable(problem) => vec![problem],
        EditError::Key(_) => vec![Problem { line: 1, column: 1, message: error.to_string() }],
    })
}

/// The edit whose key stands where the mistake is; a mistake below the settings is the prompt's.
fn path_of(text: &str, edits: &[Edit], problem: &Problem) -> Vec<String> {
    let fences = text.lines().enumerate().filter(|(_, line)| line.trim_end() == FENCE).nth(1);
    if fences.is_some_and(|(at, _)| problem.line > at) {
        return vec![PROMPT.to_owned()];
    }
    let line = text.lines().nth(problem.line.saturating_sub(1)).unwrap_or_default();
    let here: String = line.chars().skip(problem.column.saturating_sub(1)).collect();
    let named = |edit: &&Edit| {
        edit.path
            .last()
            .is_some_and(|key| here.starts_with(key.as_str()) || line.starts_with(key.as_str()))
    };
    edits.iter().find(named).map(|edit| edit.path.clone()).unwrap_or_default()
}
