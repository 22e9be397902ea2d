//! Opening links with the desktop's own programs: which are opened, and what of them is handed on.
//!
//! Promise: this check is the last word on every link, wherever it comes from. `ui/src/backend/links.ts`
//! says the same before a link is shown; both are tested with `links.cases.json` beside it.

use nightshift_platform::search::{absolute_entries, joined};
use nightshift_platform::spawn::spawn_detached;
use nightshift_protocol::{Fault, FaultCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use url::Url;

/// Longer ones are no links that a person follows.
const URL_MAX_BYTES: usize = 8 * 1024;
const OPENER: &str = "xdg-open";
/// How files of definitions end.
const DEFINITION: &str = ".md";
/// What stands in a field of a mail link as it is: openers are shell scripts.
const FIELD: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Hands `url` to the desktop's own programs, which begin in `directory`. On a tokio runtime.
pub fn open_link(url: &str, directory: &Path) -> Result<(), Fault> {
    let url = external_url(url).ok_or_else(|| {
        Fault::new(FaultCode::Invalid, "this link is not opened")
            .hint("only http, https and mailto links are")
    })?;
    hand_over(&url, directory, "install the package xdg-utils, or copy the link")
}

/// Hands the file of a routine's definition to the program that the desktop has for text. Nothing that could be run:
/// a regular file with the ending of a definition.
pub fn open_definition(file: &Path, directory: &Path) -> Result<(), Fault> {
    let is = std::fs::symlink_metadata(file);
    let regular = is.as_ref().is_ok_and(std::fs::Metadata::is_file);
    let text = file.to_str().filter(|_| file.is_absolute() && regular);
    let text = text.filter(|text| text.ends_with(DEFINITION));
    let text = text.ok_or_else(|| {
        let message = format!("{} is no file of a definition", file.display());
        Fault::new(FaultCode::Invalid, message).hint("look at the directory of the routines")
    })?;
    hand_over(text, directory, "install the package xdg-utils, or open the file yourself")
}

fn hand_over(what: &str, directory: &Path, way_out: &str) -> Result<(), Fault> {
    let mut environment: std::collections::BTreeMap<OsString, OsString> =
        nightshift_platform::spawn::own_environment();
    environment.retain(|name, _| !name.to_string_lossy().starts_with("WEBKIT_"));
    // It starts others by their names, in this directory.
    if let Some(path) = environment.get_mut(OsStr::new("PATH")) {
        *path = joined(absolute_entries(&path.clone()));
    }
    let opener = OsStr::new(OPENER);
    let null = Path::new("/dev/null");
    let arguments = [OsString::from(what)];
    let mut started =
        spawn_detached(opener, &arguments, &environment, directory, null).map_err(|error| {
            Fault::new(FaultCode::Io, format!("cannot start {OPENER}: {error}")).hint(way_out)
        })?;
    // Waits on a thread of the blocking pool: the opener ends as soon as it has handed over.
    tokio::task::spawn_blocking(move || {
        if let Err(error) = started.child.wait() {
            eprintln!("warning: waiting for {OPENER}: {error}");
        }
    });
    Ok(())
}

/// The link as it is opened; none if it is not. Everything else (files, custom handlers, scripts) could
/// run something.
pub fn external_url(link: &str) -> Option<String> {
    // A parser drops these silently, so that what was read is not what is opened.
    if link.chars().any(|c| c.is_control() || c == ' ') {
        return None;
    }
    let mut url = Url::parse(link).ok()?;
    let opened = match url.scheme() {
        "http" | "https" => {
            // What stands before the host only looks like one.
            url.set_username("").ok()?;
            url.set_password(None).ok()?;
            url.to_string()
        }
        "mailto" => mail(&url)?,
        _ => return None,
    };
    (opened.len() <= URL_MAX_BYTES).then_some(opened)
}

/// To whom, subject and text. Mail programs know more fields, some of which attach files.
fn mail(url: &Url) -> Option<String> {
    let mut to = addresses(url.path())?;
    let (mut subject, mut body) = (None, None);
    for field in url.query().unwrap_or_default().split('&') {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        match decoded(name)?.to_ascii_lowercase().as_str() {
            "to" => to.extend(addresses(value)?),
            "subject" if subject.is_none() => {
                subject = Some(decoded(value)?.replace(char::is_control, ""));
            }
            "body" if body.is_none() => {
                let goes = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
                body = Some(decoded(value)?.replace(goes, ""));
            }
            _ => {}
        }
    }
    let fields = [("subject", subject), ("body", body)];
    let fields: Vec<String> = fields
        .into_iter()
        .filter_map(|(name, text)| Some(format!("{name}={}", encoded(&text?))))
        .collect();
    let mark = if fields.is_empty() { "" } else { "?" };
    Some(format!("mailto:{}{mark}{}", to.join(","), fields.join("&")))
}

/// Plain ones only: in an opener's command line a quote or a dash would be more than an address.
fn addresses(list: &str) -> Option<Vec<String>> {
    let list = decoded(list)?;
    let each = list.split(',').filter(|address| !address.is_empty());
    each.map(|address| {
        let (name, host) = address.split_once('@')?;
        let plain = |text: &str, others: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
            !text.is_empty() && !text.starts_with('-') && text.chars().all(fits)
        };
        let plain = plain(name, ".!#$*+/^_`{|}~-") && plain(host, ".-");
        plain.then(|| format!("{}@{host}", encoded(name)))
    })
    .collect()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, FIELD).to_string()
}

/// None for what is no encoding: programs differ in what they make of it.
fn decoded(text: &str) -> Option<String> {
    let hex = |part: &str| {
        let bytes = part.as_bytes();
        bytes.len() >= 2 && bytes[..2].iter().all(u8::is_ascii_hexdigit)
    };
    if !text.split('%').skip(1).all(hex) {
        return None;
    }
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        link: String,
        opened: Option<String>,
    }

    #[test]
    fn security_18_mailto_and_other_links_leave_the_window_with_what_a_person_sees() {
        let cases = include_str!("../../../../ui/src/backend/links.cases.json");
        let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
        assert!(cases.len() > 40);
        for Case { link, opened } in cases {
            assert_eq!(external_url(&link), opened, "{link:?}");
        }
        assert_eq!(
            external_url(&format!("https://example.org/{}", "a".repeat(URL_MAX_BYTES))),
            None
        );
    }

    #[test]
    fn only_files_of_definitions_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let (script, link) = (dir.path().join("a.desktop"), dir.path().join("b.md"));
        std::fs::write(&script, "").unwrap();
        std::os::unix::fs::symlink(&script, &link).unwrap();
        std::fs::create_dir(dir.path().join("c.md")).unwrap();
        for path in [&script, &link, &dir.path().join("c.md"), Path::new("d.md")] {
            let refused = open_definition(path, dir.path()).unwrap_err();
            assert!(refused.message.contains("no file of a definition"), "{refused}");
        }
    }

    #[test]
    fn what_is_opened_is_opened_the_same_again() {
        let cases = include_str!("../../../../ui/src/backend/links.cases.json");
        let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
        for opened in cases.into_iter().filter_map(|case| case.opened) {
            assert_eq!(external_url(&opened), Some(opened.clone()));
        }
    }
}
