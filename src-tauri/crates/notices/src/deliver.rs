//! What is on its way: receipts that are not settled, the notifier that takes them, and those who
//! wait to hear what became of them.
//!
//! Promise: nothing is handed to two notifiers; what a notifier took and did not settle before it went
//! is handed out again, a bounded number of times.

use crate::occasion::{Occasion, key_of};
use crate::presence::Presence;
use crate::{verdict, wording};
use nightshift_model::{Millis, Session};
use nightshift_protocol::{
    Delivery, Looking, NoticeChannel, NotificationKind, NotificationOrder, PushResult, Receipt,
    SecretPlace, Silence,
};
use nightshift_settings::{Notifications, is_in_the_open};
use std::collections::VecDeque;
use std::time::Duration;

/// Not yet settled; beyond it the newest fails at once: something is broken, and the log says what.
const PENDING_MAX: usize = 200;
/// How often one order is handed out before the notifier is thought unable to carry it out.
const HAND_OUTS_MAX: u32 = 3;
/// How often a notifier is started for one order.
const STARTS_MAX: u32 = 3;
/// A notifier that was started asks for its orders within this, on a busy machine too.
const NOTIFIER_START: Duration = Duration::from_secs(20);
/// After a supervisor's start: a notifier that outlived the one before comes back within this and says
/// what it has shown.
const RETURN_GRACE: Duration = Duration::from_secs(3);
/// Longest wait of somebody who wants to hear what became of a message.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Messages that one session may push in `PUSH_WINDOW`: a person reads no more.
const PUSHES_MAX: usize = 10;
const PUSH_WINDOW: Duration = Duration::from_secs(10 * 60);
/// Remembered requests that were not told because the user looked at them.
const SEEN_MAX: usize = 64;

/// A connection and its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    pub conn: u64,
    pub request: u64,
}

/// The times of one turn of the loop.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub wall: Millis,
    pub monotonic: Duration,
    /// Local time of day.
    pub minute: u16,
}

/// The answer to somebody who waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    Pushed(PushResult),
    Tested(Vec<Receipt>),
}

struct Order {
    receipt: Receipt,
    taken_by: Option<u64>,
    hand_outs: u32,
    /// Notifiers that were started for it and did not come.
    starts: u32,
}

struct Wait {
    client: Client,
    kind: NotificationKind,
    numbers: Vec<u32>,
    settled: Vec<Receipt>,
    deadline: Duration,
}

/// A connected notifier; with a request it waits for orders.
struct Notifier {
    conn: u64,
    waits: Option<u64>,
}

#[derive(Default)]
pub struct Notices {
    pub settings: Notifications,
    last: u32,
    orders: Vec<Order>,
    presence: Presence,
    notifiers: Vec<Notifier>,
    /// Until when (monotonic) a notifier is expected to come by itself.
    expected_until: Option<Duration>,
    waits: Vec<Wait>,
    seen: Vec<Receipt>,
    pushes: VecDeque<(String, Duration)>,
}

impl Notices {
    pub fn new(settings: Notifications) -> Notices {
        Notices { settings, ..Notices::default() }
    }

    /// What an earlier supervisor left: the number of its last receipt, and what was not settled.
    pub fn restore(&mut self, last: u32, pending: Vec<Receipt>, now: Duration) {
        self.last = last;
        if !pending.is_empty() {
            self.expected_until = Some(now + RETURN_GRACE);
        }
        self.accept(pending);
    }

    /// The receipts that `occasion` leaves, one for each channel; to be stored and then accepted.
    pub fn judge(&mut self, occasion: &Occasion, now: Now) -> Vec<Receipt> {
        let looking = self.presence.looks_at(&occasion.session, now.monotonic);
        let silence = verdict::silence(occasion, &self.settings, looking, now.minute)
            .or_else(|| self.flood(occasion, now.monotonic));
        let channels = verdict::channels(occasion.kind, &self.settings);
        let mut room = PENDING_MAX.saturating_sub(self.orders.len());
        let mut receipts = Vec::new();
        for channel in channels {
            self.last += 1;
            let delivery = match &silence {
                Some((reason, text)) => {
                    Delivery::Suppressed { reason: *reason, text: text.clone() }
                }
                None if room == 0 => {
                    Delivery::Failed { why: format!("{PENDING_MAX} others wait to be sent") }
                }
                None => Delivery::Pending,
            };
            room = room.saturating_sub(1);
            receipts.push(Receipt {
                n: self.last,
                at: now.wall,
                settled_at: (delivery != Delivery::Pending).then_some(now.wall),
                session: occasion.session.clone(),
                occasion: occasion.key.clone(),
                kind: occasion.kind,
                channel,
                title: occasion.title.clone(),
                text: occasion.text.clone(),
                delivery,
            });
        }
        receipts
    }

