//! What is told, what is kept back and why, and what becomes of it when notifiers, windows and sessions
//! go (N1 N3 E2, failures 37).

use nightshift_model::{
    Millis, Need, NeedId, NeedKind, NeedOption, OptionKind, Session, SessionId, State, Work,
};
use nightshift_notices::{Answered, Client, Notices, Now, arising, pushed};
use nightshift_protocol::{
    Delivery, Looking, NoticeChannel, NotificationKind, PushResult, Receipt, Silence,
};
use nightshift_settings::{Notifications, parse};
use std::time::Duration;

const NOON: u16 = 12 * 60;
const ID: &str = "7c5d0a1b";
const NOTIFIER: Client = Client { conn: 9, request: 1 };

fn now(seconds: u64) -> Now {
    Now { wall: Millis(seconds * 1000), monotonic: Duration::from_secs(seconds), minute: NOON }
}

fn session(state: State, since: u64) -> Session {
    let work = Work::Shell { command: "make".into() };
    let id = SessionId::parse(ID).unwrap();
    let (name, at) = ("fix the login".to_owned(), Millis(since));
    let made =
        Session::starting(id, String::new(), name, work, "/".into(), "make".into(), Millis(0));
    Session { state, state_since: at, ..made }
}

fn need(id: &str) -> Need {
    let option = |id: &str, kind| NeedOption { id: id.into(), label: id.into(), kind };
    Need {
        id: NeedId(id.into()),
        kind: NeedKind::Permission,
        question: format!("Run: make {id}"),
        detail: String::new(),
        options: vec![option("yes", OptionKind::AllowOnce), option("no", OptionKind::RejectOnce)],
        free_text: false,
        since: Millis(5),
        unshown_bytes: 0,
        answered: None,
    }
}

fn asks(ids: &[&str]) -> Session {
    session(State::NeedsInput { needs: ids.iter().map(|id| need(id)).collect() }, 5)
}

fn completed(since: u64) -> Session {
    session(State::Completed { result: "all <b>done</b>\u{1b}[1m".into() }, since)
}

fn notices(settings: &str) -> Notices {
    Notices::new(parse(settings).unwrap().settings.notifications)
}

/// The receipts of what the step from `before` to `after` tells, accepted.
fn told(notices: &mut Notices, before: &Session, after: &Session, at: Now) -> Vec<Receipt> {
    let Some(occasion) = arising(before, after) else { return Vec::new() };
    let receipts = notices.judge(&occasion, at);
    notices.accept(receipts.clone());
    receipts
}

fn reason(receipts: &[Receipt]) -> Option<Silence> {
    match &receipts.first()?.delivery {
        Delivery::Suppressed { reason, .. } => Some(*reason),
        Delivery::Pending | Delivery::Delivered | Delivery::Failed { .. } => None,
    }
}

#[test]
fn each_need_end_and_failure_is_told_once_and_nothing_else() {
    let working = session(State::Working, 1);
    let failed = session(State::failed("exit code 3"), 9);
    let stopped = session(State::Stopped, 9);
    for (before, after, key) in [
        (&working, &asks(&["need-1"]), Some("need:need-1@5")),
        // A second tool asks meanwhile: told when its turn comes.
        (&asks(&["need-1"]), &asks(&["need-1", "need-2"]), None),
        (&asks(&["need-1", "need-2"]), &asks(&["need-2"]), Some("need:need-2@5")),
        (&asks(&["need-1"]), &working, None),
        (&working, &completed(9), Some("finished:9")),
        (&completed(9), &completed(9), None),
        (&working, &failed, Some("failed:9")),
        (&working, &stopped, None),
        (&working, &session(State::Idle, 9), None),
    ] {
        let occasion = arising(before, after);
        assert_eq!(occasion.map(|o| o.key).as_deref(), key, "{:?}", after.state);
    }
    let renewed = Session {
        renewing: Some(nightshift_model::Before { state: completed(1).state, since: Millis(1) }),
        ..session(State::Starting, 8)
    };
    assert_eq!(arising(&renewed, &completed(1)), None, "an old end is no news");
}

