//! Whether a trigger takes an event, and why not.
//!
//! Promise: what is another repository's or another event is no matter of the trigger; everything else that it does
//! not take has a reason of its own.

use super::event::Event;
use super::filter::{Field, Filter, Test, full_match};
use crate::definition::GithubTrigger;
use crate::occurrence::SkipReason;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// Another repository, another event: nothing to tell.
    NotMine,
    Skip(SkipReason),
}

/// `is_own` says whether a branch of the repository was made by a run of ours (the loop guard).
pub fn take(trigger: &GithubTrigger, event: &Event, is_own: &dyn Fn(&str) -> bool) -> Taken {
    let listed =
        trigger.events.iter().any(|pattern| pattern.takes(event.kind, event.action.as_deref()));
    if !listed || !trigger.repository.eq_ignore_ascii_case(&event.repository) {
        return Taken::NotMine;
    }
    // A fork's branch of the same name is not ours.
    let branch = if event.fork { None } else { event.head.as_deref().or(pushed(event)) };
    if branch.is_some_and(is_own) {
        return Taken::Skip(SkipReason::OwnEvent);
    }
    if event.fork && !trigger.forks {
        return Taken::Skip(SkipReason::Fork);
    }
    if !trigger.authors.is_empty() && !is_heard(trigger, event) {
        return Taken::Skip(SkipReason::UntrustedAuthor);
    }
    if !trigger.filters.iter().all(|filter| matches(filter, event)) {
        return Taken::Skip(SkipReason::Filtered);
    }
    Taken::Yes
}

fn pushed(event: &Event) -> Option<&str> {
    let is_push = event.kind == super::kinds::EventKind::Push;
    event.base.as_deref().filter(|_| is_push)
}

/// Without an association nobody knows who speaks.
fn is_heard(trigger: &GithubTrigger, event: &Event) -> bool {
    event
        .author_association
        .as_ref()
        .is_some_and(|association| trigger.authors.contains(association))
}

/// What an event does not have matches nothing; only `not_one_of` holds for it.
pub fn matches(filter: &Filter, event: &Event) -> bool {
    let texts: Vec<&str> = match filter.field {
        Field::Draft => {
            return filter.test == Test::Flag(event.draft == Some(true)) && event.draft.is_some();
        }
        Field::Merged => {
            return filter.test == Test::Flag(event.merged == Some(true)) && event.merged.is_some();
        }
        Field::Labels => event.labels.iter().map(String::as_str).collect(),
        Field::Author => event.author.as_deref().into_iter().collect(),
        Field::Title => event.title.as_deref().into_iter().collect(),
        Field::Body => event.body.as_deref().into_iter().collect(),
        Field::Base => event.base.as_deref().into_iter().collect(),
        Field::Head => event.head.as_deref().into_iter().collect(),
    };
    let login = filter.field == Field::Author;
    let even = |text: &str| if login { text.to_lowercase() } else { text.to_owned() };
    let any = |test: &dyn Fn(&str) -> bool| texts.iter().any(|text| test(&even(text)));
    let among = |values: &[String]| any(&|text| values.iter().any(|value| even(value) == text));
    match &filter.test {
        Test::Flag(_) => false,
        Test::Equals(value) => any(&|text| text == even(value)),
        Test::Contains(value) => any(&|text| text.contains(&even(value))),
        Test::StartsWith(value) => any(&|text| text.starts_with(&even(value))),
        Test::OneOf(values) => among(values),
        Test::NotOneOf(values) => !among(values),
        Test::Matches(expression) => {
            let expression = full_match(expression);
            expression.is_ok_and(|expression| texts.iter().any(|text| expression.is_match(text)))
        }
    }
}