    fn flood(&mut self, occasion: &Occasion, now: Duration) -> Option<(Silence, String)> {
        if occasion.kind != NotificationKind::Push {
            return None;
        }
        self.pushes.retain(|(_, at)| now.saturating_sub(*at) < PUSH_WINDOW);
        let sent = self.pushes.iter().filter(|(session, _)| *session == occasion.session).count();
        if sent >= PUSHES_MAX {
            let minutes = PUSH_WINDOW.as_secs() / 60;
            let text = format!("this session sent {PUSHES_MAX} messages within {minutes} minutes");
            return Some((Silence::TooMany, text));
        }
        self.pushes.push_back((occasion.session.clone(), now));
        None
    }

    /// The number of the receipt that comes next.
    pub fn next_number(&self) -> u32 {
        self.last + 1
    }

    /// Takes receipts that were stored: what is pending is delivered from now on.
    pub fn accept(&mut self, receipts: Vec<Receipt>) {
        for receipt in receipts {
            match &receipt.delivery {
                Delivery::Pending => {
                    self.orders.push(Order { receipt, taken_by: None, hand_outs: 0, starts: 0 });
                }
                Delivery::Suppressed { reason: Silence::Looking, .. }
                    if receipt.kind == NotificationKind::NeedsInput =>
                {
                    self.seen.push(receipt);
                    let over = self.seen.len().saturating_sub(SEEN_MAX);
                    self.seen.drain(..over);
                }
                Delivery::Suppressed { .. } | Delivery::Delivered | Delivery::Failed { .. } => {}
            }
        }
    }

    /// `client` hears what became of these receipts once they are settled.
    pub fn wait(&mut self, client: Client, receipts: &[Receipt], now: Duration) {
        let open = |r: &&Receipt| r.delivery == Delivery::Pending;
        self.waits.push(Wait {
            client,
            kind: receipts.first().map_or(NotificationKind::Test, |r| r.kind),
            numbers: receipts.iter().filter(open).map(|r| r.n).collect(),
            settled: receipts.iter().filter(|r| !open(r)).cloned().collect(),
            deadline: now + WAIT_MAX,
        });
    }

    /// Those who need wait no longer, with their answers.
    pub fn answers(&mut self, now: Duration) -> Vec<(Client, Answered)> {
        let over = |w: &Wait| w.numbers.is_empty() || now >= w.deadline;
        let (met, left) = std::mem::take(&mut self.waits).into_iter().partition(over);
        self.waits = left;
        let met: Vec<Wait> = met;
        met.into_iter().map(|wait| (wait.client, answer(wait))).collect()
    }

    /// What became of order `n`; gives the receipt to be stored.
    pub fn settle(&mut self, n: u32, delivery: Delivery, at: Millis) -> Option<Receipt> {
        let place = self.orders.iter().position(|order| order.receipt.n == n)?;
        let order = self.orders.remove(place);
        let receipt = Receipt { delivery, settled_at: Some(at), ..order.receipt };
        for wait in &mut self.waits {
            if let Some(at) = wait.numbers.iter().position(|known| *known == n) {
                wait.numbers.remove(at);
                wait.settled.push(receipt.clone());
            }
        }
        Some(receipt)
    }

    /// A notifier asks for orders.
    pub fn notifier_asks(&mut self, client: Client) {
        self.expected_until = None;
        self.notifiers.retain(|known| known.conn != client.conn);
        self.notifiers.push(Notifier { conn: client.conn, waits: Some(client.request) });
    }

