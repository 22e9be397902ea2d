//! Why a monitor is over, in words for the agent and the user.

use super::flood::LINES_PER_S;
use super::lines::cut;

/// Words of a program that go into one sentence.
const LAST_WORDS_MAX_BYTES: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The command ended; no code means a signal.
    Exited {
        code: Option<i32>,
        last_words: String,
    },
    /// The server closed the connection, with a code and a reason where it gave them.
    Closed {
        by: Option<String>,
    },
    Stopped,
    Deadline {
        after_ms: u64,
    },
    /// Output came too fast; how many lines of it are not told.
    Flood {
        left_out: u64,
    },
    Failed {
        why: String,
    },
}

impl Ending {
    pub fn words(&self) -> String {
        match self {
            Ending::Exited { code, last_words } => {
                let how = match code {
                    Some(code) => format!("the command ended with exit code {code}"),
                    None => "the command was ended by a signal".to_owned(),
                };
                match last_words.as_str() {
                    "" => how,
                    words => format!("{how}; on stderr: {}", cut(words, LAST_WORDS_MAX_BYTES)),
                }
            }
            Ending::Closed { by: Some(by) } => {
                format!("the server closed the connection: {}", by.trim())
            }
            Ending::Closed { by: None } => "the connection was closed".to_owned(),
            Ending::Stopped => "it was stopped".to_owned(),
            Ending::Deadline { after_ms } => {
                format!("its time was over (timeout_ms {after_ms})")
            }
            Ending::Flood { left_out } => format!(
                "its output was a flood (more than {LINES_PER_S} lines a second) and it was \
                 stopped; {left_out} lines that had come are left out. Filter the output in the \
                 command and start it again"
            ),
            Ending::Failed { why } => format!("it failed: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_says_what_happened() {
        let exited = |code, words: &str| Ending::Exited { code, last_words: words.into() };
        for (ending, expected) in [
            (exited(Some(0), ""), "the command ended with exit code 0"),
            (exited(Some(2), "no"), "the command ended with exit code 2; on stderr: no"),
            (exited(None, ""), "the command was ended by a signal"),
            (Ending::Closed { by: Some("1000 ".into()) }, "the server closed the connection: 1000"),
            (Ending::Deadline { after_ms: 1_000 }, "its time was over (timeout_ms 1000)"),
        ] {
            assert_eq!(ending.words(), expected);
        }
        let flood = Ending::Flood { left_out: 7 }.words();
        assert!(flood.contains("100 lines a second") && flood.contains("7 lines"), "{flood}");
    }
}
