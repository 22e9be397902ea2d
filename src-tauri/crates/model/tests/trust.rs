//! A session that waits until its repository is trusted.

use nightshift_model::need::TRUST_NEED_PREFIX;
use nightshift_model::trust::{TRUST, WITHOUT};
use nightshift_model::*;

const AT: Millis = Millis(7);

fn starting() -> Session {
    let first = Prompt::of_user(1, "go".into(), AT);
    let work = Work::Agent(AgentWork::beginning("rehearsal".into(), first));
    let id = SessionId::parse("7c5d0a1b").unwrap();
    Session::starting(id, "u".into(), "n".into(), work, "/src".into(), "go".into(), AT)
}

fn trust(untrusted: Option<&str>) -> Box<Trust> {
    let untrusted = untrusted.map(str::to_owned);
    let (repository, hash) = ("/src".to_owned(), "h1".to_owned());
    Box::new(Trust { repository, identity: None, hash, decision: None, untrusted, asked: None })
}

fn need() -> Need {
    let option = |id: &str, kind| NeedOption { id: id.to_owned(), label: id.to_owned(), kind };
    Need {
        id: NeedId(format!("{TRUST_NEED_PREFIX}h1")),
        kind: NeedKind::Permission,
        question: "Trust /src?".into(),
        detail: "x".into(),
        options: vec![
            option(TRUST, OptionKind::AllowAlways),
            option(WITHOUT, OptionKind::RejectOnce),
        ],
        free_text: false,
        since: AT,
        unshown_bytes: 0,
        answered: None,
    }
}

fn take(session: &Session, event: Event) -> Step {
    step(session, event, AT).unwrap()
}

fn waiting() -> Session {
    let asked = Fact::TrustAsked { trust: trust(None), need: need() };
    take(&starting(), Event::Fact(asked)).session
}

fn answer(answer: Answer) -> Event {
    Event::Command(Command::Answer { need: Some(need().id), answer, shown_ms: None })
}

#[test]
fn security_05_it_waits_without_a_process_and_starts_with_the_answer() {
    let waiting = waiting();
    assert!(waiting.waits_for_trust() && !waiting.is_alive());
    assert_eq!(waiting.line, "waits for trust in /src");
    assert!(!waiting.takes_turn(), "nothing of its own wakes it");
    for (said, decision) in
        [(Answer::Allow, TrustDecision::Trust), (Answer::Deny, TrustDecision::Without)]
    {
        let next = take(&waiting, answer(said));
        assert_eq!(next.effects, [Effect::Launch]);
        assert_eq!(next.session.state, State::Starting);
        assert_eq!(next.session.trust.as_ref().unwrap().decision, Some(decision));
        assert!(next.session.agent().unwrap().answers.is_empty(), "no agent waits for it");
    }
    let words = Answer::Text { text: "whatever".into() };
    assert!(step(&waiting, answer(words), AT).is_err());
    let reply = Command::Reply { text: "more".into(), enclosures: Vec::new() };
    let next = take(&waiting, Event::Command(reply));
    assert!(next.session.waits_for_trust() && next.effects.is_empty());
}

#[test]
fn security_05_a_stop_ends_the_waiting() {
    let stopped = take(&waiting(), Event::Command(Command::Stop)).session;
    assert_eq!(stopped.state, State::Stopped);
    // Also one that came while its repository was looked at.
    let stopping = take(&starting(), Event::Command(Command::Stop)).session;
    let asked = Fact::TrustAsked { trust: trust(None), need: need() };
    let next = take(&stopping, Event::Fact(asked));
    assert_eq!((next.session.state, next.session.stopping), (State::Stopped, false));
}

#[test]
fn security_05_how_it_starts_is_said_and_an_answer_counts_for_what_was_shown_only() {
    let said = take(&waiting(), answer(Answer::Deny)).session;
    let untrusted = Fact::TrustSettled { trust: trust(Some("without it")) };
    let next = take(&said, Event::Fact(untrusted.clone()));
    assert_eq!(next.session.untrusted(), Some("without it"));
    assert_eq!(next.session.trust.as_ref().unwrap().decision, Some(TrustDecision::Without));
    assert!(next.evidence.iter().any(|e| e.text == "without it"));
    let remarks = &next.session.agent().unwrap().standing.remarks;
    assert!(remarks.iter().any(|remark| remark.warns && remark.text == "without it"));
    assert!(take(&next.session, Event::Fact(untrusted)).evidence.is_empty(), "it is said once");
    let other = Trust { hash: "h2".into(), ..*trust(Some("without it")) };
    let next = take(&said, Event::Fact(Fact::TrustSettled { trust: Box::new(other) }));
    assert_eq!(next.session.trust.as_ref().unwrap().decision, None);
    // Trust is remembered elsewhere, where it can be revoked.
    let said = take(&waiting(), answer(Answer::Allow)).session;
    let next = take(&said, Event::Fact(Fact::TrustSettled { trust: trust(None) }));
    assert_eq!(next.session.trust.as_ref().unwrap().decision, None);
}
