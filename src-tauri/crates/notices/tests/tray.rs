//! The tray's menu: who waits, what runs next, what goes on when it is quit (N2).

use nightshift_model::{Liveness, Millis, Need, NeedId, NeedKind, Session, SessionId, State, Work};
use nightshift_notices::tray::{Line, Menu, ROUTINES, id_of_session, name_of_routine};
use nightshift_protocol::standing::LoopSummary;
use nightshift_protocol::{BoardChange, BoardEvent, RoutineView, SessionView, StandingSummary};

const NOW: Millis = Millis(1_000_000);

fn view(n: u32, name: &str, state: State) -> SessionView {
    let id = SessionId::parse(&format!("{n:08x}")).unwrap();
    let work = Work::Shell { command: "make".into() };
    let made = Session::starting(
        id,
        String::new(),
        name.into(),
        work,
        "/".into(),
        "make".into(),
        Millis(0),
    );
    let since = Millis(u64::from(n));
    let liveness = Liveness::Gone { since };
    SessionView::of(&Session { state, state_since: since, liveness, ..made })
}

fn asks(question: &str) -> State {
    let need = Need {
        id: NeedId("need-1".into()),
        kind: NeedKind::Question,
        question: question.into(),
        detail: String::new(),
        options: Vec::new(),
        free_text: true,
        since: Millis(5),
        unshown_bytes: 0,
        answered: None,
    };
    State::NeedsInput { needs: vec![need] }
}

fn menu(sessions: Vec<SessionView>) -> Menu {
    let mut menu = Menu::default();
    for view in sessions {
        let change = BoardChange::Upsert { view: Box::new(view) };
        menu.take(BoardEvent::Change { seq: 1, change });
    }
    menu
}

fn words(menu: &Menu) -> Vec<String> {
    let word = |line: Line| match line {
        Line::Between => None,
        Line::Said(words) | Line::Does { words, .. } | Line::Switch { words, .. } => Some(words),
    };
    menu.lines(NOW, &|at| format!("<{}>", at.0)).into_iter().filter_map(word).collect()
}

#[test]
fn an_empty_board_has_a_calm_menu() {
    assert_eq!(
        words(&menu(Vec::new())),
        [
            "Nobody needs input",
            "Quick dispatch…",
            "Pause all schedules",
            "Open Nightshift",
            "Close the window",
            "Quit Nightshift",
        ]
    );
}

#[test]
fn those_who_wait_are_named_the_longest_first_and_not_without_end() {
    let waiting = (1..=11).rev().map(|n| view(n, &format!("name_{n}"), asks("Which _one_ & why?")));
    let menu = menu(waiting.collect());
    let all = menu.lines(NOW, &|_| String::new());
    assert_eq!(all[0], Line::Said("11 sessions need input".into()));
    let Line::Does { id, words } = &all[1] else { panic!("{all:?}") };
    assert_eq!(id_of_session(id), Some("00000001"));
    assert_eq!(words, "name_1: Which _one_ && why?", "an ampersand is no key");
    assert_eq!(all[9], Line::Does { id: "open".into(), words: "… 3 more".into() });
}

#[test]
fn the_next_run_of_all_is_told_unless_schedules_are_paused() {
    let at = |ms| Some(Millis(ms));
    let looping =
        |ms| LoopSummary { runs: 3, next_at: at(ms), self_paced: false, reason: String::new() };
    let mut nightly = view(1, "nightly", State::Idle);
    nightly.standing = Some(StandingSummary {
        looping: Some(looping(3_000_000)),
        wakeup_at: at(900_000),
        ..StandingSummary::default()
    });
    let mut sweep = view(2, "sweep", State::Completed { result: String::new() });
    sweep.standing =
        Some(StandingSummary { next_cron_at: at(2_000_000), ..StandingSummary::default() });
    let mut menu = menu(vec![nightly, sweep]);
    let lines = menu.lines(NOW, &|at| format!("<{}>", at.0));
    let next =
        Line::Does { id: "session-00000002".into(), words: "Next run at <2000000>: sweep".into() };
    assert!(lines.contains(&next), "{lines:?}");
    menu.paused = true;
    assert!(!words(&menu).iter().any(|line| line.starts_with("Next run")), "{:?}", words(&menu));
}

fn routine(name: &str, health: &str, next_run_at: Option<i64>) -> RoutineView {
    RoutineView {
        id: format!("trig_{name}"),
        name: name.into(),
        description: String::new(),
        enabled: true,
        paused: health == "paused",
        note: None,
        health: health.into(),
        health_reason: String::new(),
        next_run_at,
        timezone: "UTC".into(),
        triggers: Vec::new(),
        last_run: None,
        recent: Vec::new(),
        problems: Vec::new(),
        remarks: Vec::new(),
    }
}

#[test]
fn the_next_routine_and_those_that_are_not_well_are_told() {
    let mut menu = menu(Vec::new());
    let itself = RoutineView { note: Some("failing".into()), ..routine("stuck", "paused", None) };
    let holiday =
        RoutineView { note: Some("on holiday".into()), ..routine("digest", "paused", None) };
    menu.routines = vec![
        routine("triage", "on_time", Some(3_000_000)),
        routine("flaky", "quiet", Some(2_000_000)),
        routine("past", "on_time", Some(5)),
        itself,
        holiday,
    ];
    let lines = menu.lines(NOW, &|at| format!("<{}>", at.0));
    let told: Vec<(&str, &str)> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Does { id, words } => Some((name_of_routine(id)?, words.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            ("flaky", "Next routine at <2000000>: flaky"),
            ("flaky", "flaky is quiet"),
            ("stuck", "stuck is paused"),
        ]
    );
    assert!(lines.contains(&Line::Does { id: ROUTINES.into(), words: "Routines…".into() }));
    menu.paused = true;
    assert!(!words(&menu).iter().any(|line| line.starts_with("Next routine")));
    menu.routines = (0..5).map(|n| routine(&format!("r{n}"), "failing", None)).collect();
    assert!(words(&menu).contains(&"… 2 more".to_owned()), "{:?}", words(&menu));
}
