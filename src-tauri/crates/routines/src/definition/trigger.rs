//! What starts a routine, and the reading of `[[trigger]]`.

use super::fields::{At, Fields, nearest, quoted};
use super::limits::{
    EVENTS_MAX, EVERY_MAX_MS, EVERY_MIN_MS, FILTERS_MAX, TRIGGERS_MAX, WORD_MAX_CHARS,
};
use super::{Zones, duration};
use crate::github::filter::{Filter, read_filter};
use crate::github::kinds::{self, EventPattern};
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;
use nightshift_schedule::Cron;
use serde::{Deserialize, Serialize};

/// One trigger. Its identity is its content: an edited trigger is another one, which never fires the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Trigger {
    /// Five fields, in the routine's zone.
    Schedule {
        cron: Cron,
    },
    /// Every so many milliseconds since the trigger was armed. Clock changes and zones do not move it.
    Every {
        period_ms: i64,
    },
    /// Once at this civil time in the routine's zone, then off.
    At {
        #[serde(with = "as_text")]
        at: DateTime,
    },
    /// By the fire endpoint, with a token of this routine.
    Api,
    Github(GithubTrigger),
}

/// Which events of which repository start the routine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GithubTrigger {
    /// `owner/name`. Compared without regard to case, as GitHub does.
    pub repository: String,
    pub events: Vec<EventPattern>,
    /// All must match.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// Events of pull requests from forks count as well.
    #[serde(default)]
    pub forks: bool,
    /// Whose events count, as `author_association` names them, in capitals. Empty: anyone's.
    #[serde(default)]
    pub authors: Vec<String>,
}

/// A civil time in JSON: `2026-12-01T09:00:00`.
mod as_text {
    use super::DateTime;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(at: &DateTime, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(at)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// What a trigger is known by: its content in one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TriggerKey(pub String);

impl std::fmt::Display for TriggerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Trigger {
    pub fn key(&self) -> TriggerKey {
        TriggerKey(match self {
            Trigger::Schedule { cron } => format!("schedule {cron}"),
            Trigger::Every { period_ms } => format!("every {}", duration::write(*period_ms)),
            Trigger::At { at } => format!("at {at}"),
            Trigger::Api => "api".to_owned(),
            Trigger::Github(github) => github.key(),
        })
    }

    /// `schedule`, `api` or `github`, as run records name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Trigger::Schedule { .. } | Trigger::Every { .. } | Trigger::At { .. } => "schedule",
            Trigger::Api => "api",
            Trigger::Github(_) => "github",
        }
    }

    pub fn is_timed(&self) -> bool {
        self.kind() == "schedule"
    }
}

impl GithubTrigger {
    fn key(&self) -> String {
        let mut events: Vec<String> = self.events.iter().map(ToString::to_string).collect();
        events.sort();
        let mut key = format!("github {} {}", self.repository.to_lowercase(), events.join(","));
        for filter in &self.filters {
            key.push_str(&format!(" {filter}"));
        }
        if self.forks {
            key.push_str(" forks");
        }
        if !self.authors.is_empty() {
            key.push_str(&format!(" authors {}", self.authors.join(",")));
        }
        key
    }
}

const KINDS: [&str; 5] = ["schedule", "every", "at", "api", "github"];

pub(super) fn read_all(root: &Fields<'_>, zones: Zones<'_>, zone: Option<&str>) -> Vec<Trigger> {
    let mut triggers: Vec<Trigger> = Vec::new();
    for fields in root.tables("trigger", TRIGGERS_MAX) {
        let Some(trigger) = read(&fields, zones, zone) else { continue };
        if triggers.iter().any(|other| other.key() == trigger.key()) {
            fields.say(&fields.span, "this trigger is there twice; remove one of them");
            continue;
        }
        triggers.push(trigger);
    }
    triggers
}

