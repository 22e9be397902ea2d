//! The notifications that are open on the desktop, and what their buttons mean.

use nightshift_model::answering::ANSWER_AFTER_MS;
use nightshift_model::{Answer, NeedId, State};
use nightshift_protocol::{NotificationOrder, SessionView};
use std::collections::VecDeque;
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
    /// Since when (monotonic) it is shown.
    pub shown_at: Duration,
    /// Until when (monotonic) it is remembered.
    pub until: Duration,
}

/// What pressing a button means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pressed {
    Open {
        session: String,
    },
    /// `shown` is for how long its request had been on the desktop.
    Answer {
        session: String,
        need: NeedId,
        answer: Answer,
        shown: Duration,
    },
}

#[derive(Default)]
pub struct Bubbles {
    open: Vec<Bubble>,
    /// Numbers that were taken from the desktop, and their sessions: a press may be on its way still.
    taken: VecDeque<(u32, String)>,
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

    /// Whether this number is of one that we have shown.
    pub fn knows(&self, id: u32) -> bool {
        self.open.iter().any(|b| b.id == id) || self.taken.iter().any(|(taken, _)| *taken == id)
    }

    /// The one that this order only tells anew, and which keeps its number; 0 is none. A number never
    /// changes its request: a press on its way would meet the next one.
    pub fn told_anew(&self, order: &NotificationOrder) -> u32 {
        self.of(&order.receipt.session).find(|b| b.need == order.need).map_or(0, |b| b.id)
    }

    /// Those of its session that make room for this order.
    pub fn displaced_by(&self, order: &NotificationOrder) -> Vec<u32> {
        self.of(&order.receipt.session).filter(|b| b.need != order.need).map(|b| b.id).collect()
    }

    pub fn shown(&mut self, id: u32, order: &NotificationOrder, now: Duration) {
        let session = order.receipt.session.clone();
        self.open.retain(|b| b.id != id && b.session != session);
        let answers = order.buttons.iter().map(|b| b.answer.clone()).collect();
        let (need, until) = (order.need.clone(), now + KEPT);
        self.open.push(Bubble { id, session, need, answers, shown_at: now, until });
        let over = self.open.len().saturating_sub(BUBBLES_MAX);
        self.open.drain(..over);
    }

    /// What pressing `key` on notification `id` means; none for one that is not ours. A button that was
    /// pressed before its request can have been read, or whose request has gone, opens the session.
    pub fn pressed(&self, id: u32, key: &str, now: Duration) -> Option<Pressed> {
        let opens = |session: &str| {
            let session = session.to_owned();
            (!session.is_empty()).then_some(Pressed::Open { session })
        };
        let Some(bubble) = self.open.iter().find(|b| b.id == id) else {
            return self.taken.iter().find(|(taken, _)| *taken == id).and_then(|(_, s)| opens(s));
        };
        if matches!(key, DEFAULT | OPEN) {
            return opens(&bubble.session);
        }
        let n: usize = key.strip_prefix(ANSWER)?.parse().ok()?;
        let answer = bubble.answers.get(n)?.clone();
        let shown = now.saturating_sub(bubble.shown_at);
        match bubble.need.clone() {
            Some(need) if shown >= Duration::from_millis(ANSWER_AFTER_MS) => {
                Some(Pressed::Answer { session: bubble.session.clone(), need, answer, shown })
            }
            Some(_) | None => opens(&bubble.session),
        }
    }

    /// The user or the service closed it.
    pub fn closed(&mut self, id: u32) {
        self.open.retain(|b| b.id != id);
    }

    /// It is taken from the desktop by us.
    pub fn take(&mut self, id: u32) {
        let gone = self.open.iter().find(|b| b.id == id).map(|b| (id, b.session.clone()));
        self.closed(id);
        self.taken.extend(gone);
        let over = self.taken.len().saturating_sub(BUBBLES_MAX);
        self.taken.drain(..over);
    }

