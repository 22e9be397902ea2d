//! A request that a rule of the user's decides is answered and never waits.

use nightshift_model::{
    AgentWork, Answer, Effect, Event, Fact, Liveness, Millis, Need, NeedId, NeedKind, Prompt,
    Session, SessionId, Source, State, Work, step,
};

fn working() -> Session {
    let first = Prompt::of_user(1, "go".into(), Millis(1));
    let work = Work::Agent(AgentWork::beginning("rehearsal".into(), first));
    let id = SessionId::parse("7c5d0a1b").unwrap();
    let asked = "go".to_owned();
    let session =
        Session::starting(id, "7c5d".into(), "n".into(), work, "/w".into(), asked, Millis(1));
    Session {
        state: State::Working,
        liveness: Liveness::Alive { pid: 9, since: Millis(1) },
        ..session
    }
}

fn decided(id: &str) -> Event {
    let need = Need {
        id: NeedId(id.into()),
        kind: NeedKind::Permission,
        question: "Run: make".into(),
        detail: String::new(),
        options: Vec::new(),
        free_text: false,
        since: Millis(5),
        unshown_bytes: 0,
        answered: Some(Answer::Option { id: "yes".into() }),
    };
    Event::Fact(Fact::NeedDecided { need, why: "allowed by rule 1".into() })
}

#[test]
fn it_is_kept_until_the_agent_has_it_and_told_once() {
    let first = step(&working(), decided("need-5"), Millis(9)).unwrap();
    assert_eq!(first.session.state, State::Working);
    assert_eq!(first.effects, [Effect::Deliver]);
    assert_eq!(first.session.agent().unwrap().answers.len(), 1);
    let [evidence] = &first.evidence[..] else { panic!() };
    assert_eq!(
        (evidence.source, evidence.text.as_str()),
        (Source::Supervisor, "allowed by rule 1")
    );
    // Told again after a crash, before the agent had it.
    let again = step(&first.session, decided("need-5"), Millis(10)).unwrap();
    assert_eq!((again.evidence.len(), again.effects.len()), (0, 0));
    assert_eq!(again.session, first.session);
    let closed = Event::Fact(Fact::NeedClosed { id: NeedId("need-5".into()) });
    let closed = step(&again.session, closed, Millis(11)).unwrap();
    assert_eq!(closed.session.agent().unwrap().answers, []);
    assert_eq!(closed.session.state, State::Working);
}

#[test]
fn a_session_that_was_stopped_stays_so() {
    let stopped = Session { state: State::Stopped, ..working() };
    let next = step(&stopped, decided("need-5"), Millis(9)).unwrap();
    assert_eq!((next.session, next.effects.len()), (stopped, 0));
}
