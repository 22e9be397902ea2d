//! Files that go with prompts: kept when a client hands them over, given to a session when a prompt
//! names them, put into the line that goes to the agent.
//!
//! Promises: a session's file stays as it was handed over, whatever becomes of the original; what no
//! prompt named within a day goes; names lead nowhere else.
//! Must not know: agents, what a prompt says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nightshift_model::Enclosure;
use nightshift_model::limits::{ENCLOSED_MAX_BYTES, ENCLOSURES_MAX};
use nightshift_platform::{Home, clock, files};
use nightshift_protocol::enclosure::{DIRECTORY, filled};
use nightshift_protocol::{Fault, FaultCode};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use uuid::Uuid;

/// A file that was handed over waits this long for the prompt that names it.
const WAITING: Duration = Duration::from_secs(24 * 60 * 60);
/// Files that wait at once; beyond it the client is told to send prompts first.
const WAITING_MAX: usize = 500;
/// Longest file name that is kept.
const NAME_MAX_CHARS: usize = 100;
/// Read of a file to know what it is.
const BEGINNING_BYTES: u64 = 4096;
/// Bytes that tell what a file is.
const MAGIC: [(&[u8], &str); 6] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
];

/// Where files wait for their prompt.
pub fn waiting_room(home: &Home) -> PathBuf {
    home.state.join(DIRECTORY)
}

/// Keeps a file. `data` is base64.
pub fn keep(home: &Home, name: &str, data: &str) -> Result<Enclosure, Fault> {
    let bytes = STANDARD.decode(data).map_err(|e| {
        Fault::new(FaultCode::Invalid, format!("attachment {name}: its bytes are no base64: {e}"))
    })?;
    if bytes.is_empty() {
        return Err(Fault::new(FaultCode::Invalid, format!("attachment {name} is empty")));
    }
    let size = check_size(name, bytes.len())?;
    let room = waiting_room(home);
    let of_room = |e: io::Error| fault(&format!("attachment {name} cannot be kept"), &e);
    make(&room).map_err(of_room)?;
    if tidy(&room).map_err(of_room)? >= WAITING_MAX {
        let message = format!("{WAITING_MAX} attachments wait for a prompt already");
        return Err(Fault::new(FaultCode::Limit, message).hint("send the prompts they are for"));
    }
    let enclosure = Enclosure {
        id: Uuid::new_v4().to_string(),
        name: file_name(name),
        media_type: media_type(&bytes).to_owned(),
        bytes: size,
    };
    make(&room.join(&enclosure.id)).map_err(of_room)?;
    files::write_durably(&room.join(enclosure.path()), &bytes).map_err(of_room)?;
    Ok(enclosure)
}

