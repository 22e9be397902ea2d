//! What a definition may ask for and this version cannot do: refused with that reason and its place, never passed over.

use nightshift_routines::definition::{Repository, Secret, Target};
use nightshift_routines::{Definition, Problem};

/// A key of a definition, where it stands, and what is to be said of it.
struct Lack {
    key: &'static str,
    message: &'static str,
}

/// In the order of the file. Empty: all of it can be done.
pub(super) fn lacking(definition: &Definition, text: &str) -> Vec<Problem> {
    let mut lacks = Vec::new();
    let mut lack = |is: bool, key, message| {
        if is {
            lacks.push(Lack { key, message });
        }
    };
    lack(
        matches!(definition.repository, Some(Repository::Url(_))),
        "repository",
        "an address as `repository` is not supported yet; clone it and write the path",
    );
    lack(
        matches!(definition.target, Target::Session(_)),
        "session",
        "a `session` as target is not supported yet; remove it: each run is a new session",
    );
    lack(
        !definition.options.is_empty(),
        "options",
        "`options` are not supported yet; set them in the settings of the agent",
    );
    lack(
        !definition.environment.connectors.is_empty(),
        "connectors",
        "`connectors` are not supported yet; an agent has the servers of the settings",
    );
    let keyring = |secret: &Secret| matches!(secret, Secret::Keyring(_));
    lack(
        definition.environment.secrets.values().any(keyring),
        "secrets",
        "secrets of the keyring are not supported yet; write \"env:<VARIABLE>\"",
    );
    lack(
        definition.policy.budget.usd_micros.is_some(),
        "usd",
        "`budget.usd` is not supported yet; bound a run by `turns` and `minutes`",
    );
    let mut problems: Vec<Problem> = lacks.iter().map(|lack| placed(lack, text)).collect();
    problems.sort();
    problems
}

/// At the first line that begins with the key or holds it in an inline table.
fn placed(lack: &Lack, text: &str) -> Problem {
    let mut found = (1, 1);
    for (n, line) in text.lines().enumerate() {
        let at = line.match_indices(lack.key).map(|(at, _)| at).find(|at| is_key(line, *at, lack));
        if let Some(at) = at {
            found = (n + 1, line[..at].chars().count() + 1);
            break;
        }
    }
    Problem { line: found.0, column: found.1, message: lack.message.to_owned() }
}

/// Whether a key stands there: a name of its own, with its value or its table behind it.
fn is_key(line: &str, at: usize, lack: &Lack) -> bool {
    let before = line[..at].chars().next_back();
    let behind = line[at + lack.key.len()..].trim_start();
    let begins = before.is_none_or(|c| matches!(c, ' ' | '\t' | '{' | ',' | '[' | '.'));
    begins && behind.starts_with(['=', ']', '.'])
}

/// What is probably not meant.
pub(super) fn remarks(definition: &Definition) -> Vec<String> {
    nightshift_routines::definition::remarks(definition)
}

#[cfg(test)]
mod tests {
    use super::super::files::parse;

    #[test]
    fn what_is_not_supported_yet_is_refused_at_its_place() {
        for (line, key, column) in [
            ("repository = \"https://example.org/a.git\"", "an address", 1),
            ("session = \"triage\"", "a `session`", 1),
            ("options = { effort = \"high\" }", "`options`", 1),
            ("environment = { connectors = [\"t\"] }", "`connectors`", 17),
            ("environment.secrets = { A = \"keyring:a\" }", "keyring", 13),
            ("policy.budget = { turns = 3, usd = 2.0 }", "`budget.usd`", 30),
        ] {
            let text = format!("+++\ndescription = \"usd session\"\n{line}\n+++\nwork\n");
            let problems = parse(&text).unwrap_err();
            let [problem] = problems.as_slice() else { panic!("{line}: {problems:?}") };
            assert!(problem.message.contains(key), "{line}: {problem}");
            assert_eq!((problem.line, problem.column), (3, column), "{line}: {problem}");
        }
        assert!(parse("+++\n[[trigger]]\nschedule = \"0 9 * * *\"\n+++\nwork\n").is_ok());
    }
}
