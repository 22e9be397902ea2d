//! The words of a command as a shell makes them, where it makes no more of them than words.
//!
//! Promise: what is more than words, quotes, variables and signs between commands is not understood: no substitution,
//! pattern, redirection, comment or group.
//! Must not know: what the words mean.

/// A word of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    pub text: String,
    /// A variable stands in it.
    pub open: bool,
    /// `$@` stands in it: the words that git adds.
    pub added: bool,
    /// The shell takes its first character as it is.
    pub quoted: bool,
}

impl Word {
    /// Only what it says.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.is_fixed() && self.text == text
    }

    pub(crate) fn is_fixed(&self) -> bool {
        !self.open && !self.added
    }
}

/// The commands of a list or pipeline, in words as a shell makes them. None for all that is more than words, quotes
/// and what stands between commands.
pub(crate) fn commands(text: &str, quotes_may_hold_percent: bool) -> Option<Vec<Vec<Word>>> {
    let mut commands = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    let mut word: Option<Word> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '|' | '&' | ';' => {
                let doubled = rest.next_if_eq(&c).is_some();
                words.extend(word.take());
                // A single `&` leaves a command running; `;;` and nothing before a sign are no list.
                if (c == '&') != doubled && c != '|' || words.is_empty() {
                    return None;
                }
                commands.push(std::mem::take(&mut words));
            }
            '\'' | '"' => {
                let fresh = Word { quoted: true, ..Word::default() };
                let word = word.get_or_insert(fresh);
                quoted(c, &mut rest, word, quotes_may_hold_percent)?;
            }
            '$' => {
                variable(&mut rest, word.get_or_insert_default())?;
            }
            '[' | ']' => {
                let alone =
                    word.is_none() && rest.peek().is_none_or(|next| " \t;&|".contains(*next));
                alone.then(|| word.get_or_insert_default().text.push(c))?;
            }
            '~' if word.is_some() => return None,
            _ if c.is_alphanumeric() || "_@%+=:,./^-~".contains(c) => {
                word.get_or_insert_default().text.push(c);
            }
            _ => return None,
        }
    }
    words.extend(word);
    if !words.is_empty() {
        commands.push(words);
    }
    Some(commands)
}

/// Up to the end of the quotes.
fn quoted(
    quote: char,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    word: &mut Word,
    may_hold_percent: bool,
) -> Option<()> {
    loop {
        match rest.next()? {
            c if c == quote => return Some(()),
            '%' if !may_hold_percent => return None,
            '\n' => return None,
            '$' if quote == '"' => {
                variable(rest, word)?;
            }
            '`' if quote == '"' => return None,
            '\\' if quote == '"' => {
                // Before any other character it is itself.
                if rest.peek().is_none_or(|next| "$`\"\\\n".contains(*next)) {
                    return None;
                }
                word.text.push('\\');
            }
            c => word.text.push(c),
        }
    }
}

/// `$name`, `${name}`, `$1`, `$@`: what is behind the sign.
fn variable(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut Word) -> Option<()> {
    let of_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    if rest.next_if_eq(&'@').is_some() {
        word.added = true;
        return Some(());
    }
    word.open = true;
    let braced = rest.next_if_eq(&'{').is_some();
    let mut length = 0;
    while rest.next_if(of_name).is_some() {
        length += 1;
    }
    let ended = !braced || rest.next_if_eq(&'}').is_some();
    (length > 0 && ended).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Option<Vec<Vec<String>>> {
        let words = |words: Vec<Word>| words.into_iter().map(|word| word.text).collect();
        commands(text, false).map(|commands| commands.into_iter().map(words).collect())
    }

    #[test]
    fn words_and_commands_are_as_a_shell_makes_them() {
        let of = |commands: &[&[&str]]| {
            let owned = |words: &&[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            Some(commands.iter().map(owned).collect::<Vec<Vec<String>>>())
        };
        assert_eq!(texts("a  b\tc"), of(&[&["a", "b", "c"]]));
        assert_eq!(texts("a 'b c'\"d\"e ''"), of(&[&["a", "b cde", ""]]));
        assert_eq!(texts("a|b&&c||d;e;"), of(&[&["a"], &["b"], &["c"], &["d"], &["e"]]));
        assert_eq!(texts("a \"\\n\" \"$x\""), of(&[&["a", "\\n", ""]]));
        assert_eq!(texts(""), of(&[]));
        let odd = [
            "a &",
            "a;;b",
            "|a",
            "a (b)",
            "a `b`",
            "a $(b)",
            "a ${b:-c}",
            "a $",
            "a 'b",
            "a >b",
            "a #b",
            "*",
            "{a,b}",
            "a\nb",
        ];
        for text in odd {
            assert_eq!(texts(text), None, "{text}");
        }
    }
}