#[test]
fn the_settings_the_hours_and_the_eyes_of_the_user_keep_things_back() {
    let night = Now { minute: 23 * 60, ..now(60) };
    let quiet = "[notifications]\nquiet_hours = \"22:00-07:00\"\n";
    let needs = format!("{quiet}even_in_quiet_hours = [\"needs_input\"]\n");
    let off = "[notifications]\nneeds_input = false\n";
    for (settings, at, looking, expected) in [
        ("", now(60), false, None),
        (off, now(60), false, Some(Silence::SwitchedOff)),
        (quiet, night, false, Some(Silence::QuietHours)),
        (quiet, now(60), false, None),
        (needs.as_str(), night, false, None),
        ("", now(60), true, Some(Silence::Looking)),
        ("[notifications]\nwhile_looking = true\n", now(60), true, None),
    ] {
        let mut notices = notices(settings);
        let sees = Looking { attentive: looking, away: false, sessions: vec![ID.into()] };
        notices.looking(1, sees, |_| None, at.monotonic);
        let receipts = told(&mut notices, &session(State::Working, 1), &asks(&["a"]), at);
        assert_eq!(reason(&receipts), expected, "{settings} {looking}");
        assert_eq!(receipts.len(), 1);
    }
    // Another session on the screen, or a window that hangs, keep nothing back.
    let mut notices = notices("");
    let other = Looking { attentive: true, away: false, sessions: vec!["00000000".into()] };
    notices.looking(1, other, |_| None, now(60).monotonic);
    let this = Looking { attentive: true, away: false, sessions: vec![ID.into()] };
    notices.looking(2, this, |_| None, now(60).monotonic);
    let late = told(&mut notices, &session(State::Working, 1), &asks(&["a"]), now(60 + 300));
    assert_eq!(reason(&late), None);
}

#[test]
fn a_question_on_the_screen_of_nobody_is_told_after_all() {
    for (away, gone) in [(true, false), (false, true), (false, false)] {
        let mut notices = notices("");
        let asking = asks(&["a"]);
        let sees = Looking { attentive: true, away: false, sessions: vec![ID.into()] };
        notices.looking(1, sees.clone(), |_| None, now(60).monotonic);
        let kept = told(&mut notices, &session(State::Working, 1), &asking, now(61));
        assert_eq!(reason(&kept), Some(Silence::Looking));
        let left = Looking { attentive: false, away, ..sees };
        let find = |_: &str| Some(&asking);
        let again = match gone {
            true => notices.gone(1, find),
            false => notices.looking(1, left, find, now(70).monotonic),
        };
        let told = again.iter().map(|r| (r.n, &r.delivery)).collect::<Vec<_>>();
        let expected = [(kept[0].n, &Delivery::Pending)];
        // Who goes to another window has seen it.
        assert_eq!(told, if away || gone { expected.as_slice() } else { &[] }, "{away} {gone}");
    }
}

#[test]
fn orders_go_to_one_notifier_and_again_to_the_next_a_bounded_number_of_times() {
    let mut notices = notices("");
    let asking = asks(&["a"]);
    told(&mut notices, &session(State::Working, 1), &asking, now(1));
    assert!(notices.wants_notifier(now(1).monotonic));
    let find = |_: &str| Some(&asking);
    for _ in 0..3 {
        notices.notifier_asks(NOTIFIER);
        let (given, settled) = notices.hand_out(find, Millis(2));
        let (client, orders) = given.unwrap();
        assert_eq!((client, orders.len(), settled.len()), (NOTIFIER, 1, 0));
        let labels: Vec<&str> = orders[0].buttons.iter().map(|b| b.label.as_str()).collect();
        assert_eq!(labels, ["Allow", "Deny"]);
        // A second notifier gets nothing of it.
        notices.notifier_asks(Client { conn: 10, request: 1 });
        assert!(notices.hand_out(find, Millis(2)).0.is_none());
        assert!(!notices.wants_notifier(now(2).monotonic));
        notices.gone(10, find);
        notices.gone(NOTIFIER.conn, find);
        assert!(notices.wants_notifier(now(2).monotonic));
    }
    notices.notifier_asks(NOTIFIER);
    let (given, settled) = notices.hand_out(find, Millis(3));
    assert!(given.is_none());
    assert!(matches!(settled[0].delivery, Delivery::Failed { .. }), "{settled:?}");
}

#[test]
fn what_is_out_of_date_is_settled_and_not_told() {
    let mut notices = notices("");
    let asking = asks(&["a"]);
    told(&mut notices, &session(State::Working, 1), &asking, now(1));
    notices.notifier_asks(NOTIFIER);
    let answered = session(State::Working, 6);
    let (given, settled) = notices.hand_out(|_| Some(&answered), Millis(7));
    assert!(given.is_none());
    assert_eq!(reason(&settled), Some(Silence::Settled));
    told(&mut notices, &answered, &completed(8), now(8));
    let (given, settled) = notices.hand_out(|_| None, Millis(9));
    assert!(given.is_none());
    assert_eq!(reason(&settled), Some(Silence::Settled), "its session went");
}

