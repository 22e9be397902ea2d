//! The session machine as a golden table: every state, every event, what it leads to.
//!
//! `UPDATE_GOLDEN=1 cargo test -p nightshift-model` writes the table anew after a wanted change.

use nightshift_model::standing::*;
use nightshift_model::*;
use std::fmt::Write as _;
use std::path::Path;

/// Long after the requests came up.
const NOW: Millis = Millis(600);
const PULL: &str = "https://github.com/a/b/pull/7";

fn need(id: &str) -> Need {
    Need {
        id: NeedId(id.into()),
        kind: NeedKind::Permission,
        question: "Run: make".into(),
        detail: String::new(),
        options: vec![NeedOption {
            id: "yes".into(),
            label: "Yes".into(),
            kind: OptionKind::AllowOnce,
        }],
        free_text: false,
        since: Millis(5),
        unshown_bytes: 0,
        answered: None,
    }
}

fn closing_question() -> Need {
    Need { options: Vec::new(), free_text: true, kind: NeedKind::Question, ..need("turn-1") }
}

fn prompt(n: u32, state: PromptState) -> Prompt {
    Prompt { state, ..Prompt::of_user(n, format!("prompt {n}"), Millis(1)) }
}

fn session(work: Work, state: State, alive: bool) -> Session {
    Session {
        id: SessionId::parse("7c5d0a1b").unwrap(),
        session_id: "7c5d0a1b-0000-4000-8000-000000000000".into(),
        name: "fix it".into(),
        named_by_user: false,
        work,
        cwd: "/".into(),
        lodging: None,
        trust: None,
        first_prompt: "fix it".into(),
        created_at: Millis(1),
        state,
        state_since: Millis(1),
        liveness: match alive {
            true => Liveness::Alive { pid: 9, since: Millis(1) },
            false => Liveness::Gone { since: Millis(1) },
        },
        stopping: false,
        removing: None,
        retiring: false,
        restarts: 0,
        cut: None,
        renewing: None,
        going: None,
        end_seen: false,
        pinned: false,
        line: String::new(),
        line_at: Millis(0),
        past_needs: Vec::new(),
        pull_requests: Vec::new(),
        exit_code: None,
        unattended: None,
        journal_seq: 0,
    }
}

fn agent(prompts: Vec<Prompt>) -> Work {
    Work::Agent(AgentWork {
        agent: "rehearsal".into(),
        model: None,
        permission_mode: None,
        surface: Surface::Conversation,
        agent_session_id: Some("a".into()),
        prompts,
        next_prompt: 3,
        answers: Vec::new(),
        continues: None,
        usage: None,
        interrupts: None,
        choices: Box::default(),
        standing: Box::default(),
    })
}

fn unanswered() -> Liveness {
    let (why, way_out) = ("no answer".to_owned(), "wake it".to_owned());
    Liveness::Unknown { why, way_out, since: Millis(1) }
}

fn sessions() -> Vec<(&'static str, Session)> {
    let sent = || agent(vec![prompt(1, PromptState::Sent)]);
    let shell = || Work::Shell { command: "make".into() };
    let more = agent(vec![prompt(1, PromptState::Sent), prompt(2, PromptState::Queued)]);
    let asks = |n| State::NeedsInput { needs: vec![n] };
    let two = State::NeedsInput { needs: vec![need("5"), need("6")] };
    let stopping = Session { stopping: true, ..session(sent(), State::Working, true) };
    let retiring = Session {
        retiring: true,
        ..session(agent(vec![]), State::Completed { result: "ok".into() }, true)
    };
    let retiring_asked = Session {
        retiring: true,
        ..session(agent(vec![prompt(2, PromptState::Queued)]), State::Starting, true)
    };
    let renewed = Session {
        retiring: true,
        pinned: true,
        renewing: Some(Before {
            state: State::Completed { result: "ok".into() },
            since: Millis(1),
        }),
        ..session(agent(vec![]), State::Completed { result: "ok".into() }, true)
    };
    let renewing = Session {
        retiring: false,
        state: State::Starting,
        liveness: Liveness::Gone { since: Millis(2) },
        ..renewed.clone()
    };
    let worn_out = Session { restarts: 3, ..session(sent(), State::Working, true) };
    let restarted = Session {
        restarts: 1,
        cut: Some("killed".into()),
        ..session(agent(vec![]), State::Starting, true)
    };
    let unknown = Session { liveness: unanswered(), ..session(sent(), State::Working, true) };
    vec![
        ("shell starting", session(shell(), State::Starting, false)),
        ("shell working", session(shell(), State::Working, true)),
        ("shell completed", session(shell(), State::Completed { result: "ok".into() }, false)),
        (
            "agent starting",
            session(agent(vec![prompt(1, PromptState::Queued)]), State::Starting, true),
        ),
        ("agent working", session(sent(), State::Working, true)),
        ("agent working, reply queued", session(more, State::Working, true)),
        ("agent asks", session(sent(), asks(need("5")), true)),
        ("agent asks twice", session(sent(), two, true)),
        ("agent asked in closing", session(agent(vec![]), asks(closing_question()), true)),
        ("agent idle", session(agent(vec![]), State::Idle, true)),
        ("agent completed", session(agent(vec![]), done(), true)),
        ("agent completed, gone", session(agent(vec![]), done(), false)),
        ("agent failed, gone", session(agent(vec![]), State::failed("no"), false)),
        ("agent at its usage limit", continuing(None)),
        ("agent that continues after it", continuing(Some(9))),
        ("agent stopped", session(agent(vec![]), State::Stopped, false)),
        ("agent being stopped", stopping),
        ("agent put to rest", retiring),
        ("agent put to rest, then asked", retiring_asked),
        ("agent put to rest for a new version", renewed),
        ("agent starting in a new version", renewing),
        ("agent restarted after dying", restarted),
        ("agent that died three times", worn_out),
        ("agent unknown", unknown),
        ("terminal agent working", terminal(State::Working)),
        ("terminal agent completed", terminal(done())),
    ]
}

