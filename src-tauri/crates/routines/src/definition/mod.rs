//! What a routine's file says: `<name>.md`, settings in TOML between two lines `+++`, then the prompt.
//!
//! Promises: all mistakes of a file are told at once, each with line and column; what is not known is a mistake;
//! what this version cannot confine is refused with that reason and never runs unconfined.
//! Must not know: where files are, whether repository, agent, session or connector exist, routine's state.

pub mod duration;
mod edit;
mod edits;
mod fields;
mod front;
mod hash;
pub mod limits;
mod name;
mod policy;
mod problem;
mod remarks;
mod surroundings;
mod trigger;
mod write;

pub use edit::{EditError, edit, set_prompt};
pub use edits::{Edit, PROMPT, Wrong, edit_all};
pub(crate) use fields::{At, Fields};
pub use hash::hash;
pub use name::{ID_PREFIX, check_name, name_of_file};
pub use policy::{
    Budget, Jitter, Missed, Notify, Otherwise, Outcome, Overlap, Per, Permissions, Policy,
};
pub use problem::Problem;
pub use remarks::remarks;
pub use surroundings::{Base, Environment, From, Repository, Secret, Target, WorktreeUse};
pub use trigger::{ASSOCIATIONS, GithubTrigger, Trigger, TriggerKey, is_repository};
pub use write::to_text;

use jiff::tz::TimeZone;
use problem::Report;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Finds a time zone by its IANA name. None: there is none of that name.
pub type Zones<'z> = &'z dyn Fn(&str) -> Option<TimeZone>;

/// Everything that a routine needs to run alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// One line for lists; may be empty.
    pub description: String,
    /// As in a dispatch. None: the default of the settings.
    pub agent: Option<String>,
    pub model: Option<String>,
    pub mode: Option<String>,
    /// The agent's own options, by its names.
    pub options: BTreeMap<String, String>,
    /// None: an empty directory.
    pub repository: Option<Repository>,
    pub base: Base,
    pub worktree: WorktreeUse,
    pub target: Target,
    /// An IANA name. None: the machine's zone.
    pub timezone: Option<String>,
    pub triggers: Vec<Trigger>,
    pub policy: Policy,
    pub permissions: Permissions,
    pub environment: Environment,
    pub outcome: Outcome,
    /// Without white space around it.
    pub prompt: String,
}

impl Definition {
    /// With this prompt and nothing set: runs by hand only.
    pub fn new(prompt: &str) -> Definition {
        Definition {
            description: String::new(),
            agent: None,
            model: None,
            mode: None,
            options: BTreeMap::new(),
            repository: None,
            base: Base::Default,
            worktree: WorktreeUse::PerRun,
            target: Target::New,
            timezone: None,
            triggers: Vec::new(),
            policy: Policy::default(),
            permissions: Permissions::default(),
            environment: Environment::default(),
            outcome: Outcome::default(),
            prompt: prompt.trim().to_owned(),
        }
    }

    pub fn trigger(&self, key: &TriggerKey) -> Option<&Trigger> {
        self.triggers.iter().find(|trigger| trigger.key() == *key)
    }
}

/// Reads a file's text. The error is every mistake in it, in the order of the file, at least one.
pub fn parse(text: &str, zones: Zones<'_>) -> Result<Definition, Vec<Problem>> {
    let parts = front::parts(text).map_err(|problem| vec![problem])?;
    let front = &text[parts.front.clone()];
    let report = Report::new(text, parts.front.start);
    let prompt = &text[parts.prompt.clone()];
    if let Some((at, why)) = front::wrong_prompt(prompt) {
        report.say_at(parts.prompt.start + at, why);
    }
    let document = match toml_edit::Document::parse(front) {
        Ok(document) => document,
        Err(error) => {
            report.say(&error.span(), error.message());
            return Err(report.problems());
        }
    };
    let definition = read(&Fields::new(&report, document.as_table(), "", None), zones, prompt);
    if report.count() > 0 { Err(report.problems()) } else { Ok(definition) }
}

fn read(root: &Fields<'_>, zones: Zones<'_>, prompt: &str) -> Definition {
    let word = |key| root.line(key, limits::WORD_MAX_CHARS).map(|found| found.value);
    let timezone = root.line("timezone", limits::WORD_MAX_CHARS);
    if let Some(zone) = timezone.as_ref().filter(|zone| zones(&zone.value).is_none()) {
        let message =
            format!("`{}` is no time zone; write an IANA name such as `Europe/Berlin`", zone.value);
        root.say(&zone.span, message);
    }
    let timezone = timezone.map(|zone| zone.value);
    let options = root.map("options", limits::VARIABLES_MAX, limits::WORD_MAX_CHARS);
    let definition = Definition {
        description: root
            .line("description", limits::DESCRIPTION_MAX_CHARS)
            .map(|found| found.value)
            .unwrap_or_default(),
        agent: word("agent"),
        model: word("model"),
        mode: word("mode"),
        options: options.into_iter().map(|(name, at)| (name, at.value)).collect(),
        repository: surroundings::repository(root),
        base: surroundings::base(root),
        worktree: surroundings::worktree(root),
        target: surroundings::target(root),
        triggers: trigger::read_all(root, zones, timezone.as_deref()),
        timezone,
        policy: policy::policy(root),
        permissions: policy::permissions(root),
        environment: surroundings::environment(root),
        outcome: policy::outcome(root),
        prompt: prompt.trim().to_owned(),
    };
    surroundings::together(root, &definition);
    root.done();
    definition
}

/// The word of a list that was probably meant.
pub(crate) fn nearest_word<'n>(word: &str, known: &[&'n str]) -> Option<&'n str> {
    fields::nearest(word, known)
}