/// Gives the files that wait under these ids to a session; they wait on, in case it refuses them.
pub fn claim(home: &Home, job: &Path, ids: &[String]) -> Result<Vec<Enclosure>, Fault> {
    if ids.len() > ENCLOSURES_MAX {
        let message = format!("{} attachments; the limit is {ENCLOSURES_MAX}", ids.len());
        return Err(Fault::new(FaultCode::Limit, message).hint("name a directory in the prompt"));
    }
    let room = waiting_room(home);
    let found = ids.iter().map(|id| find(&room, id)).collect::<Result<Vec<_>, _>>()?;
    check_size("all attachments together", found.iter().map(|e| e.bytes as usize).sum())?;
    for enclosure in &found {
        let (from, to) = (room.join(enclosure.path()), job.join(DIRECTORY).join(enclosure.path()));
        let failed = |e: io::Error| fault(&format!("attachment {}", enclosure.name), &e);
        to.parent().map_or(Ok(()), make).map_err(failed)?;
        match std::fs::hard_link(&from, &to) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(failed(e)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(found)
}

/// The bytes of a session's file, in base64.
pub fn read(job: &Path, id: &str) -> Result<String, Fault> {
    let enclosure = find(&job.join(DIRECTORY), id)?;
    let failed = |e: io::Error| fault(&format!("attachment {}", enclosure.name), &e);
    base64_of(&job.join(DIRECTORY).join(enclosure.path())).map_err(failed)
}

/// A line as the agent gets it: with the bytes of the files that it names.
pub(crate) fn fill(job: &Path, line: String) -> String {
    filled(line, |path| base64_of(&job.join(DIRECTORY).join(path)).map_err(|e| e.to_string()))
}

fn base64_of(path: &Path) -> io::Result<String> {
    files::read_bounded(path, ENCLOSED_MAX_BYTES as u64).map(|bytes| STANDARD.encode(bytes))
}

fn find(room: &Path, id: &str) -> Result<Enclosure, Fault> {
    let unknown = || {
        let message = format!("no attachment `{}` is kept", id.escape_default());
        Fault::new(FaultCode::NotFound, message).hint("hand the file over again")
    };
    // An id of ours is a UUID: nothing else is ever part of a path.
    let id = Uuid::parse_str(id).map_err(|_| unknown())?.to_string();
    let mut entries = std::fs::read_dir(room.join(&id)).map_err(|_| unknown())?;
    let entry = entries.find_map(Result::ok).ok_or_else(unknown)?;
    let name = entry.file_name().to_string_lossy().into_owned();
    let failed = |e: io::Error| fault(&format!("attachment {name}"), &e);
    let (length, beginning) = look(&entry.path()).map_err(failed)?;
    let bytes = check_size(&name, usize::try_from(length).unwrap_or(usize::MAX))?;
    Ok(Enclosure { id, media_type: media_type(&beginning).to_owned(), bytes, name })
}

/// A file's length and beginning.
fn look(path: &Path) -> io::Result<(u64, Vec<u8>)> {
    let mut beginning = Vec::new();
    let file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.take(BEGINNING_BYTES).read_to_end(&mut beginning)?;
    Ok((length, beginning))
}

/// Takes away what has waited too long; how many wait still.
fn tidy(room: &Path) -> io::Result<usize> {
    let now = Duration::from_millis(clock::now().0);
    let mut waiting = 0;
    for entry in std::fs::read_dir(room)? {
        let entry = entry?;
        let modified = entry.metadata()?.modified()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        if now.saturating_sub(since) > WAITING {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            waiting += 1;
        }
    }
    Ok(waiting)
}

fn check_size(name: &str, bytes: usize) -> Result<u32, Fault> {
    let too_large = || {
        let message = format!("{name}: {bytes} bytes; the limit is {ENCLOSED_MAX_BYTES}");
        Fault::new(FaultCode::Limit, message)
            .hint("put it where the agent works and name it in the prompt")
    };
    if bytes > ENCLOSED_MAX_BYTES {
        return Err(too_large());
    }
    u32::try_from(bytes).map_err(|_| too_large())
}

fn make(directory: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// The last part of a name, readable and short.
fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).take(NAME_MAX_CHARS).collect();
    match plain.trim().trim_start_matches('.') {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

fn media_type(bytes: &[u8]) -> &'static str {
    let end = bytes.len().min(usize::try_from(BEGINNING_BYTES).unwrap_or(usize::MAX));
    let bytes = &bytes[..end];
    if let Some((_, known)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return known;
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return "image/webp";
    }
    // The beginning may end in the middle of a character.
    let is_text = std::str::from_utf8(bytes).map_or_else(|e| e.error_len().is_none(), |_| true);
    if is_text && !bytes.contains(&0) { "text/plain" } else { "application/octet-stream" }
}

fn fault(what: &str, error: &io::Error) -> Fault {
    Fault::new(FaultCode::Io, format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(dir: &Path) -> Home {
        Home { state: dir.join("s"), run: dir.join("r") }
    }

    #[test]
    fn a_file_is_kept_claimed_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let (home, job) = (home(dir.path()), dir.path().join("jobs/1"));
        let png = b"\x89PNG\r\n\x1a\nrest";
        let kept = keep(&home, "../x/shot.png", &STANDARD.encode(png)).unwrap();
        assert_eq!((kept.name.as_str(), kept.media_type.as_str()), ("shot.png", "image/png"));
        for _ in 0..2 {
            let claimed = claim(&home, &job, std::slice::from_ref(&kept.id)).unwrap();
            assert_eq!(claimed, std::slice::from_ref(&kept), "claimed twice is claimed once");
        }
        assert_eq!(read(&job, &kept.id).unwrap(), STANDARD.encode(png));
        let data = format!("nightshift-file:{}", kept.path());
        let line = format!(r#"{{"params":{{"prompt":[{{"type":"image","data":"{data}"}}]}}}}"#);
        assert!(fill(&job, line).contains(&STANDARD.encode(png)));
    }

    #[test]
    fn what_is_too_large_unknown_or_hostile_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let (home, job) = (home(dir.path()), dir.path().join("jobs/1"));
        let large = STANDARD.encode(vec![0; ENCLOSED_MAX_BYTES + 1]);
        assert_eq!(keep(&home, "big", &large).unwrap_err().code, FaultCode::Limit);
        assert_eq!(keep(&home, "odd", "%%").unwrap_err().code, FaultCode::Invalid);
        for id in ["../../etc", "", "00000000-0000-4000-8000-000000000000"] {
            let fault = claim(&home, &job, &[id.to_owned()]).unwrap_err();
            assert_eq!(fault.code, FaultCode::NotFound, "{id}");
        }
        assert_eq!(file_name("/a/..hidden"), "hidden");
        assert_eq!(file_name("\u{1b}"), "file");
    }
}