fn goal(phase: GoalPhase) -> Goal {
    Goal {
        condition: "tests pass".into(),
        check: None,
        set_at: Millis(1),
        ready_at: None,
        bounds: Bounds { turns: 50, ms: 1_000_000, not_before: None },
        phase,
        counted_from: Millis(1),
        turns: 2,
        idle_turns: 0,
        same_reason: 0,
        check_ins: 0,
        failures: 0,
        spent: Spent::default(),
        evaluator: String::new(),
        verdicts: Vec::new(),
        advice: Vec::new(),
    }
}

fn verdict(judgement: Judgement) -> JudgedOutcome {
    JudgedOutcome::Verdict(Verdict {
        at: Millis(9),
        turn: 0,
        judgement,
        reason: "2 failed".into(),
        evidence: String::new(),
        spent: Spent::default(),
    })
}

fn judged(outcome: JudgedOutcome) -> Event {
    let evaluator = "fixed rules".into();
    let judged = Judged { evaluator, spent: Spent::default(), used_tools: true, outcome };
    Event::Fact(Fact::Judged { n: 1, judged: Box::new(judged) })
}

fn cron() -> CronTask {
    CronTask {
        id: "c1".into(),
        cron: "0 9 * * *".into(),
        prompt: "look".into(),
        recurring: true,
        durable: false,
        created_at: Millis(1),
        expires_at: None,
        due_at: Millis(5),
        fire_at: Millis(6),
        plan: "p".into(),
        runs: 0,
        last_run_at: None,
    }
}

fn looping() -> Loop {
    Loop {
        id: "l1".into(),
        prompt: LoopPrompt::Given { text: "look".into() },
        pace: Pace::SelfPaced,
        started_at: Millis(1),
        expires_at: Millis(1_000),
        runs: 3,
        running: None,
        next_at: Some(Millis(50)),
        plan: "p".into(),
        reason: String::new(),
        fallback: false,
    }
}

fn monitor(id: &str) -> Monitor {
    Monitor {
        id: id.into(),
        description: "errors".into(),
        source: "tail -f log".into(),
        persistent: false,
        started_at: Millis(1),
        deadline_at: None,
        lines: 0,
        last_lines: Vec::new(),
    }
}

fn timed(what: Timer) -> Event {
    let run = Some(Run { text: "look".into(), ..Run::default() });
    let next = Some((Millis(500), Millis(501)));
    let (before, plan) = ("p".into(), "q".into());
    let fired = TimerFired { what, before, plan, next, run, skipped: None };
    Event::Fact(Fact::TimerFired { fired: Box::new(fired) })
}

/// A session that all of this keeps going.
fn standing(mut session: Session, phase: GoalPhase) -> Session {
    if let Work::Agent(agent) = &mut session.work {
        *agent.standing = Standing {
            goal: Some(goal(phase)),
            looping: Some(looping()),
            crons: vec![cron()],
            monitors: vec![monitor("m1")],
            ..Standing::default()
        };
    }
    session
}

fn terminal(state: State) -> Session {
    let mut session = session(agent(vec![]), state, true);
    if let Work::Agent(agent) = &mut session.work {
        agent.surface = Surface::Terminal;
    }
    session
}

