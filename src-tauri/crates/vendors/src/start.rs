//! How a terminal agent is started: what follows its program on the command line.
//!
//! Promise: a conversation is resumed by the agent's own id or not at all.

use crate::registry::{AgentSpec, Protocol};

/// What one start is to bring about.
#[derive(Clone, Debug, Default)]
pub struct Start<'a> {
    /// The agent's own session id, when there is a conversation to go on with.
    pub resume: Option<&'a str>,
    pub prompt: Option<&'a str>,
    pub model: Option<&'a str>,
    pub permission_mode: Option<&'a str>,
    /// The command line that hears hooks on its stdin.
    pub hook: &'a [String],
}

/// Stands for the prompt in arguments of the user's settings.
const PROMPT: &str = "{prompt}";
/// Stands for the agent's session id.
const SESSION: &str = "{session}";

/// Whether it can be given a prompt on its command line; else that is entered once it runs.
pub fn takes_prompt_argument(spec: &AgentSpec) -> bool {
    match &spec.protocol {
        Protocol::Terminal(ways) => {
            spec.family.starts_terminals() || ways.prompt_args.iter().any(|a| a.contains(PROMPT))
        }
        Protocol::Acp => false,
    }
}

/// What follows the program and its own arguments.
///
/// Errors: why the conversation cannot be gone on with.
pub fn arguments(spec: &AgentSpec, start: &Start<'_>) -> Result<Vec<String>, String> {
    if let Some(arguments) = spec.family.terminal_arguments(start) {
        return Ok(arguments);
    }
    let Protocol::Terminal(ways) = &spec.protocol else { return Ok(Vec::new()) };
    let mut arguments = Vec::new();
    if let Some(session) = start.resume {
        if ways.resume_args.is_empty() {
            let title = &spec.title;
            return Err(format!("{title} cannot be resumed: its settings have no `resume_args`"));
        }
        arguments.extend(ways.resume_args.iter().map(|a| a.replace(SESSION, session)));
    }
    if let Some(prompt) = start.prompt {
        arguments.extend(ways.prompt_args.iter().map(|a| a.replace(PROMPT, prompt)));
    }
    Ok(arguments)
}

/// `words` as a shell reads them.
pub fn shell_line(words: &[String]) -> String {
    let quoted = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''")));
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::TerminalWays;

    #[test]
    fn the_users_own_arguments_are_filled_in() {
        let ways = TerminalWays {
            prompt_args: vec!["--say={prompt}".into()],
            resume_args: vec!["--resume".into(), "{session}".into()],
            ..TerminalWays::default()
        };
        let spec = AgentSpec { protocol: Protocol::Terminal(ways), ..AgentSpec::default() };
        assert!(takes_prompt_argument(&spec));
        let start = Start { resume: Some("s1"), prompt: Some("go on"), ..Start::default() };
        assert_eq!(arguments(&spec, &start).unwrap(), ["--resume", "s1", "--say=go on"]);
        let bare = Protocol::Terminal(TerminalWays::default());
        let spec = AgentSpec { protocol: bare, title: "T".into(), ..AgentSpec::default() };
        assert!(!takes_prompt_argument(&spec));
        assert!(arguments(&spec, &start).unwrap_err().contains("T cannot be resumed"));
    }

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        let words = ["a b".to_owned(), "it's".to_owned()];
        assert_eq!(shell_line(&words), r"'a b' 'it'\''s'");
    }
}
