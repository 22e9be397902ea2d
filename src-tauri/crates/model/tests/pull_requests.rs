//! Pull requests that are told of from several sides are known once.

use nightshift_model::pull_request::{self, PullState};
use nightshift_model::{
    AgentWork, Event, Fact, Liveness, Millis, Prompt, Session, SessionId, Source, State, Work, step,
};

const PULL: &str = "https://github.com/a/b/pull/7";

fn idle() -> Session {
    let first = Prompt::of_user(1, "go".into(), Millis(1));
    let work = Work::Agent(AgentWork::beginning("rehearsal".into(), first));
    let id = SessionId::parse("7c5d0a1b").unwrap();
    let asked = "go".to_owned();
    let session =
        Session::starting(id, "7c5d".into(), "n".into(), work, "/w".into(), asked, Millis(1));
    let liveness = Liveness::Alive { pid: 9, since: Millis(1) };
    Session { state: State::Idle, liveness, ..session }
}

#[test]
fn a_pull_request_is_known_once_and_its_state_changes_with_evidence() {
    let mut session = idle();
    let mut told = Vec::new();
    let seen = |state| Fact::PullRequestSeen { url: PULL.into(), state };
    let opened = |url: String| Fact::PullRequestOpened { url, by: Source::Protocol };
    for (at, fact) in [
        (10, opened(format!("{PULL}/files"))),
        (11, Fact::PullRequestOpened { url: PULL.into(), by: Source::User }),
        (12, seen(PullState::Open)),
        (13, seen(PullState::Merged)),
        (14, opened(PULL.into())),
    ] {
        let after = step(&session, Event::Fact(fact), Millis(at)).unwrap();
        told.extend(after.evidence.into_iter().map(|e| (at, e.text)));
        session = after.session;
    }
    let text = format!("pull request #7 was opened: {PULL}");
    assert_eq!(told, [(10, text), (13, "pull request #7 is merged".into())]);
    let [pull] = session.pull_requests.as_slice() else { panic!("{:?}", session.pull_requests) };
    assert_eq!((pull.state, pull.since, pull.number), (PullState::Merged, Millis(13), 7));
    for n in 1..20 {
        let url = format!("https://github.com/a/b/pull/{n}");
        session = step(&session, Event::Fact(opened(url)), Millis(20)).unwrap().session;
    }
    assert_eq!(session.pull_requests.len(), pull_request::PULL_REQUESTS_MAX);
    assert_eq!(session.pull_requests.last().unwrap().number, 19);
}