fn goals() -> Vec<(&'static str, Session)> {
    let after = || Box::new(done());
    let judging = GoalPhase::Judging { n: 1, after: after(), since: Millis(1), check_in: false };
    let why = "make".to_owned();
    let waiting = GoalPhase::Waiting { n: 1, after: after(), until: Millis(90), why };
    let paused = GoalPhase::Paused { why: "50 turns are over".into(), at: Millis(1) };
    let working = session(agent(vec![prompt(1, PromptState::Sent)]), State::Working, true);
    let rests = || session(agent(vec![]), done(), true);
    vec![
        ("agent pursues a goal", standing(working, GoalPhase::Pursuing)),
        (
            "agent whose goal is judged",
            standing(session(agent(vec![]), State::Working, true), judging),
        ),
        ("agent whose goal waits", standing(rests(), waiting)),
        ("agent whose goal is paused", standing(rests(), paused)),
    ]
}

fn told(fact: Fact) -> Event {
    Event::Fact(Fact::Told { by: Source::Hook, fact: Box::new(fact) })
}

fn usage_limit() -> Trouble {
    Trouble { kind: TroubleKind::UsageLimit, resets: Some(Millis(5)) }
}

fn continuing(at: Option<u64>) -> Session {
    let mut waiting = session(agent(vec![]), limited(), true);
    if let Work::Agent(agent) = &mut waiting.work {
        let continuation = |at| Continuation { at: Millis(at), text: "continue".into() };
        agent.continues = at.map(|at| Box::new(continuation(at)));
    }
    waiting
}

fn done() -> State {
    State::Completed { result: "ok".into() }
}

fn limited() -> State {
    State::Failed { error: "limit".into(), trouble: Some(usage_limit()) }
}

fn worktree(setting_up: bool) -> Lodging {
    Lodging::Worktree(Box::new(Worktree {
        path: "/r/.claude/worktrees/w".into(),
        branch: "worktree-w".into(),
        base: "main".into(),
        base_commit: "0123456789abcdef".into(),
        setting_up,
        ..Worktree::default()
    }))
}

