//! What a pull request makes of the session whose work it is.

use super::Next;
use crate::evidence::Source;
use crate::pull_request::{PULL_REQUESTS_MAX, PullRequest, PullState};

/// Told again it changes nothing.
pub(super) fn opened(next: &mut Next, url: &str, source: Source) {
    let Some(pull) = PullRequest::at(url, next.at) else { return };
    let known = &mut next.session.pull_requests;
    if known.iter().any(|one| one.url == pull.url) {
        return;
    }
    if known.len() >= PULL_REQUESTS_MAX {
        known.remove(0);
    }
    let text = format!("pull request #{} was opened: {}", pull.number, pull.url);
    known.push(pull);
    next.note(source, &text);
}

/// Its forge was asked.
pub(super) fn seen(next: &mut Next, url: &str, state: PullState) {
    let at = next.at;
    let known = next.session.pull_requests.iter_mut().find(|one| one.url == url);
    let Some(pull) = known.filter(|one| one.state != state) else { return };
    pull.state = state;
    pull.since = at;
    let text = format!("pull request #{} is {}", pull.number, state.word());
    next.note(Source::Supervisor, &text);
}
