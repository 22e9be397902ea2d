//! If it has no noun, it has no room yet: names that say nothing are refused.

use super::Offence;

const BANNED: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"];

pub fn check(path: &str) -> Option<Offence> {
    let banned = path.split('/').find(|part| {
        let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
        BANNED.contains(&stem.as_str())
    })?;
    Some(Offence::of_file(path, format!("`{banned}` says nothing; name the noun it holds")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_refused_as_file_and_as_folder() {
        for (path, fine) in [
            ("src/utils.rs", false),
            ("src/common/mod.rs", false),
            ("src/Helpers.svelte", false),
            ("src/commoner.rs", true),
            ("src/utility.rs", true),
        ] {
            assert_eq!(check(path).is_none(), fine, "{path}");
        }
    }
}
