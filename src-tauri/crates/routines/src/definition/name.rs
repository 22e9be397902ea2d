//! Names of routines: what can be a file's name on every system and one word of a command line.

use super::limits::NAME_MAX_CHARS;

/// How ids of routines begin; a name must not look like one.
pub const ID_PREFIX: &str = "trig_";

/// Small letters, digits, `-` and `_`; begins with a letter or digit. So no two names differ by case alone, none
/// is an option of a command, and none has a path or an extension in it. The error is one sentence.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a routine needs a name".to_owned());
    }
    if name.chars().count() > NAME_MAX_CHARS {
        return Err(format!("a routine's name has at most {NAME_MAX_CHARS} characters"));
    }
    if name.starts_with(ID_PREFIX) {
        return Err(format!("`{ID_PREFIX}` begins ids, not names; choose another name"));
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if let Some(wrong) = name.chars().find(|&c| !(fits(c) || matches!(c, '-' | '_'))) {
        return Err(format!(
            "{wrong:?} cannot be in a routine's name; use small letters, digits, `-` and `_`"
        ));
    }
    if !name.starts_with(fits) {
        return Err("a routine's name begins with a small letter or a digit".to_owned());
    }
    Ok(())
}

/// The name of the routine that a file defines. None: the file is none of ours (hidden, of an editor, another kind).
pub fn name_of_file(file: &str) -> Option<&str> {
    file.strip_suffix(".md").filter(|name| !name.is_empty() && !name.starts_with('.'))
}
