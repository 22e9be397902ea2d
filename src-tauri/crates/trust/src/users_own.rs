//! Programs that the user's own settings of git name and that stand in the repository: what runs is the
//! repository's, and may be another one in every commit.
//!
//! Promise: a setting that names a program elsewhere is the user's, and is none of them.

use crate::collect::Place;
use crate::git_parts::{DOES, counts};
use crate::item::{Item, Part};
use crate::to_come::{named_by, path_in};
use crate::tree::{Tree, name};
use nightshift_worktree::{Git, Leads};
use std::path::Path;

const USERS: &str = "a setting of yours that runs a program of this repository";
const NAMED: &str = "named by a setting of git";

/// Of these settings of the user's, each with the file that it stands in.
pub fn items(
    git: &Git,
    place: &Place<'_>,
    tree: &Tree<'_>,
    settings: &[(String, String, String)],
) -> Vec<Item> {
    let ground = git.ground(&[place.root, place.repository]);
    let comes_to_be = |value: &str| {
        let paths: Vec<String> = named_by(place, value).into_iter().collect();
        !tree.plain_files(&paths).files.is_empty()
    };
    let is_here = |value: &str| match ground.leads(value.as_bytes()) {
        // Where nothing is, nothing runs.
        Leads::Here | Leads::NotYet => comes_to_be(value),
        Leads::Away => {
            value.split_whitespace().any(|word| path_in(place, Path::new(word)).is_some())
        }
    };
    let stands_here = |file: &str| file.starts_with('/') && ground.holds(Path::new(file));
    let ours = settings.iter().filter(|(key, value, file)| {
        counts(key, value) && (stands_here(file) || !ground.follows(key, value) && is_here(value))
    });
    ours.map(|(key, value, _)| Item::new(Part::Git, key.clone(), USERS, value.clone().into_bytes()))
        .collect()
}

/// Files of the repository that settings name, with their text.
pub fn named_files(
    place: &Place<'_>,
    tree: &Tree<'_>,
    settings: &[Item],
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let runs = settings.iter().filter(|item| item.does == DOES || item.does == USERS);
    let paths = runs.flat_map(|item| named_by(place, &String::from_utf8_lossy(item.exact())));
    let mut paths: Vec<String> = paths.collect();
    paths.sort();
    paths.dedup();
    let listed = tree.plain_files(&paths);
    wrong.extend(listed.wrong);
    let mut items = Vec::new();
    for (path, entry) in &listed.files {
        match tree.read(path, entry) {
            Ok(bytes) => items.push(Item::new(Part::Git, name(path), NAMED, bytes)),
            Err(why) => wrong.push(why),
        }
    }
    items
}
