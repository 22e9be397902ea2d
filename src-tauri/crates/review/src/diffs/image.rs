//! Both sides of an image, to be looked at.

use crate::diffs::changes::content_by_name;
use crate::diffs::file::{blob_bytes, in_checkout, io};
use crate::limits::IMAGE_MAX_BYTES;
use crate::place::{Place, Result, fault, refused};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nightshift_platform::files::read_bounded;
use nightshift_protocol::review::{FileContent, Picture, ReviewResult};

pub fn image(place: &Place<'_>, path: &str, old: Option<&str>) -> Result<ReviewResult> {
    if content_by_name(path) != FileContent::Image {
        return Err(refused(format!("{path} is no image"), ""));
    }
    let before = match &place.base.commit {
        Some(base) => in_commit(place, base, old.unwrap_or(path))?,
        None => None,
    };
    let after = match in_checkout(place, path)? {
        Some(file) => {
            let size = std::fs::metadata(&file).map_err(|e| io(&file, &e))?.len();
            refuse_large(path, size)?;
            let bytes = read_bounded(&file, IMAGE_MAX_BYTES).map_err(|e| io(&file, &e))?;
            Some(picture(path, &bytes))
        }
        None => None,
    };
    Ok(ReviewResult::Image { before, after })
}

fn in_commit(place: &Place<'_>, commit: &str, path: &str) -> Result<Option<Picture>> {
    let Some(size) = blob_bytes(place, commit, path)? else { return Ok(None) };
    refuse_large(path, size)?;
    let name = format!("{commit}:{path}");
    let bytes = place.look(&["cat-file", "blob"]).arg(name).read().map_err(fault)?;
    Ok(Some(picture(path, &bytes)))
}

fn refuse_large(path: &str, bytes: u64) -> Result<()> {
    if bytes <= IMAGE_MAX_BYTES {
        return Ok(());
    }
    let mib = bytes / (1024 * 1024);
    Err(refused(format!("{path} has {mib} MiB: too large to show"), "open it in another program"))
}

fn picture(path: &str, bytes: &[u8]) -> Picture {
    let ending = path.rsplit_once('.').map_or(String::new(), |(_, e)| e.to_ascii_lowercase());
    let mime = match ending.as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "bmp" => "image/bmp",
        "ico" => "image/x-icon",
        "avif" => "image/avif",
        _ => "image/png",
    };
    Picture {
        mime: mime.to_owned(),
        data: STANDARD.encode(bytes),
        bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
    }
}