    /// No server shows any of them any more.
    pub fn forget_all(&mut self) {
        self.open.clear();
        self.taken.clear();
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

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_model::Millis;
    use nightshift_protocol::{
        Delivery, NoticeChannel, NotificationButton, NotificationKind, Receipt, SecretPlace,
    };
    use nightshift_testkit::Dice;

    const AFTER: Duration = Duration::from_millis(ANSWER_AFTER_MS);

    fn order(session: &str, need: Option<&str>) -> NotificationOrder {
        let button = |label: &str, answer| NotificationButton { label: label.into(), answer };
        let buttons = [button("Allow", Answer::Allow), button("Deny", Answer::Deny)];
        NotificationOrder {
            receipt: Receipt {
                n: 1,
                at: Millis(1),
                settled_at: None,
                session: session.into(),
                occasion: String::new(),
                kind: NotificationKind::NeedsInput,
                channel: NoticeChannel::Desktop,
                title: String::new(),
                text: String::new(),
                delivery: Delivery::Pending,
            },
            session_name: session.into(),
            need: need.map(|id| NeedId(id.into())),
            buttons: need.map(|_| buttons.to_vec()).unwrap_or_default(),
            url: String::new(),
            secret: SecretPlace::default(),
        }
    }

    #[test]
    fn security_06_numbers_of_other_programs_notifications_are_not_ours() {
        let mut bubbles = Bubbles::default();
        bubbles.shown(7, &order("5e55", Some("n")), Duration::ZERO);
        bubbles.shown(8, &order("0ther", None), Duration::ZERO);
        bubbles.take(8);
        for (id, ours) in [(7, true), (8, true), (0, false), (9, false), (u32::MAX, false)] {
            assert_eq!(bubbles.knows(id), ours, "{id}");
            assert_eq!(bubbles.pressed(id, OPEN, AFTER).is_some(), ours, "{id}");
        }
        bubbles.forget_all();
        assert!(!bubbles.knows(7) && !bubbles.knows(8));
    }

    fn opens(session: &str) -> Option<Pressed> {
        Some(Pressed::Open { session: session.into() })
    }

    fn allows(session: &str, need: &str, shown: Duration) -> Option<Pressed> {
        let need = NeedId(need.into());
        Some(Pressed::Answer { session: session.into(), need, answer: Answer::Allow, shown })
    }

    /// What the notifier does with an order; the number that the service gives.
    fn tell(
        bubbles: &mut Bubbles,
        order: &NotificationOrder,
        last: &mut u32,
        now: Duration,
    ) -> u32 {
        for id in bubbles.displaced_by(order) {
            bubbles.take(id);
        }
        let kept = bubbles.told_anew(order);
        let id = if kept == 0 { *last + 1 } else { kept };
        *last = id.max(*last);
        bubbles.shown(id, order, now);
        id
    }

    #[test]
    fn failures_39_a_button_answers_only_what_was_shown_long_enough() {
        let (mut bubbles, mut last, now) = (Bubbles::default(), 0, Duration::from_secs(9));
        let first = tell(&mut bubbles, &order("s", Some("need-1")), &mut last, now);
        for (after, expected) in [
            (Duration::ZERO, opens("s")),
            (AFTER - Duration::from_millis(1), opens("s")),
            (AFTER, allows("s", "need-1", AFTER)),
        ] {
            assert_eq!(bubbles.pressed(first, "answer-0", now + after), expected, "{after:?}");
        }
        // The next request of the session comes in its place: the double click meets that.
        let later = now + AFTER * 4;
        let second = tell(&mut bubbles, &order("s", Some("need-2")), &mut last, later);
        assert_eq!(bubbles.pressed(second, "answer-0", later + AFTER / 2), opens("s"));
        assert_eq!(
            bubbles.pressed(second, "answer-0", later + AFTER),
            allows("s", "need-2", AFTER)
        );
        assert_eq!(bubbles.pressed(second, "default", later), opens("s"), "a click on it opens");
    }

    #[test]
    fn security_18_a_notifications_number_never_changes_its_request() {
        let (mut bubbles, mut last, now) = (Bubbles::default(), 0, Duration::from_secs(9));
        let told = [Some("need-1"), Some("need-2"), None, Some("need-3")];
        let ids = told.map(|need| tell(&mut bubbles, &order("s", need), &mut last, now));
        assert_eq!(ids, [1, 2, 3, 4]);
        // A press on one that is gone, however late, opens the session.
        for id in &ids[..3] {
            assert_eq!(bubbles.pressed(*id, "answer-0", now + AFTER * 10), opens("s"));
        }
        let anew = tell(&mut bubbles, &order("s", Some("need-3")), &mut last, now);
        assert_eq!(anew, 4, "told again, it is the same notification");
        bubbles.take(4);
        assert_eq!(bubbles.pressed(4, "answer-0", now + AFTER * 10), opens("s"));
        assert_eq!(bubbles.pressed(77, "answer-0", now), None, "another program's");
    }

    /// Requests of three sessions come and go while somebody presses buttons that he has just seen.
    #[test]
    fn failures_39_fuzz_of_buttons() {
        for seed in 0..2_000 {
            let mut dice = Dice::new(seed);
            let (mut bubbles, mut last) = (Bubbles::default(), 0);
            let mut now = Duration::from_secs(1);
            // Number, session and request of all that was ever shown, and since when.
            let mut seen: Vec<(u32, String, Option<NeedId>, Duration)> = Vec::new();
            for n in 1..60 {
                now += Duration::from_millis(dice.below(400));
                let session = format!("s{}", dice.below(3));
                if dice.one_in(3) {
                    let need = (!dice.one_in(4)).then(|| format!("need-{}", n - dice.below(2)));
                    let order = order(&session, need.as_deref());
                    let id = tell(&mut bubbles, &order, &mut last, now);
                    let known = seen.iter().find(|(known, ..)| *known == id);
                    assert!(known.is_none_or(|(.., need, _)| *need == order.need), "seed {seed}");
                    seen.retain(|(known, ..)| *known != id);
                    seen.push((id, session, order.need, now));
                    continue;
                }
                let Some((id, session, need, since)) = dice.pick(&seen).cloned() else { continue };
                let key = if dice.one_in(2) { "answer-0" } else { "answer-1" };
                match bubbles.pressed(id, key, now) {
                    Some(Pressed::Answer { session: of, need: answered, shown, .. }) => {
                        assert_eq!((of, Some(answered)), (session, need), "seed {seed}");
                        assert!(now - since >= AFTER && shown == now - since, "seed {seed}");
                    }
                    Some(Pressed::Open { session: of }) => assert_eq!(of, session, "seed {seed}"),
                    None => {}
                }
            }
        }
    }
}
