//! Whatever stands in the rows, the board is a frame that its reader takes: every session is in it, in
//! order, with the state that it is in. The rows are random, from a seed, far beyond what the bounds of
//! agents let through: what a board holds may come from an older version, or from users.

use nightshift_model::{
    AgentWork, Liveness, Millis, Need, NeedId, NeedKind, NeedOption, OptionKind, Prompt, Session,
    SessionId, State, Trouble, TroubleKind, Work,
};
use nightshift_protocol::{
    BoardChange, BoardEvent, FrameDecoder, Notice, NoticeLevel, Reply, ServerMessage, SessionView,
};
use nightshift_supervisor::clients::{ROW_MAX_BYTES, frame};
use nightshift_testkit::Dice;
use std::mem::discriminant;

const SEEDS: u64 = 6;
/// As many as a supervisor keeps.
const SESSIONS_MAX: u64 = 2_000;
const NOTICES_MAX: u64 = 50;
/// Text of one board: more is only more of the same.
const BOARD_MAX_BYTES: usize = 20 * 1024 * 1024;

/// Characters of every length in UTF-8 and in JSON, seen and unseen.
const UNITS: [&str; 12] = [
    "x",
    "word ",
    "\u{1}",
    "\"",
    "\\",
    "€",
    "\u{202e}",
    "👩‍👩‍👧",
    "\u{10ffff}",
    "\u{fe0f}",
    "a\u{301}",
    "\u{7f}\r\n",
];

/// How long texts of a board are.
#[derive(Clone, Copy)]
struct Size {
    most: u64,
    /// One in so many is as long as that, the others are words.
    one_in: u64,
}

fn text(dice: &mut Dice, size: Size) -> String {
    let most = if dice.one_in(size.one_in) { size.most } else { 40 };
    let len = usize::try_from(dice.below(most)).unwrap();
    // Long ones are a piece of a few units, again and again.
    let piece: String = (0..4).filter_map(|_| dice.pick(&UNITS).copied()).collect();
    piece.repeat(len / piece.len())
}

fn need(dice: &mut Dice, size: Size) -> Need {
    let option = |dice: &mut Dice| NeedOption {
        id: text(dice, size),
        label: text(dice, size),
        kind: *dice.pick(&[OptionKind::AllowOnce, OptionKind::RejectAlways]).unwrap(),
    };
    Need {
        id: NeedId(text(dice, size)),
        kind: *dice.pick(&[NeedKind::Permission, NeedKind::Question]).unwrap(),
        question: text(dice, size),
        detail: text(dice, size),
        options: (0..dice.below(5)).map(|_| option(dice)).collect(),
        free_text: dice.one_in(2),
        since: Millis(dice.below(1_000)),
        unshown_bytes: 0,
        answered: None,
    }
}

fn state(dice: &mut Dice, size: Size) -> State {
    match dice.below(8) {
        0 => State::Starting,
        1 => State::Idle,
        2 => State::Stopped,
        3 => State::Completed { result: text(dice, size) },
        4 => {
            let trouble = Trouble { kind: TroubleKind::Credit, resets: Some(Millis(7)) };
            let trouble = dice.one_in(2).then_some(trouble);
            State::Failed { error: text(dice, size), trouble }
        }
        5 | 6 => {
            let needs = (0..1 + dice.below(4)).map(|_| need(dice, size)).collect();
            State::NeedsInput { needs }
        }
        _ => State::Working,
    }
}

fn row(dice: &mut Dice, n: u64, size: Size) -> SessionView {
    let prompt = Prompt::of_user(1, text(dice, size), Millis(1));
    let mut work = AgentWork::beginning(text(dice, size), prompt);
    work.model = Some(text(dice, size));
    work.permission_mode = Some(text(dice, size));
    work.agent_session_id = Some(text(dice, size));
    let mut session = Session::starting(
        SessionId::parse(&format!("{n:08x}")).unwrap(),
        format!("{n:08x}-0000-4000-8000-000000000000"),
        text(dice, size),
        Work::Agent(work),
        format!("/{}", text(dice, size)),
        text(dice, size),
        Millis(n),
    );
    session.state = state(dice, size);
    session.line = text(dice, size);
    session.pinned = dice.one_in(3);
    session.liveness = match dice.below(3) {
        0 => Liveness::Alive { pid: 7, since: Millis(1) },
        1 => Liveness::Gone { since: Millis(2) },
        _ => {
            Liveness::Unknown { why: text(dice, size), way_out: text(dice, size), since: Millis(3) }
        }
    };
    SessionView::of(&session)
}

