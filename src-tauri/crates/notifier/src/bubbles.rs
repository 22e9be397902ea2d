//! The notifications that are open on the desktop, and what their buttons mean.

use nightshift_model::{Answer, NeedId, State};
use nightshift_protocol::{NotificationOrder, SessionView};
use std::time::Duration;

/// Open ones that are remembered; older ones are then only text.
const BUBBLES_MAX: usize = 64;
/// A notification that nobody touched for so long is forgotten, so that its process ends.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The keys of actions: `default` is a click on the notification itself.
pub const DEFAULT: &str = "default";
pub const OPEN: &str = "open";
const ANSWER: &str = "answer-";

/// One open notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bubble {
    /// The server's number.
    pub id: u32,
    pub session: String,
    pub need: Option<NeedId>,
    pub answers: Vec<Answer>,
    /// Until when (monotonic) it is remembered.
    pub until: Duration,
}

/// What pressing a button means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pressed {
    Open { session: String },
    Answer { session: String, need: Option<NeedId>, answer: Answer },
}

#[derive(Default)]
pub struct Bubbles {
    open: Vec<Bubble>,
}

/// Keys and labels for the server, in pairs.
pub fn actions(order: &NotificationOrder) -> Vec<(String, String)> {
    let session = !order.receipt.session.is_empty();
    let click = session.then(|| (DEFAULT.to_owned(), "Open".to_owned()));
    let answers = order.buttons.iter().enumerate();
    let answers = answers.map(|(n, button)| (format!("{ANSWER}{n}"), button.label.clone()));
    let open = session.then(|| (OPEN.to_owned(), "Open".to_owned()));
    click.into_iter().chain(answers).chain(open).collect()
}

impl Bubbles {
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The one of this session that a new one takes the place of; 0 is none.
    pub fn replaced(&self, session: &str) -> u32 {
        self.open.iter().find(|b| b.session == session).map_or(0, |b| b.id)
    }

    pub fn shown(&mut self, id: u32, order: &NotificationOrder, now: Duration) {
        let session = order.receipt.session.clone();
        self.open.retain(|b| b.id != id && b.session != session);
        let answers = order.buttons.iter().map(|b| b.answer.clone()).collect();
        let until = now + KEPT;
        self.open.push(Bubble { id, session, need: order.need.clone(), answers, until });
        let over = self.open.len().saturating_sub(BUBBLES_MAX);
        self.open.drain(..over);
    }

    /// What pressing `key` on notification `id` means; none for one that is not ours.
    pub fn pressed(&self, id: u32, key: &str) -> Option<Pressed> {
        let bubble = self.open.iter().find(|b| b.id == id)?;
        let session = bubble.session.clone();
        if matches!(key, DEFAULT | OPEN) {
            return (!session.is_empty()).then_some(Pressed::Open { session });
        }
        let n: usize = key.strip_prefix(ANSWER)?.parse().ok()?;
        let answer = bubble.answers.get(n)?.clone();
        Some(Pressed::Answer { session, need: bubble.need.clone(), answer })
    }

    pub fn closed(&mut self, id: u32) {
        self.open.retain(|b| b.id != id);
    }

    /// No server shows any of them any more.
    pub fn forget_all(&mut self) {
        self.open.clear();
    }

    /// When (monotonic) the next one is forgotten.
    pub fn next_forgotten(&self) -> Option<Duration> {
        self.open.iter().map(|b| b.until).min()
    }

    pub fn forget_old(&mut self, now: Duration) {
        self.open.retain(|b| now < b.until);
    }

    /// Those that the session as it is now has settled.
    pub fn settled_by(&self, view: &SessionView) -> Vec<u32> {
        self.of(&view.id).filter(|bubble| !still_holds(bubble, &view.state)).map(|b| b.id).collect()
    }

    /// Those of sessions that are not among `ids`.
    pub fn of_others(&self, ids: &[String]) -> Vec<u32> {
        let gone = |b: &&Bubble| !b.session.is_empty() && !ids.contains(&b.session);
        self.open.iter().filter(gone).map(|b| b.id).collect()
    }

    pub fn of(&self, session: &str) -> impl Iterator<Item = &Bubble> {
        self.open.iter().filter(move |b| b.session == session)
    }
}

/// A request as long as it is open; a result or a failure until the session works again.
fn still_holds(bubble: &Bubble, state: &State) -> bool {
    match (&bubble.need, state) {
        (Some(need), State::NeedsInput { needs }) => needs.iter().any(|n| &n.id == need),
        (Some(_), _) => false,
        (None, State::Starting | State::Working) => false,
        (None, _) => true,
    }
}