    /// Orders for a notifier that waits, if there are both. What is out of date is settled instead.
    pub fn hand_out<'a>(
        &mut self,
        session: impl Fn(&str) -> Option<&'a Session>,
        at: Millis,
    ) -> (Option<(Client, Vec<NotificationOrder>)>, Vec<Receipt>) {
        let mut settled = Vec::new();
        let free: Vec<u32> = self.free().map(|order| order.receipt.n).collect();
        let mut given = Vec::new();
        let Some(notifier) = self.notifiers.iter().position(|n| n.waits.is_some()) else {
            return (None, settled);
        };
        for n in free {
            let Some(order) = self.orders.iter_mut().find(|o| o.receipt.n == n) else { continue };
            match fill(order, &self.settings, session(&order.receipt.session)) {
                Ok(filled) => {
                    order.hand_outs += 1;
                    order.taken_by = Some(self.notifiers[notifier].conn);
                    given.push(filled);
                }
                Err(delivery) => settled.extend(self.settle(n, delivery, at)),
            }
        }
        let Some(request) = self.notifiers[notifier].waits.filter(|_| !given.is_empty()) else {
            return (None, settled);
        };
        self.notifiers[notifier].waits = None;
        (Some((Client { conn: self.notifiers[notifier].conn, request }, given)), settled)
    }

    fn free(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(|order| order.taken_by.is_none())
    }

    /// Whether a notifier must be started now. Without a desktop only the phone's orders need one.
    pub fn wants_notifier(&self, now: Duration) -> bool {
        let expected = self.expected_until.is_some_and(|until| now < until);
        self.free().next().is_some() && self.notifiers.is_empty() && !expected
    }

    /// Orders for a desktop that cannot be reached.
    pub fn desktop_orders(&self) -> Vec<u32> {
        let desktop = self.free().filter(|o| o.receipt.channel == NoticeChannel::Desktop);
        desktop.map(|order| order.receipt.n).collect()
    }

    /// A notifier was started. Orders for which several did not come are given up.
    pub fn notifier_started(&mut self, now: Duration, at: Millis) -> Vec<Receipt> {
        self.expected_until = Some(now + NOTIFIER_START);
        for order in self.orders.iter_mut().filter(|order| order.taken_by.is_none()) {
            order.starts += 1;
        }
        let over = |o: &&Order| o.starts > STARTS_MAX;
        let numbers: Vec<u32> = self.free().filter(over).map(|o| o.receipt.n).collect();
        let why = || format!("{STARTS_MAX} notifiers were started and none came");
        let failed = |n| self.settle(n, Delivery::Failed { why: why() }, at);
        numbers.into_iter().filter_map(failed).collect()
    }

    /// It could not be started at all.
    pub fn notifier_failed(&mut self, why: &str, at: Millis) -> Vec<Receipt> {
        let free: Vec<u32> = self.free().map(|order| order.receipt.n).collect();
        let failed = |n| self.settle(n, Delivery::Failed { why: why.to_owned() }, at);
        free.into_iter().filter_map(failed).collect()
    }

    /// A window says what its user sees. Gives what is to be told after all.
    pub fn looking<'a>(
        &mut self,
        conn: u64,
        looking: Looking,
        session: impl Fn(&str) -> Option<&'a Session>,
        now: Duration,
    ) -> Vec<Receipt> {
        let left_alone = self.presence.told(conn, looking, now);
        self.tell_after_all(&left_alone, session)
    }

    /// A client is gone. Gives what is to be told after all.
    pub fn gone<'a>(
        &mut self,
        conn: u64,
        session: impl Fn(&str) -> Option<&'a Session>,
    ) -> Vec<Receipt> {
        self.waits.retain(|wait| wait.client.conn != conn);
        self.notifiers.retain(|notifier| notifier.conn != conn);
        for order in self.orders.iter_mut().filter(|o| o.taken_by == Some(conn)) {
            order.taken_by = None;
        }
        let left_alone = self.presence.gone(conn);
        self.tell_after_all(&left_alone, session)
    }

    /// Requests that were on the screen and are still open: nobody may have read them.
    fn tell_after_all<'a>(
        &mut self,
        sessions: &[String],
        session: impl Fn(&str) -> Option<&'a Session>,
    ) -> Vec<Receipt> {
        let (again, left): (Vec<Receipt>, Vec<Receipt>) =
            std::mem::take(&mut self.seen).into_iter().partition(|r| sessions.contains(&r.session));
        self.seen = left;
        let open = again.into_iter().filter(|r| is_open(session(&r.session), &r.occasion));
        let open: Vec<Receipt> =
            open.map(|r| Receipt { delivery: Delivery::Pending, settled_at: None, ..r }).collect();
        self.accept(open.clone());
        open
    }

    /// Time until something is due by the clock.
    pub fn due_in(&self, now: Duration) -> Option<Duration> {
        let waits = self.waits.iter().map(|wait| wait.deadline);
        let expected = self.expected_until.filter(|_| self.free().next().is_some());
        waits.chain(expected).map(|at| at.saturating_sub(now)).min()
    }
}