fn read(fields: &Fields<'_>, zones: Zones<'_>, zone: Option<&str>) -> Option<Trigger> {
    let given: Vec<&str> = KINDS.into_iter().filter(|kind| fields.item(kind).is_some()).collect();
    let trigger = match given.as_slice() {
        ["schedule"] => schedule(fields),
        ["every"] => every(fields),
        ["at"] => at(fields, zones, zone),
        ["api"] => api(fields),
        ["github"] => github(fields).map(Trigger::Github),
        [] => {
            fields.say(&fields.span, format!("a trigger needs one of {}", quoted(&KINDS)));
            None
        }
        several => {
            let message =
                format!("a trigger has only one of {}; make two triggers of it", quoted(several));
            fields.say(&fields.span, message);
            None
        }
    };
    fields.done();
    trigger
}

fn schedule(fields: &Fields<'_>) -> Option<Trigger> {
    let text = fields.text("schedule", WORD_MAX_CHARS * 5)?;
    match text.value.parse::<Cron>() {
        Ok(cron) => Some(Trigger::Schedule { cron }),
        Err(refusal) => {
            let report = fields.report;
            report.say_inside(&text.span, &text.value, refusal.column, refusal.to_string());
            None
        }
    }
}

fn every(fields: &Fields<'_>) -> Option<Trigger> {
    let period_ms = length(fields, "every", EVERY_MIN_MS, EVERY_MAX_MS)?;
    Some(Trigger::Every { period_ms })
}

/// A length of time between two bounds.
pub(super) fn length(
    fields: &Fields<'_>,
    key: &'static str,
    least_ms: i64,
    most_ms: i64,
) -> Option<i64> {
    let text = fields.text(key, WORD_MAX_CHARS)?;
    let Some(ms) = duration::read(&text.value) else {
        let message = format!(
            "`{}` is no length of time; write one such as `30m`, `2h`, `1h30m` or `1d`",
            text.value
        );
        fields.say(&text.span, message);
        return None;
    };
    if !(least_ms..=most_ms).contains(&ms) {
        let (least, most) = (duration::write(least_ms), duration::write(most_ms));
        fields.say(&text.span, format!("`{key}` must be between {least} and {most}"));
        return None;
    }
    Some(ms)
}

fn at(fields: &Fields<'_>, zones: Zones<'_>, zone: Option<&str>) -> Option<Trigger> {
    let form = "write a date and time of day such as `2026-12-01T09:00`; the zone is `timezone`";
    let text = fields.text("at", WORD_MAX_CHARS)?;
    let plain = text.value.len() >= 16 && !text.value.contains(['Z', 'z', '+', '[']);
    let Some(at) = text.value.parse::<DateTime>().ok().filter(|_| plain) else {
        fields.say(&text.span, format!("`{}` is no time; {form}", text.value));
        return None;
    };
    let zone = zone.and_then(zones);
    if zone.is_some_and(|zone| {
        matches!(zone.to_ambiguous_timestamp(at).offset(), AmbiguousOffset::Gap { .. })
    }) {
        let message = format!(
            "the clock leaps over {} on that day, so there is no such time; write another",
            at.time()
        );
        fields.say(&text.span, message);
        return None;
    }
    Some(Trigger::At { at })
}

fn api(fields: &Fields<'_>) -> Option<Trigger> {
    let found = fields.item("api")?;
    match fields.flag("api") {
        Some(true) => Some(Trigger::Api),
        Some(false) => {
            fields.say(&found.span, "`api = false` is no trigger; remove it");
            None
        }
        None => None,
    }
}

/// What `author_association` can be, by GitHub's documentation.
pub const ASSOCIATIONS: [&str; 8] = [
    "OWNER",
    "MEMBER",
    "COLLABORATOR",
    "CONTRIBUTOR",
    "FIRST_TIME_CONTRIBUTOR",
    "FIRST_TIMER",
    "MANNEQUIN",
    "NONE",
];
const ANYONE: &str = "anyone";

