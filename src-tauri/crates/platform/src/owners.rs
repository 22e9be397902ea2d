//! Whether somebody else than its user could write a file or what is in a directory.
//!
//! Promise: only looks; a group that its user is alone in is no one else, and neither is root.
//! Must not know: what the file is for.

use crate::process::own_user;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
/// In such a directory nobody moves or deletes what is another's.
const STICKY: u32 = 0o1000;
const ROOT: u32 = 0;

/// Who else may write it, and what to do about that; none where nobody may.
pub fn doubt(is: &Metadata) -> Option<String> {
    let owner = is.uid();
    if owner != own_user() && owner != ROOT {
        return Some(format!(
            "it belongs to user {owner}, not to you; make it your own with `chown`"
        ));
    }
    if is.is_dir() && is.mode() & STICKY != 0 {
        return None;
    }
    if is.mode() & OTHERS_WRITE != 0 {
        return Some("every user can write it; take that away with `chmod o-w`".to_owned());
    }
    let group = is.gid();
    let shared = is.mode() & GROUP_WRITES != 0 && !is_alone_in(group);
    shared.then(|| format!("its group ({group}) can write it; take that away with `chmod g-w`"))
}

/// Many systems give each user a group of their own, and files that the group can write.
fn is_alone_in(group: u32) -> bool {
    let read = |file| std::fs::read_to_string(file).unwrap_or_default();
    alone(&read("/etc/passwd"), &read("/etc/group"), own_user(), group)
}

/// What is not in these files (a directory service has it) is not known to be nobody else's.
fn alone(users: &str, groups: &str, user: u32, group: u32) -> bool {
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<String>>();
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<u32>().ok());
    let users: Vec<Vec<String>> = users.lines().map(fields).collect();
    let own: Vec<&String> = users
        .iter()
        .filter(|entry| number(entry.get(2)) == Some(user))
        .filter_map(|entry| entry.first())
        .collect();
    let foreign = |entry: &Vec<String>| {
        number(entry.get(3)) == Some(group) && number(entry.get(2)) != Some(user)
    };
    let groups: Vec<Vec<String>> = groups.lines().map(fields).collect();
    let Some(entry) = groups.iter().find(|entry| number(entry.get(2)) == Some(group)) else {
        return false;
    };
    let mut members = entry.get(3).map_or("", String::as_str).split(',');
    let only_own = members.all(|name| name.is_empty() || own.iter().any(|own| *own == name));
    !own.is_empty() && only_own && !users.iter().any(foreign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_group_of_ones_own_is_nobody_else() {
        let users = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n\
                     eve:x:1002:1003::/:/bin/sh\n";
        let groups = "root:x:0:\nann:x:1000:\nstaff:x:50:ann,bob\nmine:x:51:ann\nteam:x:1003:\n";
        for (group, expected) in
            [(1000, true), (51, true), (50, false), (1003, false), (4242, false)]
        {
            assert_eq!(alone(users, groups, 1000, group), expected, "{group}");
        }
        assert!(!alone(users, groups, 7, 1000), "a user whom nobody knows");
    }

    #[test]
    fn what_everybody_can_write_is_doubted() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        std::fs::write(&file, "a").unwrap();
        for (mode, doubted) in [(0o644, false), (0o600, false), (0o646, true), (0o666, true)] {
            std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let doubt = doubt(&std::fs::metadata(&file).unwrap());
            assert_eq!(doubt.is_some(), doubted, "{mode:o}: {doubt:?}");
        }
        for (mode, doubted) in [(0o755, false), (0o1777, false), (0o757, true)] {
            std::fs::set_permissions(dir.path(), Permissions::from_mode(mode)).unwrap();
            let doubt = doubt(&std::fs::metadata(dir.path()).unwrap());
            assert_eq!(doubt.is_some(), doubted, "{mode:o}: {doubt:?}");
        }
    }
}
