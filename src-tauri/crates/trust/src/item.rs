//! One thing that would be run or would widen rights, and all of them together.

use nightshift_worktree::sha256;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Who would take it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Setup and teardown of worktrees.
    Scripts,
    /// What Nightshift itself would give an agent to do.
    Instructions,
    Claude,
    /// `.mcp.json`, which several agents read.
    Mcp,
    Codex,
    Gemini,
    Qwen,
    Opencode,
    /// Agents that were not tried with this build.
    Others,
    /// Hooks, and programs that the repository's own configuration names.
    Git,
}

/// What is decided together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Scripts,
    Instructions,
    Agents,
    Git,
}

impl Part {
    pub fn group(self) -> Group {
        match self {
            Part::Scripts => Group::Scripts,
            Part::Instructions => Group::Instructions,
            Part::Git => Group::Git,
            Part::Claude
            | Part::Mcp
            | Part::Codex
            | Part::Gemini
            | Part::Qwen
            | Part::Opencode
            | Part::Others => Group::Agents,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    pub part: Part,
    /// Relative to the repository's root, or the name of a setting of git.
    pub path: String,
    pub does: String,
    /// What is shown.
    pub shown: Vec<u8>,
    /// What counts, where that is not shown as it is.
    pub kept_back: Option<Vec<u8>>,
    /// Of what counts.
    pub sha256: String,
}

impl Item {
    pub fn new(part: Part, path: impl Into<String>, does: &str, bytes: Vec<u8>) -> Item {
        let sha256 = sha256(&bytes);
        let (path, does) = (path.into(), does.to_owned());
        Item { part, path, does, shown: bytes, kept_back: None, sha256 }
    }

    /// As `new`, shown otherwise than it is.
    pub fn shown_as(
        part: Part,
        path: impl Into<String>,
        does: &str,
        bytes: Vec<u8>,
        shown: Vec<u8>,
    ) -> Item {
        let sha256 = sha256(&bytes);
        Item { shown, kept_back: Some(bytes), sha256, ..Item::new(part, path, does, Vec::new()) }
    }

    /// What counts.
    pub fn exact(&self) -> &[u8] {
        self.kept_back.as_deref().unwrap_or(&self.shown)
    }
}

/// Everything of one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The main checkout, or the directory where there is no repository.
    pub repository: PathBuf,
    /// Which one it is, told from another at its path.
    pub identity: Option<String>,
    pub items: Vec<Item>,
    /// Something could not be read: it cannot be trusted as it is.
    pub unreadable: Vec<String>,
    /// Neither shown nor counted, and nothing new either when a worktree has it: what was shown in another form,
    /// or stands in repositories that a new worktree does not have yet.
    pub beside: Vec<Item>,
}

impl Found {
    pub fn add(&mut self, items: impl IntoIterator<Item = Item>) {
        self.items.extend(items);
        self.items.sort();
        self.items.dedup();
    }

    /// Whether all of it was there before.
    pub fn adds_nothing_to(&self, before: &Found) -> bool {
        let known: BTreeSet<(&str, &str)> = before
            .items
            .iter()
            .chain(&before.beside)
            .map(|item| (item.path.as_str(), item.sha256.as_str()))
            .collect();
        let is_known = |item: &Item| known.contains(&(item.path.as_str(), item.sha256.as_str()));
        self.items.iter().all(is_known)
            && self.unreadable.iter().all(|why| before.unreadable.contains(why))
    }

    /// Nothing runs and nothing widens rights.
    pub fn is_nothing(&self) -> bool {
        self.items.is_empty() && self.unreadable.is_empty()
    }

    pub fn has(&self, group: Group) -> bool {
        let unread = group == Group::Agents && !self.unreadable.is_empty();
        unread || self.items.iter().any(|item| item.part.group() == group)
    }

    /// Each file once: one that several others name is an item for each of them.
    pub fn distinct(&self) -> Vec<&Item> {
        let mut seen = BTreeSet::new();
        self.items.iter().filter(|item| seen.insert((&item.path, &item.sha256))).collect()
    }

    pub fn parts(&self) -> impl Iterator<Item = Part> {
        self.items.iter().map(|item| item.part)
    }

    /// Of everything in a group; none where that holds nothing.
    pub fn hash_of(&self, group: Group) -> Option<String> {
        let of_group = self.items.iter().filter(|item| item.part.group() == group);
        let mut lines: Vec<String> =
            of_group.map(|item| format!("{}\0{}\n", item.path, item.sha256)).collect();
        lines.sort();
        lines.dedup();
        (!lines.is_empty()).then(|| sha256(lines.concat().as_bytes()))
    }

    /// Of everything in a group, or of each thing where they are looked at one by one.
    pub fn hashes_of(&self, group: Group) -> Vec<String> {
        if group != Group::Instructions {
            return self.hash_of(group).into_iter().collect();
        }
        let of_group = self.items.iter().filter(|item| item.part.group() == group);
        of_group.map(|item| sha256(format!("{}\0{}", item.path, item.sha256).as_bytes())).collect()
    }

    /// Of everything.
    pub fn hash(&self) -> String {
        let groups = [Group::Scripts, Group::Agents, Group::Git];
        let hashes = groups.map(|group| self.hash_of(group).unwrap_or_default());
        let mut hashes = Vec::from(hashes);
        hashes.extend(self.hash_of(Group::Instructions));
        sha256([hashes.join("\n"), self.unreadable.join("\n")].join("\n\n").as_bytes())
    }
}
