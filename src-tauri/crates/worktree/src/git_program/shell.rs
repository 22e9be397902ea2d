//! What a shell would put in a command's text before it looks at the words.
//!
//! Promise: the commands inside a text are found in any depth, and a name that the text itself sets is replaced
//! by its value. What is left out is only what no text of one line needs (arithmetic, patterns of `${x%y}`).
//! Must not know: what the words mean.

/// How often names are replaced: a value may name another one, and one that names itself must end.
const VARIABLE_ROUNDS: usize = 4;
/// The longest text that names are replaced in. Values that double themselves end here.
const EXPANDED_MAX_BYTES: usize = 64 * 1024;

/// The text with `mark` where a command says what is there, and the commands themselves.
pub fn without_substitutions(text: &str, mark: char) -> (String, Vec<String>) {
    let (mut plain, mut commands) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some((before, length, inner)) = next(rest) {
        plain.push_str(before);
        plain.push(mark);
        let (inner, deeper) = without_substitutions(inner, mark);
        commands.push(inner);
        commands.extend(deeper);
        rest = &rest[before.len() + length..];
    }
    plain.push_str(rest);
    (plain, commands)
}

/// The next `$(…)` or `` `…` ``: what is before it, how long it is, and the command. One without an end goes to
/// the end of the text.
fn next(text: &str) -> Option<(&str, usize, &str)> {
    let at = text.find(['`', '$']).and_then(|first| {
        text[first..]
            .char_indices()
            .map(|(offset, _)| first + offset)
            .find(|at| text[*at..].starts_with('`') || text[*at..].starts_with("$("))
    })?;
    let from = &text[at..];
    if let Some(inner) = from.strip_prefix('`') {
        let end = inner.find('`').unwrap_or(inner.len());
        return Some((&text[..at], from.len().min(end + 2), &inner[..end]));
    }
    let inner = &from[2..];
    let mut depth = 1_usize;
    for (end, c) in inner.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], end + 3, &inner[..end]));
        }
    }
    Some((&text[..at], from.len(), inner))
}

/// The text with the names that it sets itself replaced by their values, and without quotes around values.
pub fn with_variables(text: &str) -> String {
    // A value in quotes belongs to its name.
    let mut text = text.replace("=\"", "=").replace("='", "=");
    for _ in 0..VARIABLE_ROUNDS {
        let mut replaced = text.clone();
        for (name, value) in set_in(&text) {
            replaced = replaced.replace(&format!("${{{name}}}"), &value);
            replaced = with_value(&replaced, &name, &value);
        }
        if replaced == text || replaced.len() > EXPANDED_MAX_BYTES {
            return text;
        }
        text = replaced;
    }
    text
}

/// Every name that the text sets, but for those that hold more than one place.
fn set_in(text: &str) -> Vec<(String, String)> {
    let ends = |c: char| c.is_whitespace() || ";|&()\"'".contains(c);
    let words = text.split(ends).filter_map(|word| word.split_once('='));
    let is_name = |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.is_empty()
            && name.chars().all(is_of_name)
            && name != "PATH"
    };
    let mut set: Vec<(String, String)> = words
        .filter(|(name, value)| is_name(name) && !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    set.dedup();
    set
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// `$name` replaced, where the name ends there.
fn with_value(text: &str, name: &str, value: &str) -> String {
    let (mut replaced, mut rest) = (String::new(), text);
    let wanted = format!("${name}");
    while let Some(at) = rest.find(&wanted) {
        let after = &rest[at + wanted.len()..];
        replaced.push_str(&rest[..at]);
        replaced.push_str(if after.starts_with(is_of_name) { &wanted } else { value });
        rest = after;
    }
    replaced + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_inside_a_text_are_found_in_any_depth() {
        let of = |text: &str| without_substitutions(text, '#');
        assert_eq!(
            of("a $(b $(c)) `d`"),
            ("a # #".into(), vec!["b #".into(), "c".into(), "d".into()])
        );
        assert_eq!(of("$HOME $(a"), ("$HOME #".into(), vec!["a".into()]));
        assert_eq!(of("`a"), ("#".into(), vec!["a".into()]));
        assert_eq!(of("$"), ("$".into(), Vec::new()));
        assert_eq!(of("ä$(ö)ü`"), ("ä#ü#".into(), vec!["ö".into(), String::new()]));
    }

    #[test]
    fn names_that_a_text_sets_are_replaced() {
        assert_eq!(with_variables("a=b; $a/c ${a}d $ab"), "a=b; b/c bd $ab");
        assert_eq!(with_variables("a=b c=\"$a/x\"; $c"), "a=b c=b/x\"; b/x");
        assert_eq!(with_variables("PATH=x:$PATH y"), "PATH=x:$PATH y");
        let doubling = format!("a=$a$a; {}", "x ".repeat(30_000));
        assert!(with_variables(&doubling).len() <= EXPANDED_MAX_BYTES);
    }
}
