//! Runs of routines that leave the board by themselves, and come back when they go on.

use nightshift_model::pull_request::PullRequest;
use nightshift_model::{
    AgentWork, Command, Event, Millis, Prompt, Session, SessionId, State, Unattended, Work, step,
};

fn run() -> Session {
    let work = Work::Agent(AgentWork::beginning(
        "rehearsal".into(),
        Prompt::of_user(1, "triage".into(), Millis(1)),
    ));
    let id = SessionId::parse("7c5d0a1b").unwrap();
    let made = Session::starting(
        id,
        String::new(),
        "nightly-1".into(),
        work,
        "/".into(),
        "triage".into(),
        Millis(1),
    );
    let run = Unattended {
        routine: "trig_1".into(),
        name: "nightly".into(),
        occurrence: "run_1".into(),
        allow: Vec::new(),
        asks: false,
        base: None,
        setup: None,
        over: false,
        archived: false,
    };
    let state = State::Completed { result: "all is well".into() };
    Session { unattended: Some(Box::new(run)), state, ..made }
}

fn archived(session: &Session) -> bool {
    session.unattended.as_ref().is_some_and(|run| run.archived)
}

fn asked(session: &Session) -> Session {
    step(session, Event::Command(Command::Archive), Millis(2)).unwrap().session
}

#[test]
fn a_run_that_is_done_leaves_and_comes_back_when_it_goes_on() {
    let away = asked(&run());
    assert!(archived(&away));
    let reply = Command::Reply { text: "and now?".into(), enclosures: Vec::new() };
    let back = step(&away, Event::Command(reply), Millis(3)).unwrap().session;
    assert!(!archived(&back), "{:?}", back.state);
}

#[test]
fn what_somebody_has_to_look_at_stays() {
    let pull = PullRequest::at("https://github.com/acme/app/pull/7", Millis(1)).unwrap();
    for (what, session) in [
        ("pinned", Session { pinned: true, ..run() }),
        ("failed", Session { state: State::failed("no"), ..run() }),
        ("working", Session { state: State::Working, ..run() }),
        ("asks", Session { state: State::NeedsInput { needs: Vec::new() }, ..run() }),
        ("an open pull request", Session { pull_requests: vec![pull], ..run() }),
        ("no run of a routine", Session { unattended: None, ..run() }),
    ] {
        assert!(!archived(&asked(&session)), "{what}");
    }
}
