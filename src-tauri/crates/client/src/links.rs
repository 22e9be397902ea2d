//! Opening links with the desktop's own programs, after a check of their scheme.

use nightshift_platform::spawn::spawn_detached;
use nightshift_protocol::{Fault, FaultCode};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Everything else (files, custom handlers, scripts) could run something.
const SCHEMES: &[&str] = &["https://", "http://", "mailto:"];
/// Longer ones are no links that a person follows.
const URL_MAX_BYTES: usize = 8 * 1024;
const OPENER: &str = "xdg-open";

/// Hands `url` to the desktop's own programs, which begin in `directory`. On a tokio runtime.
pub fn open_link(url: &str, directory: &Path) -> Result<(), Fault> {
    check(url)?;
    let mut environment: std::collections::BTreeMap<OsString, OsString> =
        nightshift_platform::spawn::own_environment();
    environment.retain(|name, _| !name.to_string_lossy().starts_with("WEBKIT_"));
    let opener = OsStr::new(OPENER);
    let null = Path::new("/dev/null");
    let arguments = [OsString::from(url)];
    let mut started =
        spawn_detached(opener, &arguments, &environment, directory, null).map_err(|error| {
            Fault::new(FaultCode::Io, format!("cannot start {OPENER}: {error}"))
                .hint("install the package xdg-utils, or copy the link")
        })?;
    // Waits on a thread of the blocking pool: the opener ends as soon as it has handed over.
    tokio::task::spawn_blocking(move || {
        if let Err(error) = started.child.wait() {
            eprintln!("warning: waiting for {OPENER}: {error}");
        }
    });
    Ok(())
}

fn check(url: &str) -> Result<(), Fault> {
    let lower = url.trim_start().to_ascii_lowercase();
    let allowed = SCHEMES.iter().any(|scheme| lower.starts_with(scheme));
    let plain = url.len() <= URL_MAX_BYTES && !url.chars().any(|c| c.is_control() || c == ' ');
    if allowed && plain {
        return Ok(());
    }
    Err(Fault::new(FaultCode::Invalid, "this link is not opened")
        .hint("only http, https and mailto links are"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_and_mail_links_leave_the_window() {
        for (url, allowed) in [
            ("https://example.org/a?b=c", true),
            ("HTTP://example.org", true),
            ("mailto:a@example.org", true),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("--version", false),
            ("https://a b", false),
            ("https://a\nb", false),
        ] {
            assert_eq!(check(url).is_ok(), allowed, "{url:?}");
        }
    }
}
