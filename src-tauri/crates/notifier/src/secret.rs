//! Secrets of channels: read where the settings say they are, kept no longer than one message, never
//! printed.

use nightshift_platform::files;
use nightshift_protocol::SecretPlace;
use std::path::PathBuf;

/// Keys and tokens are far shorter; more is another file.
const SECRET_MAX_BYTES: u64 = 4 * 1024;

/// The secret; none when no place is named.
pub fn read(place: &SecretPlace) -> Result<Option<String>, String> {
    let found = match (&place.env, &place.file) {
        (Some(name), _) => {
            let unset = |_| format!("the variable {name} is not set where the supervisor runs");
            std::env::var(name).map_err(unset)?
        }
        (None, Some(file)) => {
            let path = expanded(file);
            let unread = |e| format!("{} cannot be read: {e}", path.display());
            let bytes = files::read_bounded(&path, SECRET_MAX_BYTES).map_err(unread)?;
            String::from_utf8(bytes).map_err(|_| format!("{} is no text", path.display()))?
        }
        (None, None) => return Ok(None),
    };
    let secret = found.trim();
    let empty = || "the channel's secret is empty".to_owned();
    if secret.is_empty() { Err(empty()) } else { Ok(Some(secret.to_owned())) }
}

fn expanded(file: &str) -> PathBuf {
    match (file.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_where_the_settings_say_or_the_fault_says_why_not() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        std::fs::write(at("key"), "  s3cret\n").unwrap();
        std::fs::write(at("empty"), "\n").unwrap();
        let file = |name: &str| SecretPlace { env: None, file: Some(at(name)) };
        assert_eq!(read(&file("key")), Ok(Some("s3cret".to_owned())));
        assert_eq!(read(&SecretPlace::default()), Ok(None));
        assert!(read(&file("gone")).unwrap_err().contains("gone cannot be read"));
        assert!(read(&file("empty")).unwrap_err().contains("empty"));
        let unset = SecretPlace { env: Some("NO_SUCH_VARIABLE_HERE".into()), file: None };
        assert!(read(&unset).unwrap_err().contains("NO_SUCH_VARIABLE_HERE"));
    }
}
