//! Merge drivers whose program is or may be the repository's, which no merge of ours runs: files that they govern end
//! as conflicts.
//!
//! Promise: only looks; each driver that was not run is named, with its files and the way to run it.
//! Must not know: what was merged.

use crate::limits::NAMED_MAX;
use crate::place::{Place, Result, fault};
use nightshift_worktree::{Whose, text};
use std::collections::BTreeMap;

/// Of these files in conflict, those that a driver might have merged; empty where there are none.
pub fn not_run(place: &Place<'_>, files: &[String]) -> Result<String> {
    let call = place.look(&["check-attr", "-z", "--stdin", "merge"]);
    let drivers = call.drivers().map_err(fault)?;
    if drivers.foreign.is_empty() || files.is_empty() {
        return Ok(String::new());
    }
    let names: Vec<u8> = files.iter().flat_map(|file| [file.as_bytes(), b"\0"].concat()).collect();
    let printed = call.input(names).long().read().map_err(fault)?;
    let printed: Vec<&[u8]> = printed.split(|&b| b == 0).collect();
    // Path, attribute, value.
    let (rows, _) = printed.as_chunks::<3>();
    let mut found: BTreeMap<&[u8], Vec<String>> = BTreeMap::new();
    for [path, _, value] in rows {
        let unset = *value == b"unspecified";
        let driver = if unset { drivers.usual.as_deref().unwrap_or(value) } else { value };
        if drivers.foreign.contains_key(driver) {
            found.entry(driver).or_default().push(text(path));
        }
    }
    let whose = |driver: &[u8]| drivers.foreign.get(driver).copied();
    let said = found.iter().map(|(driver, files)| one(&text(driver), whose(driver), files));
    let said: Vec<String> = said.collect();
    if said.is_empty() {
        return Ok(String::new());
    }
    let way = match found.keys().any(|driver| whose(driver) == Some(Whose::User)) {
        true => {
            "or put the driver's command into a script of your own outside of repositories and name its place"
        }
        false => "or set the driver in your own ~/.gitconfig",
    };
    Ok(format!(
        "{}. No program that is or may be a repository's is run in a merge from here, trusted or not: merge by hand \
         with git itself, {way}",
        said.join("; ")
    ))
}

fn one(driver: &str, whose: Option<Whose>, files: &[String]) -> String {
    let mut named = files.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    if files.len() > NAMED_MAX {
        named.push_str(&format!(" and {} more", files.len() - NAMED_MAX));
    }
    let driver = driver.escape_debug();
    match whose {
        Some(Whose::User) => format!(
            "the merge driver `{driver}` of your own configuration was not run for {named}, because its command may run \
             a file of this repository"
        ),
        _ => format!(
            "the merge driver `{driver}` of this repository's own configuration was not run for {named}"
        ),
    }
}