type Events = Vec<(&'static str, Event)>;

fn events() -> Events {
    [process_events(), turn_events(), standing_events(), other_events()].concat()
}

fn answer(answer: Answer) -> Command {
    Command::Answer { need: None, answer, shown_ms: None }
}

fn process_events() -> Events {
    let blue = Answer::Text { text: "blue".into() };
    vec![
        ("reply", Event::Command(Command::Reply { text: "go on".into(), enclosures: Vec::new() })),
        ("answer allow", Event::Command(answer(Answer::Allow))),
        ("answer text", Event::Command(answer(blue))),
        ("interrupt", Event::Command(Command::Interrupt)),
        ("stop", Event::Command(Command::Stop)),
        ("respawn", Event::Command(Command::Respawn)),
        (
            "continue at reset",
            Event::Command(Command::ContinueAtReset { at: Millis(9), text: "continue".into() }),
        ),
        ("cancel continue", Event::Command(Command::CancelContinue)),
        ("continue due", Event::Fact(Fact::ContinueDue)),
        ("used", Event::Fact(Fact::Used { usage: Usage { used: 1, size: 2, cost: None } })),
        ("rested", Event::Fact(Fact::Rested)),
        ("run ended", Event::Fact(Fact::RunEnded)),
        ("seen", Event::Command(Command::Seen)),
        ("shed", Event::Fact(Fact::Shed)),
        ("outdated", Event::Fact(Fact::Outdated { from: "0.0.1".into() })),
        ("launched", Event::Fact(Fact::Launched { pid: 10 })),
        ("launch failed", Event::Fact(Fact::LaunchFailed { error: "no shell".into() })),
        ("agent ready", Event::Fact(Fact::AgentReady { agent_session_id: "a".into() })),
        (
            "agent refused",
            Event::Fact(Fact::AgentRefused { error: "sign in".into(), trouble: None }),
        ),
        ("prompt sent", Event::Fact(Fact::PromptSent { n: 1 })),
        ("need opened", Event::Fact(Fact::NeedOpened { need: need("7") })),
        ("need 5 closed", Event::Fact(Fact::NeedClosed { id: NeedId("5".into()) })),
    ]
}

fn turn_events() -> Events {
    let ended = |stop: &str, text: &str| {
        let outcome = TurnOutcome::Finished { stop_reason: stop.into(), last_text: text.into() };
        Event::Fact(Fact::TurnEnded { n: 1, outcome })
    };
    let turn = |outcome| Event::Fact(Fact::TurnEnded { n: 1, outcome });
    vec![
        ("turn ended", ended("end_turn", "All done.")),
        ("turn ended with a question", ended("end_turn", "Shall I push?")),
        ("turn ended by marker failed", ended("end_turn", "failed: no network")),
        ("turn ended at token limit", ended("max_tokens", "cut")),
        ("turn ended for an unknown reason", ended("tired", "zzz")),
        ("turn cancelled", turn(TurnOutcome::Cancelled)),
        (
            "turn ended at a usage limit",
            turn(TurnOutcome::Error { message: "limit".into(), trouble: Some(usage_limit()) }),
        ),
        ("turn error", turn(TurnOutcome::Error { message: "400".into(), trouble: None })),
    ]
}

fn standing_events() -> Events {
    vec![
        (
            "goal set",
            Event::Command(Command::GoalSet { goal: Box::new(goal(GoalPhase::Pursuing)) }),
        ),
        ("goal cleared", Event::Command(Command::GoalClear)),
        ("goal retried", Event::Command(Command::GoalRetry)),
        ("judged met", judged(verdict(Judgement::Met))),
        ("judged not yet", judged(verdict(Judgement::NotYet))),
        ("judged impossible", judged(verdict(Judgement::Impossible))),
        ("judge away", judged(JudgedOutcome::Passing { why: "no network".into() })),
        ("judge not understood", judged(JudgedOutcome::Failed { why: "no JSON".into() })),
        ("judge not signed in", judged(JudgedOutcome::Hopeless { why: "no key".into() })),
        ("goal waits", Event::Fact(Fact::GoalWaits { n: 1, why: "make".into() })),
        ("goal due", Event::Fact(Fact::GoalDue { over: true })),
        ("cron created", Event::Command(Command::CronCreate { task: Box::new(cron()) })),
        ("cron deleted", Event::Command(Command::CronDelete { id: "c1".into() })),
        ("cron due", timed(Timer::Cron { id: "c1".into() })),
        ("loop started", Event::Command(Command::LoopStart { looping: Box::new(looping()) })),
        ("loop stopped", Event::Command(Command::LoopStop)),
        ("loop due", timed(Timer::Loop)),
        (
            "wake-up",
            Event::Command(Command::Wake {
                wakeup: Wakeup {
                    at: Millis(9),
                    reason: "soon".into(),
                    prompt: String::new(),
                    plan: "at 9".into(),
                },
            }),
        ),
        ("tools ready", Event::Fact(Fact::ToolsReady)),
        ("monitor started", Event::Fact(Fact::MonitorStarted { monitor: Box::new(monitor("m2")) })),
        (
            "monitor lines",
            Event::Fact(Fact::MonitorLines {
                id: "m1".into(),
                first: 1,
                lines: vec!["error".into()],
                left_out: 0,
            }),
        ),
        (
            "monitor ended",
            Event::Fact(Fact::MonitorEnded { id: "m1".into(), why: "exit code 0".into() }),
        ),
    ]
}

fn other_events() -> Events {
    let ended = |code, signal| Exit { code, signal, last_words: "bye".into() };
    let exit = |code, signal| Event::Fact(Fact::Exited { exit: ended(code, signal) });
    vec![
        ("lodged", Event::Fact(Fact::Lodged { lodging: worktree(false) })),
        ("lodged, setting up", Event::Fact(Fact::Lodged { lodging: worktree(true) })),
        ("checkout changed", Event::Fact(Fact::CheckoutChanged { files: vec!["a.txt".into()] })),
        ("terminal turn began", told(Fact::TurnBegan { text: "go".into() })),
        (
            "terminal turn ended",
            told(Fact::TurnStopped { last_text: Some("All done.".into()), failure: None }),
        ),
        ("terminal waits", told(Fact::TurnStopped { last_text: None, failure: None })),
        ("interrupt keys", told(Fact::InterruptSent)),
        (
            "open in a terminal",
            Event::Command(Command::Open {
                agent: "tui".into(),
                surface: Surface::Terminal,
                permission_mode: None,
            }),
        ),
        ("progress", Event::Fact(Fact::Progress { line: "reading".into() })),
        ("exit 0", exit(Some(0), None)),
        ("exit 3", exit(Some(3), None)),
        ("signal 9", exit(None, Some(9))),
        ("host lost", Event::Fact(Fact::HostLost { cause: "host killed".into() })),
        (
            "host unknown",
            Event::Fact(Fact::HostUnknown { why: "no answer".into(), way_out: "wake it".into() }),
        ),
    ]
}

fn pull_events() -> Events {
    vec![
        (
            "pull request opened",
            Event::Fact(Fact::PullRequestOpened { url: PULL.into(), by: Source::Protocol }),
        ),
        (
            "another's pull request seen",
            Event::Fact(Fact::PullRequestSeen { url: PULL.into(), state: PullState::Merged }),
        ),
    ]
}

fn outcome(session: &Session, event: Event) -> String {
    let after = match step(session, event, NOW) {
        Err(refusal) => return format!("refused: {} | {}", refusal.message, refusal.hint),
        Ok(after) => after,
    };
    let mut out = after.session.state.word().to_owned();
    let live = match after.session.liveness {
        Liveness::Alive { .. } => "alive",
        Liveness::Gone { .. } => "gone",
        Liveness::Unknown { .. } => "unknown",
    };
    let prompts: Vec<String> = after.session.agent().map_or(Vec::new(), |a| {
        a.prompts.iter().map(|p| format!("{}{:?}", p.n, p.state)).collect()
    });
    write!(out, ", {live}").unwrap();
    for (label, some) in [
        ("stopping", after.session.stopping),
        ("answer on its way", after.session.agent().is_some_and(|a| !a.answers.is_empty())),
    ] {
        if some {
            write!(out, ", {label}").unwrap();
        }
    }
    if !prompts.is_empty() {
        write!(out, ", prompts {}", prompts.join(" ")).unwrap();
    }
    if let Some(standing) = after.session.agent().map(|a| &a.standing).filter(|s| !s.is_empty()) {
        let goal = standing.goal.as_ref().map_or("no goal", |goal| match goal.phase {
            GoalPhase::Pursuing => "goal pursued",
            GoalPhase::Judging { .. } => "goal judged",
            GoalPhase::Waiting { .. } => "goal waits",
            GoalPhase::Paused { .. } => "goal paused",
        });
        let looping = standing.looping.as_ref().map_or("no loop", |_| "loop");
        let (crons, monitors) = (standing.crons.len(), standing.monitors.len());
        write!(out, ", {goal}, {looping}, {crons} cron, {monitors} monitors").unwrap();
    }
    if !after.effects.is_empty() {
        write!(out, " -> {:?}", after.effects).unwrap();
    }
    for evidence in after.evidence {
        write!(out, " ({:?}: {})", evidence.source, evidence.text).unwrap();
    }
    out
}

#[test]
fn the_transition_table_is_as_agreed() {
    let mut table = String::new();
    for (name, session) in sessions().into_iter().chain(goals()) {
        writeln!(table, "== {name}").unwrap();
        for (event_name, event) in events().into_iter().chain(pull_events()) {
            writeln!(table, "{event_name}: {}", outcome(&session, event)).unwrap();
        }
        table.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/transitions.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (got, wanted)) in table.lines().zip(golden.lines()).enumerate() {
        assert_eq!(got, wanted, "line {}", line + 1);
    }
    assert_eq!(table.len(), golden.len(), "the table has grown or shrunk");
}

#[test]
fn stopped_stays_stopped_whatever_is_still_heard_of_the_process() {
    let mut all = sessions().into_iter();
    let (_, being_stopped) = all.find(|(n, _)| *n == "agent being stopped").unwrap();
    let exit = Exit { code: None, signal: Some(15), last_words: String::new() };
    let ended = Event::Fact(Fact::Exited { exit });
    let stopped = step(&being_stopped, ended, Millis(2)).unwrap().session;
    assert_eq!(stopped.state, State::Stopped);
    for fact in [
        Fact::Progress { line: "late".into() },
        Fact::NeedClosed { id: NeedId("5".into()) },
        Fact::HostLost { cause: "late".into() },
        Fact::PromptSent { n: 1 },
        Fact::NeedOpened { need: need("8") },
        Fact::TurnEnded { n: 1, outcome: TurnOutcome::Cancelled },
    ] {
        let after = step(&stopped, Event::Fact(fact.clone()), Millis(3)).unwrap();
        assert_eq!((after.session.state, after.effects), (State::Stopped, vec![]), "{fact:?}");
    }
}

#[test]
fn what_began_before_its_agent_was_ready_is_no_work_for_a_goal() {
    let waiting = session(agent(vec![prompt(1, PromptState::Queued)]), State::Starting, true);
    let ready = Event::Fact(Fact::AgentReady { agent_session_id: "a".into() });
    let next = step(&standing(waiting, GoalPhase::Pursuing), ready, Millis(70)).unwrap().session;
    let goal = next.agent().unwrap().standing.goal.clone().unwrap();
    assert_eq!((goal.set_at, goal.works_since()), (Millis(1), Millis(70)));
    let later = Goal { set_at: Millis(90), ..goal };
    assert_eq!(later.works_since(), Millis(90));
}