fn github(fields: &Fields<'_>) -> Option<GithubTrigger> {
    let clean = Clean::new(fields);
    let inner = fields.table("github")?;
    let repository = inner.line("repository", WORD_MAX_CHARS);
    if let Some(At { value, span }) = repository.as_ref().filter(|r| !is_repository(&r.value)) {
        inner.say(span, format!("`{value}` is no repository; write `owner/name`"));
    }
    if repository.is_none() && inner.item("repository").is_none() {
        inner.say(&inner.span, "a GitHub trigger needs `repository = \"owner/name\"`");
    }
    let events = events(&inner);
    inner.done();
    let filters = fields.tables("filters", FILTERS_MAX);
    let filters: Vec<Filter> = filters.iter().filter_map(read_filter).collect();
    let forks = fields.flag("forks").unwrap_or(false);
    let authors = authors(fields, &events);
    clean.still().then_some(())?;
    Some(GithubTrigger { repository: repository?.value, events, filters, forks, authors })
}

/// Whether reading has found no problem since.
struct Clean<'f, 'a>(&'f Fields<'a>, usize);

impl<'f, 'a> Clean<'f, 'a> {
    fn new(fields: &'f Fields<'a>) -> Clean<'f, 'a> {
        Clean(fields, fields.report.count())
    }

    fn still(&self) -> bool {
        self.0.report.count() == self.1
    }
}

/// `owner/name` in the letters that GitHub allows.
pub fn is_repository(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let part = |part: &str| !part.is_empty() && part.chars().all(fits) && !part.starts_with('.');
    text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}

fn events(inner: &Fields<'_>) -> Vec<EventPattern> {
    let Some(texts) = inner.texts("events", EVENTS_MAX, WORD_MAX_CHARS) else {
        if inner.item("events").is_none() {
            inner.say(
                &inner.span,
                "a GitHub trigger needs `events`, such as [\"pull_request.opened\"]",
            );
        }
        return Vec::new();
    };
    if texts.is_empty() {
        inner.say(
            &inner.key_span("events"),
            "`events` is empty, so nothing would start this routine",
        );
    }
    let mut events: Vec<EventPattern> = Vec::new();
    for At { value, span } in texts {
        match kinds::pattern(&value) {
            Ok(pattern) if events.contains(&pattern) => {
                inner.say(&span, format!("`{value}` is there twice"))
            }
            Ok(pattern) => events.push(pattern),
            Err(why) => inner.say(&span, why),
        }
    }
    events
}

fn authors(fields: &Fields<'_>, events: &[EventPattern]) -> Vec<String> {
    let given = fields.texts("authors", ASSOCIATIONS.len(), WORD_MAX_CHARS);
    let Some(given) = given else {
        let spoken = events.iter().find(|pattern| pattern.kind.is_speech());
        if let Some(pattern) = spoken.filter(|_| fields.item("authors").is_none()) {
            let message = format!(
                "a routine that answers `{}` says whose it listens to; add authors = [\"owner\", \"member\", \
                 \"collaborator\"], or [\"{ANYONE}\"]",
                pattern.kind.name()
            );
            fields.say(&fields.span, message);
        }
        return Vec::new();
    };
    if given.is_empty() {
        fields
            .say(&fields.key_span("authors"), "`authors` is empty, so nobody would be listened to");
    }
    let mut authors: Vec<String> = Vec::new();
    for At { value, span } in &given {
        let name = value.to_uppercase();
        if value == ANYONE {
            if given.len() > 1 {
                fields.say(span, format!("`{ANYONE}` stands alone"));
            }
        } else if ASSOCIATIONS.contains(&name.as_str()) {
            authors.push(name);
        } else {
            let near = nearest(&name, &ASSOCIATIONS).map(str::to_lowercase);
            let hint = near.map_or_else(
                || {
                    format!(
                        "known are {} and `{ANYONE}`",
                        quoted(&ASSOCIATIONS.map(|a| a)).to_lowercase()
                    )
                },
                |near| format!("did you mean `{near}`?"),
            );
            fields.say(span, format!("`{value}` is no association with a repository; {hint}"));
        }
    }
    authors.sort();
    authors.dedup();
    authors
}
