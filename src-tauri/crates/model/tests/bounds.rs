//! What is too large to keep is taken out of old rows; what an agent asks for itself is not the user's.

use nightshift_model::heal::healed;
use nightshift_model::{
    AgentWork, Command, Event, Fact, Millis, Need, NeedId, NeedKind, NeedOption, OptionKind,
    Prompt, PromptState, Session, SessionId, Source, State, Work, step,
};

const HUGE: usize = 9_000_000;

fn need(id: &str, option: &str) -> Need {
    let option = NeedOption { id: option.into(), label: "Yes".into(), kind: OptionKind::AllowOnce };
    Need {
        id: NeedId(id.into()),
        kind: NeedKind::Permission,
        question: "Run: make".into(),
        detail: "d".repeat(16 * 1024),
        options: vec![option],
        free_text: false,
        since: Millis(5),
        unshown_bytes: 0,
        answered: None,
    }
}

fn session(needs: Vec<Need>) -> Session {
    let prompt = Prompt { state: PromptState::Sent, ..Prompt::of_user(1, "go".into(), Millis(1)) };
    let work = Work::Agent(AgentWork::beginning("a".into(), prompt));
    let id = SessionId::parse("7c5d0a1b").unwrap();
    let (uuid, asked) = ("7c5d0a1b-0000-4000-8000-000000000000".into(), "go".into());
    let mut session = Session::starting(id, uuid, "go".into(), work, "/w".into(), asked, Millis(1));
    session.state = State::NeedsInput { needs };
    session
}

fn agent(session: &mut Session) -> &mut AgentWork {
    match &mut session.work {
        Work::Agent(agent) => agent,
        Work::Shell { .. } => panic!("no agent"),
    }
}

#[test]
fn security_09_what_is_too_large_goes_from_a_row_and_the_rest_stays() {
    let huge = "x".repeat(HUGE);
    let well = session(vec![need("need-1", "yes")]);
    assert_eq!(healed(&well), None);

    let (now, text) = healed(&session(vec![need("need-1", "yes"), need("need-2", &huge)])).unwrap();
    assert_eq!(now.needs(), well.needs());
    assert!(text.contains("too large to keep"), "{text}");

    let (now, _) = healed(&session(vec![need("need-2", &huge)])).unwrap();
    assert_eq!(now.state, State::Working, "its turn goes on");
    let mut idle = session(vec![need("need-2", &huge)]);
    agent(&mut idle).prompts.clear();
    assert_eq!(healed(&idle).unwrap().0.state, State::Idle);

    let mut named = well.clone();
    agent(&mut named).agent_session_id = Some(huge.clone());
    agent(&mut named).answers = vec![need(&huge, "yes")];
    agent(&mut named).choices.taken.insert(huge.clone(), "x".into());
    let (mut now, text) = healed(&named).unwrap();
    let work = agent(&mut now);
    assert_eq!(work.agent_session_id, None);
    assert!(work.answers.is_empty() && work.choices.taken.is_empty(), "{text}");

    for state in [
        State::Completed { result: huge.clone() },
        State::Failed { error: huge.clone(), trouble: None },
    ] {
        let (now, _) = healed(&Session { state, line: huge.clone(), ..well.clone() }).unwrap();
        assert!(format!("{now:?}").len() < 64 * 1024);
        assert_eq!(healed(&now), None, "once is enough");
    }
}

#[test]
fn security_06_what_an_agent_asks_for_its_own_session_is_its_own_word() {
    let idle = Session { state: State::Idle, ..session(Vec::new()) };
    let choose = || Command::Choose { option: "mode".into(), value: "auto".into() };
    for (event, source) in [
        (Event::Command(choose()), Source::User),
        (Event::Own(choose()), Source::Protocol),
        (Event::Fact(Fact::Noted { source: Source::Process, text: "x".into() }), Source::Process),
    ] {
        let next = step(&idle, event.clone(), Millis(9)).unwrap();
        let sources: Vec<Source> = next.evidence.iter().map(|evidence| evidence.source).collect();
        assert_eq!(sources, [source], "{event:?}");
        assert_eq!(next.session.state, idle.state);
    }
}
