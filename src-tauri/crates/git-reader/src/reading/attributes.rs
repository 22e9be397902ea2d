//! Attributes that change content on its way to the index. libgit2 runs no filter, so of files that
//! have one it cannot say whether they changed.

use crate::child::look::Stop;
use crate::limits::PATTERNS_MAX_BYTES;
use crate::reading::doubt::{DoubtKind, Doubts};
use crate::reading::place::Place;
use crate::reading::small;
use git2::{AttrCheckFlags, AttrValue, Repository};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub const FILE: &[u8] = b".gitattributes";
/// Attributes that make a difference, and words that must be in a file for any path to have them.
const CHANGING: &[&str] = &["filter", "working-tree-encoding"];

/// A file of that name in any directory.
pub fn is_attributes(path: &[u8]) -> bool {
    path.rsplit(|&b| b == b'/').next() == Some(FILE)
}

/// Whether one of the files of attributes names a changing one at all. It is asked first because to
/// ask it of each path takes as long as all the rest.
pub fn any_changing<'a>(
    place: &Place,
    files: impl Iterator<Item = &'a [u8]>,
    doubts: &mut Doubts,
) -> Result<bool, Stop> {
    let mut any = false;
    let own = small::read(&place.common.join("info/attributes"), PATTERNS_MAX_BYTES)?;
    if let Some(own) = own.filter(|own| !own.trim_ascii().is_empty()) {
        doubts.add(DoubtKind::InfoAttributes, None);
        any |= names_changing(&own);
    }
    for path in files {
        let file = place.root.join(OsStr::from_bytes(path));
        // One that is not there is a change, and that is a doubt already.
        let content = small::read(&file, PATTERNS_MAX_BYTES)?.unwrap_or_default();
        any |= names_changing(&content);
    }
    Ok(any)
}

fn names_changing(content: &[u8]) -> bool {
    let has = |word: &&str| content.windows(word.len()).any(|at| at == word.as_bytes());
    CHANGING.iter().any(has)
}

/// A filter or an encoding applies to this path.
pub fn changes_content(repository: &Repository, path: &[u8]) -> Result<bool, git2::Error> {
    let path = Path::new(OsStr::from_bytes(path));
    for name in CHANGING {
        let value = repository.get_attr_bytes(path, name, AttrCheckFlags::FILE_THEN_INDEX)?;
        match AttrValue::from_bytes(value) {
            AttrValue::Unspecified | AttrValue::False => {}
            AttrValue::True | AttrValue::String(_) | AttrValue::Bytes(_) => return Ok(true),
        }
    }
    Ok(false)
}
