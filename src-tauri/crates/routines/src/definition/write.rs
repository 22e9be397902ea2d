//! A definition as a file's text: for `create`, templates, imports and drafts.
//!
//! Promise: what is read back is the same definition; what has its default is not written.

use super::policy::{JITTER, MISSED, NOTIFY, OTHERWISE, OVERLAP, PER};
use super::{
    Base, Definition, Environment, From, Outcome, Permissions, Policy, Repository, Secret, Target,
    Trigger, WorktreeUse, duration,
};
use crate::github::filter::Test;
use std::collections::BTreeMap;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

/// The whole file.
pub fn to_text(definition: &Definition) -> String {
    let mut document = DocumentMut::new();
    let root = document.as_table_mut();
    let line = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    put(root, "description", line(&definition.description));
    put(root, "agent", definition.agent.clone());
    put(root, "model", definition.model.clone());
    put(root, "mode", definition.mode.clone());
    put_map(root, "options", &definition.options);
    put(root, "repository", definition.repository.as_ref().map(Repository::as_str));
    put(root, "base", base(&definition.base));
    put(root, "worktree", (definition.worktree == WorktreeUse::None).then_some("none"));
    if let Target::Session(session) = &definition.target {
        put(root, "session", Some(session.clone()));
    }
    put(root, "timezone", definition.timezone.clone());
    if !definition.triggers.is_empty() {
        let tables: ArrayOfTables = definition.triggers.iter().map(trigger).collect();
        root.insert("trigger", Item::ArrayOfTables(tables));
    }
    section(root, "policy", policy(&definition.policy));
    section(root, "permissions", permissions(&definition.permissions));
    section(root, "environment", environment(&definition.environment));
    section(root, "outcome", outcome(&definition.outcome));
    format!("+++\n{document}+++\n{}\n", definition.prompt.trim())
}

fn put(table: &mut Table, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        table.insert(key, Item::Value(value.into()));
    }
}

fn section(root: &mut Table, key: &str, table: Table) {
    if !table.is_empty() {
        root.insert(key, Item::Table(table));
    }
}

fn put_map(table: &mut Table, key: &str, map: &BTreeMap<String, String>) {
    let inline: InlineTable =
        map.iter().map(|(name, text)| (name.as_str(), Value::from(text))).collect();
    put(table, key, (!map.is_empty()).then_some(inline));
}

fn list<'t>(texts: impl IntoIterator<Item = &'t String>) -> Option<Array> {
    let array: Array = texts.into_iter().collect();
    (!array.is_empty()).then_some(array)
}

/// The word of a value that is not the default.
fn word<T: Copy + PartialEq>(
    words: &[(&'static str, T)],
    value: T,
    default: T,
) -> Option<&'static str> {
    words.iter().find(|(_, other)| *other == value && value != default).map(|(word, _)| *word)
}

fn base(base: &Base) -> Option<&str> {
    match base {
        Base::Default => None,
        Base::Head => Some("head"),
        Base::Branch(branch) => Some(branch),
    }
}

fn trigger(trigger: &Trigger) -> Table {
    let mut table = Table::new();
    match trigger {
        Trigger::Schedule { cron } => put(&mut table, "schedule", Some(cron.as_str())),
        Trigger::Every { period_ms } => put(&mut table, "every", Some(duration::write(*period_ms))),
        Trigger::At { at } => put(&mut table, "at", Some(at.to_string())),
        Trigger::Api => put(&mut table, "api", Some(true)),
        Trigger::Github(github) => {
            let events: Array = github.events.iter().map(ToString::to_string).collect();
            let mut inline = InlineTable::new();
            inline.insert("repository", github.repository.as_str().into());
            inline.insert("events", events.into());
            put(&mut table, "github", Some(inline));
            let filters: Array = github
                .filters
                .iter()
                .map(|filter| {
                    let mut inline = InlineTable::new();
                    inline.insert("field", filter.field.name().into());
                    inline.insert("is", filter.test.operator().into());
                    inline.insert("value", test(&filter.test));
                    inline
                })
                .collect();
            put(&mut table, "filters", (!filters.is_empty()).then_some(filters));
            put(&mut table, "forks", github.forks.then_some(true));
            let speech = github.events.iter().any(|event| event.kind.is_speech());
            let authors: Vec<String> =
                github.authors.iter().map(|author| author.to_lowercase()).collect();
            let anyone = ["anyone".to_owned()];
            let authors = if authors.is_empty() && speech { list(&anyone) } else { list(&authors) };
            put(&mut table, "authors", authors);
        }
    }
    table
}

fn test(test: &Test) -> Value {
    match test {
        Test::Flag(yes) => (*yes).into(),
        Test::Equals(text)
        | Test::Contains(text)
        | Test::StartsWith(text)
        | Test::Matches(text) => text.into(),
        Test::OneOf(texts) | Test::NotOneOf(texts) => Value::Array(texts.iter().collect()),
    }
}

fn policy(policy: &Policy) -> Table {
    let (mut table, default) = (Table::new(), Policy::default());
    put(&mut table, "missed", word(&MISSED, policy.missed, default.missed));
    put(&mut table, "max_late", policy.max_late_ms.map(duration::write));
    put(&mut table, "overlap", word(&OVERLAP, policy.overlap, default.overlap));
    put(&mut table, "per", word(&PER, policy.per, default.per));
    let deadline =
        (policy.deadline_ms != default.deadline_ms).then(|| duration::write(policy.deadline_ms));
    put(&mut table, "deadline", deadline);
    put(&mut table, "jitter", word(&JITTER, policy.jitter, default.jitter));
    let other = |value: u32, default: u32| (value != default).then_some(i64::from(value));
    put(&mut table, "retries", other(policy.retries, default.retries));
    put(&mut table, "max_per_day", other(policy.max_per_day, default.max_per_day));
    let mut budget = InlineTable::new();
    if let Some(turns) = policy.budget.turns {
        budget.insert("turns", i64::from(turns).into());
    }
    if let Some(minutes) = policy.budget.minutes {
        budget.insert("minutes", i64::from(minutes).into());
    }
    if let Some(micros) = policy.budget.usd_micros {
        budget.insert("usd", (micros as f64 / 1e6).into());
    }
    put(&mut table, "budget", (!budget.is_empty()).then_some(budget));
    table
}

fn permissions(permissions: &Permissions) -> Table {
    let mut table = Table::new();
    put(&mut table, "allow", list(&permissions.allow));
    put(&mut table, "otherwise", word(&OTHERWISE, permissions.otherwise, Default::default()));
    table
}

fn environment(environment: &Environment) -> Table {
    let mut table = Table::new();
    put(&mut table, "from", (environment.from == From::None).then_some("none"));
    put_map(&mut table, "set", &environment.set);
    let place = |secret: &Secret| match secret {
        Secret::Keyring(entry) => format!("keyring:{entry}"),
        Secret::Variable(name) => format!("env:{name}"),
    };
    let secrets =
        environment.secrets.iter().map(|(name, secret)| (name.clone(), place(secret))).collect();
    put_map(&mut table, "secrets", &secrets);
    put(&mut table, "setup", environment.setup.clone());
    put(&mut table, "connectors", list(&environment.connectors));
    put(&mut table, "precheck", environment.precheck.clone());
    table
}

fn outcome(outcome: &Outcome) -> Table {
    let mut table = Table::new();
    put(&mut table, "goal", outcome.goal.clone());
    put(&mut table, "check", outcome.check.clone());
    put(&mut table, "notify", word(&NOTIFY, outcome.notify, Default::default()));
    table
}