#[test]
fn what_an_earlier_supervisor_left_waits_for_its_notifier_first() {
    let mut first = notices("");
    let asking = asks(&["a"]);
    let left = told(&mut first, &session(State::Working, 1), &asking, now(1));
    let mut second = notices("");
    second.restore(left[0].n, left.clone(), now(10).monotonic);
    assert!(!second.wants_notifier(now(10).monotonic));
    assert!(second.due_in(now(10).monotonic).is_some_and(|wait| wait.as_secs() <= 3));
    // It comes back and says that it has shown it.
    let settled = second.settle(left[0].n, Delivery::Delivered, Millis(11)).unwrap();
    assert_eq!(settled.delivery, Delivery::Delivered);
    assert!(!second.wants_notifier(now(60).monotonic));
    assert!(second.next_number() > left[0].n);
}

#[test]
fn whoever_pushes_hears_what_became_of_it() {
    let mut notices = notices("[notifications.ntfy]\nurl = \"https://ntfy.example.org/topic\"\n");
    let working = session(State::Working, 1);
    let caller = Client { conn: 1, request: 5 };
    let push = |notices: &mut Notices, at: u64| {
        let occasion = pushed(&working, "the build is red", notices.next_number());
        let receipts = notices.judge(&occasion, now(at));
        notices.wait(caller, &receipts, now(at).monotonic);
        notices.accept(receipts.clone());
        receipts
    };
    let receipts = push(&mut notices, 1);
    let channels: Vec<NoticeChannel> = receipts.iter().map(|r| r.channel).collect();
    assert_eq!(channels, [NoticeChannel::Desktop, NoticeChannel::Ntfy]);
    assert_eq!(receipts[0].kind, NotificationKind::Push);
    assert!(notices.answers(now(1).monotonic).is_empty());
    let why = "no notification service: there is no session bus";
    let failed = Delivery::Failed { why: why.into() };
    notices.settle(receipts[0].n, failed, Millis(2));
    notices.settle(receipts[1].n, Delivery::Delivered, Millis(2));
    let sent = PushResult { push_sent: true, local_sent: false, disabled_reason: None };
    assert_eq!(notices.answers(now(2).monotonic), [(caller, Answered::Pushed(sent))]);

    // One that nobody answers for.
    push(&mut notices, 3);
    let late = notices.answers(now(60).monotonic);
    let (_, Answered::Pushed(pushed)) = &late[0] else { panic!("{late:?}") };
    assert!(!pushed.push_sent && pushed.disabled_reason.is_some(), "{pushed:?}");

    // An agent that pushes without end.
    let flood: Vec<Vec<Receipt>> = (0..20).map(|_| push(&mut notices, 70)).collect();
    assert_eq!(reason(&flood[19]), Some(Silence::TooMany));
    let answered = notices.answers(now(70).monotonic);
    let (_, Answered::Pushed(refused)) = &answered[0] else { panic!("{answered:?}") };
    assert!(refused.disabled_reason.as_deref().unwrap().contains("messages within"));
}

#[test]
fn settings_without_a_word_tell_everything_on_the_desktop() {
    let mut notices = Notices::new(Notifications::default());
    let receipts = told(&mut notices, &session(State::Working, 1), &completed(9), now(9));
    assert_eq!(receipts.len(), 1);
    assert_eq!(
        (receipts[0].channel, &receipts[0].delivery),
        (NoticeChannel::Desktop, &Delivery::Pending)
    );
    assert_eq!(receipts[0].title, "fix the login finished");
    assert_eq!(receipts[0].text, "all <b>done</b>‹U+001B›[1m");
}

#[test]
fn security_18_a_token_does_not_go_where_it_can_be_read_on_the_way() {
    let token = "token_env = \"NTFY_TOKEN\"\n";
    let allowed = "allow_plain_http = true\n";
    for (url, more, goes) in [
        ("https://ntfy.example.org/topic", token.to_owned(), true),
        ("http://ntfy.example.org/topic", token.to_owned(), false),
        ("http://127.0.0.1.example.org/topic", token.to_owned(), false),
        ("http://127.0.0.1:2586/topic", token.to_owned(), true),
        ("http://ntfy.example.org/topic", String::new(), true),
        ("http://ntfy.example.org/topic", format!("{token}{allowed}"), true),
    ] {
        let mut notices = notices(&format!("[notifications.ntfy]\nurl = \"{url}\"\n{more}"));
        let working = session(State::Working, 1);
        let occasion = pushed(&working, "the build is red", notices.next_number());
        let receipts = notices.judge(&occasion, now(1));
        notices.accept(receipts);
        notices.notifier_asks(NOTIFIER);
        let (given, settled) = notices.hand_out(|_| Some(&working), Millis(2));
        let orders = given.unwrap().1;
        assert_eq!(orders.iter().any(|order| order.url == url), goes, "{url} {more}");
        let said = settled.iter().any(|receipt| match &receipt.delivery {
            Delivery::Failed { why } => why.contains("allow_plain_http"),
            _ => false,
        });
        assert_eq!(said, !goes, "{settled:?}");
    }
}