fn board(dice: &mut Dice) -> Vec<SessionView> {
    // Few rows of megabytes, many of some kilobytes, as many as there may be of hardly anything.
    let (count, most) = *dice
        .pick(&[(3, 12_000_000), (40, 700_000), (400, 60_000), (SESSIONS_MAX, 4_000)])
        .unwrap();
    let size = Size { most, one_in: 1 + dice.below(30) };
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for n in 0..count {
        let row =
            row(dice, n, if bytes < BOARD_MAX_BYTES { size } else { Size { most: 9, ..size } });
        bytes += format!("{row:?}").len();
        rows.push(row);
    }
    rows
}

/// What a client reads of it.
fn read(seed: u64, message: &ServerMessage) -> ServerMessage {
    let mut decoder = FrameDecoder::default();
    decoder.push(&frame(message));
    let (_, body) = decoder.next_frame().unwrap_or_else(|e| panic!("seed {seed}: {e}")).unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// `shown` says of a session what is true of it, if not everything.
fn assert_true(seed: u64, shown: &SessionView, is: &SessionView) {
    if shown == is {
        return;
    }
    let told =
        format!("seed {seed}: session {} is {is:?}", is.id).chars().take(2_000).collect::<String>();
    assert!(shown.line.contains("too large to show"), "less is shown and not said: {told}");
    assert_eq!((&shown.id, &shown.session_id), (&is.id, &is.session_id), "{told}");
    assert!(is.name.starts_with(&shown.name) && is.cwd.starts_with(&shown.cwd), "{told}");
    assert_eq!((shown.pinned, shown.queued), (is.pinned, is.queued), "{told}");
    assert_eq!((shown.state_since, shown.created_at), (is.state_since, is.created_at), "{told}");
    assert_eq!(discriminant(&shown.state), discriminant(&is.state), "{told}");
    assert_eq!(discriminant(&shown.liveness), discriminant(&is.liveness), "{told}");
    match (&shown.state, &is.state) {
        (State::NeedsInput { needs: shown }, State::NeedsInput { needs }) => {
            assert_eq!(shown[0].kind, needs[0].kind, "{told}");
            // Nobody answers what was not shown.
            assert!(shown[0].options.is_empty() && shown[0].unshown_bytes > 0, "{told}");
        }
        (State::Failed { trouble: shown, .. }, State::Failed { trouble, .. }) => {
            assert_eq!(shown, trouble, "{told}");
        }
        _ => {}
    }
}

#[test]
fn security_09_every_session_is_on_the_board_whatever_stands_in_the_rows() {
    for seed in 1..=SEEDS {
        let mut dice = Dice::new(seed);
        let rows = board(&mut dice);
        let size = Size { most: 400_000, one_in: 4 };
        let notice = |dice: &mut Dice| Notice {
            at: Millis(1),
            level: NoticeLevel::Warning,
            text: text(dice, size),
        };
        let notices = Vec::from_iter((0..dice.below(NOTICES_MAX + 1)).map(|_| notice(&mut dice)));
        let many = notices.len();
        let event = BoardEvent::Snapshot { seq: 1, sessions: rows.clone(), notices };
        let read_of = read(seed, &ServerMessage::Board { id: 1, event });
        let ServerMessage::Board { event: BoardEvent::Snapshot { sessions, notices, .. }, .. } =
            read_of
        else {
            panic!("seed {seed}: no board of {} rows: {read_of:?}", rows.len());
        };
        let reply = Reply::Sessions { views: rows.clone() };
        let ServerMessage::Reply { reply: Reply::Sessions { views }, .. } =
            read(seed, &ServerMessage::Reply { id: 1, reply })
        else {
            panic!("seed {seed}: no list of {} rows", rows.len());
        };
        assert_eq!((sessions.len(), notices.len()), (rows.len(), many), "seed {seed}");
        assert_eq!(views.len(), rows.len(), "seed {seed}");
        for ((shown, listed), is) in sessions.iter().zip(&views).zip(&rows) {
            assert_true(seed, shown, is);
            assert_true(seed, listed, is);
        }
    }
}

#[test]
fn security_09_every_change_of_a_row_fits_whatever_stands_in_it() {
    for seed in 1..=SEEDS {
        let mut dice = Dice::new(seed);
        for n in 0..12 {
            let size = Size { most: 10 << dice.below(18), one_in: 1 + dice.below(5) };
            let is = row(&mut dice, n, size);
            let change = BoardChange::Upsert { view: Box::new(is.clone()) };
            let event = BoardEvent::Change { seq: 1, change };
            let ServerMessage::Board {
                event: BoardEvent::Change { change: BoardChange::Upsert { view }, .. },
                ..
            } = read(seed, &ServerMessage::Board { id: 1, event })
            else {
                panic!("seed {seed}: no change");
            };
            assert_true(seed, &view, &is);
            let len = serde_json::to_vec(&is).unwrap().len();
            assert_eq!(*view == is, len <= ROW_MAX_BYTES, "seed {seed}: a row of {len} bytes");
        }
    }
}