fn is_open(session: Option<&Session>, occasion: &str) -> bool {
    session.is_some_and(|s| s.needs().iter().any(|need| key_of(need) == occasion))
}

/// The order as the notifier needs it, or what it is settled with instead.
fn fill(
    order: &Order,
    settings: &Notifications,
    session: Option<&Session>,
) -> Result<NotificationOrder, Delivery> {
    let receipt = order.receipt.clone();
    if order.hand_outs >= HAND_OUTS_MAX {
        let why = format!("the notifier ended {HAND_OUTS_MAX} times before it had sent this");
        return Err(Delivery::Failed { why });
    }
    let settled =
        |text: &str| Delivery::Suppressed { reason: Silence::Settled, text: text.to_owned() };
    let test = receipt.kind == NotificationKind::Test;
    let needed = session.filter(|_| receipt.kind == NotificationKind::NeedsInput);
    let need = needed.and_then(|s| s.needs().iter().find(|n| key_of(n) == receipt.occasion));
    match (test, session, need) {
        (false, None, _) => return Err(settled("the session was removed before it could be sent")),
        (_, Some(_), None) if receipt.kind == NotificationKind::NeedsInput => {
            return Err(settled("it was answered before it could be sent"));
        }
        _ => {}
    }
    let (url, secret) = verdict::address(receipt.channel, settings);
    if receipt.channel != NoticeChannel::Desktop && url.is_empty() {
        return Err(Delivery::Failed { why: "the channel was taken out of the settings".into() });
    }
    let (table, allowed) = match receipt.channel {
        NoticeChannel::Ntfy => {
            ("ntfy", settings.ntfy.as_ref().is_some_and(|ntfy| ntfy.allow_plain_http))
        }
        NoticeChannel::Webhook | NoticeChannel::Desktop => {
            ("webhook", settings.webhook.as_ref().is_some_and(|hook| hook.allow_plain_http))
        }
    };
    if secret != SecretPlace::default() && !allowed && is_in_the_open(&url) {
        let why = format!(
            "http to another machine can be read on the way; use https, or set \
             `allow_plain_http = true` in [notifications.{table}] if that network is yours"
        );
        return Err(Delivery::Failed { why });
    }
    let name = session.map(|s| s.name.clone()).unwrap_or_default();
    let buttons = need.map(wording::buttons).unwrap_or_default();
    let need = need.map(|need| need.id.clone());
    Ok(NotificationOrder { receipt, session_name: name, need, buttons, url, secret })
}

fn answer(wait: Wait) -> Answered {
    if wait.kind == NotificationKind::Test {
        return Answered::Tested(wait.settled);
    }
    let delivered = |desktop: bool| {
        let of = |r: &&Receipt| (r.channel == NoticeChannel::Desktop) == desktop;
        wait.settled.iter().filter(of).any(|r| r.delivery == Delivery::Delivered)
    };
    let (local_sent, push_sent) = (delivered(true), delivered(false));
    let why = wait.settled.iter().find_map(|r| match &r.delivery {
        Delivery::Suppressed { text, .. } => Some(text.clone()),
        Delivery::Failed { why } => Some(why.clone()),
        Delivery::Pending | Delivery::Delivered => None,
    });
    let still = || "it is still being delivered".to_owned();
    let sent = local_sent || push_sent;
    let disabled_reason = (!sent).then(|| why.unwrap_or_else(still));
    Answered::Pushed(PushResult { push_sent, local_sent, disabled_reason })
}
