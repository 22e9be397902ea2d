//! Requests come and go while windows, notifications, the command line and replies answer at random
//! times: no request is answered by an action that meant another one, or before it could be read.

use nightshift_model::answering::ANSWER_AFTER_MS;
use nightshift_model::{
    AgentWork, Answer, Command, Event, Fact, Liveness, Millis, Need, NeedId, NeedKind, NeedOption,
    OptionKind, Prompt, Session, SessionId, State, Work, step,
};
use nightshift_testkit::Dice;
use std::collections::BTreeMap;

const SEEDS: u64 = 3_000;
const STEPS: u64 = 80;
/// Longest way of a press to the supervisor.
const LATE_MS: u64 = 900;
/// Longest time until a screen shows what is open now.
const LAG_MS: u64 = 300;

fn working() -> Session {
    let first = Prompt::of_user(1, "go".into(), Millis(1));
    let work = Work::Agent(AgentWork::beginning("rehearsal".into(), first));
    let id = SessionId::parse("7c5d0a1b").unwrap();
    let (cwd, asked) = ("/w".to_owned(), "go".to_owned());
    let session = Session::starting(id, "7c5d".into(), "n".into(), work, cwd, asked, Millis(1));
    Session {
        state: State::Working,
        liveness: Liveness::Alive { pid: 9, since: Millis(1) },
        ..session
    }
}

fn need(n: u64, kind: NeedKind, at: u64) -> Need {
    let option = |id: &str, kind| NeedOption { id: id.into(), label: id.into(), kind };
    Need {
        id: NeedId(format!("need-{n}")),
        kind,
        question: "Run: make".into(),
        detail: String::new(),
        options: match kind {
            NeedKind::Permission => {
                vec![option("yes", OptionKind::AllowOnce), option("no", OptionKind::RejectOnce)]
            }
            NeedKind::Question => {
                vec![option("yes", OptionKind::Choice), option("no", OptionKind::Choice)]
            }
        },
        free_text: kind == NeedKind::Question,
        since: Millis(at),
        unshown_bytes: 0,
        answered: None,
    }
}

/// What somebody did, and what of it arrives later.
#[derive(Clone, Debug)]
struct Press {
    arrives: u64,
    /// The request on the screen and since when; none where there is no screen.
    meant: Option<(NeedId, u64)>,
    at: u64,
    event: Command,
}

/// A window or a notification: shows the first open request, a little late.
#[derive(Clone, Debug, Default)]
struct Screen {
    shown: Option<(NeedId, u64)>,
    looks_next: u64,
}

struct World {
    dice: Dice,
    now: u64,
    session: Session,
    opened: u64,
    screens: [Screen; 4],
    presses: Vec<Press>,
    taken: BTreeMap<&'static str, u64>,
}

impl World {
    fn new(seed: u64) -> World {
        World {
            dice: Dice::new(seed),
            now: 1_000,
            session: working(),
            opened: 0,
            screens: Default::default(),
            presses: Vec::new(),
            taken: BTreeMap::new(),
        }
    }

    fn tick(&mut self) {
        self.now += self.dice.below(250);
        match self.dice.below(8) {
            0 | 1 if self.session.needs().len() < 3 => self.opens(),
            2 => self.withdraws(),
            3..=5 => self.presses_a_button(),
            6 => self.answers_without_a_screen(),
            _ => {}
        }
        self.screens_follow();
        self.arrivals();
    }

    fn fact(&mut self, fact: Fact) {
        self.session = step(&self.session, Event::Fact(fact), Millis(self.now)).unwrap().session;
    }

    fn opens(&mut self) {
        self.opened += 1;
        let kind = if self.dice.one_in(2) { NeedKind::Permission } else { NeedKind::Question };
        self.fact(Fact::NeedOpened { need: need(self.opened, kind, self.now) });
    }

    fn withdraws(&mut self) {
        let Some(need) = self.dice.pick(self.session.needs()).cloned() else { return };
        self.fact(Fact::NeedClosed { id: need.id });
    }

    fn screens_follow(&mut self) {
        let open = self.session.needs().first().map(|need| need.id.clone());
        for screen in &mut self.screens {
            if self.now < screen.looks_next {
                continue;
            }
            screen.looks_next = self.now + self.dice.below(LAG_MS);
            if screen.shown.as_ref().map(|(id, _)| id) != open.as_ref() {
                screen.shown = open.clone().map(|id| (id, self.now));
            }
        }
    }

    /// Once, twice or held: what the screen shows is what is meant.
    fn presses_a_button(&mut self) {
        let Some((id, since)) = self.dice.pick(&self.screens).and_then(|s| s.shown.clone()) else {
            return;
        };
        for again in 0..=self.dice.below(3) {
            let at = self.now + again * 40;
            let answer = self.answer();
            let shown_ms = Some(at - since);
            let event = Command::Answer { need: Some(id.clone()), answer, shown_ms };
            let arrives = at + self.dice.below(LATE_MS);
            self.presses.push(Press { arrives, meant: Some((id.clone(), since)), at, event });
        }
    }

    fn answers_without_a_screen(&mut self) {
        let answer = self.answer();
        let event = match self.dice.below(2) {
            0 => Command::Answer { need: None, answer, shown_ms: None },
            _ => Command::Reply { text: "yes".into(), enclosures: Vec::new() },
        };
        let arrives = self.now + self.dice.below(LATE_MS);
        self.presses.push(Press { arrives, meant: None, at: self.now, event });
    }

    fn answer(&mut self) -> Answer {
        let yes = Answer::Option { id: "yes".into() };
        let all = [yes, Answer::Allow, Answer::Deny, Answer::Text { text: "yes".into() }];
        self.dice.pick(&all).cloned().unwrap()
    }

    fn arrivals(&mut self) {
        let now = self.now;
        let (due, later) = self.presses.drain(..).partition(|press| press.arrives <= now);
        self.presses = later;
        let due: Vec<Press> = due;
        for press in due {
            self.arrives(&press);
        }
    }

    fn arrives(&mut self, press: &Press) {
        let open = self.session.needs().to_vec();
        let command = Event::Command(press.event.clone());
        // What is refused changes nothing: there is no next session.
        let Ok(after) = step(&self.session, command, Millis(self.now)) else { return };
        let left = after.session.needs();
        let gone: Vec<&Need> =
            open.iter().filter(|need| !left.iter().any(|l| l.id == need.id)).collect();
        assert!(gone.len() <= 1, "one action answered {gone:?}");
        if let Some(answered) = gone.first() {
            self.check(press, answered, open.len());
        }
        self.session = after.session;
    }

    fn check(&mut self, press: &Press, answered: &Need, open: usize) {
        if let Some((meant, since)) = &press.meant {
            assert_eq!(&answered.id, meant, "{press:?}");
            assert!(press.at - since >= ANSWER_AFTER_MS, "{press:?}");
            *self.taken.entry("screen").or_default() += 1;
            return;
        }
        assert_eq!(open, 1, "{press:?} could have meant another one than {answered:?}");
        assert!(self.now - answered.since.0 >= ANSWER_AFTER_MS, "{press:?} {answered:?}");
        let word = match press.event {
            Command::Reply { .. } => {
                assert_eq!(answered.kind, NeedKind::Question, "{press:?}");
                "reply"
            }
            _ => "nameless",
        };
        *self.taken.entry(word).or_default() += 1;
    }
}

#[test]
fn failures_39_fuzz_no_action_answers_what_it_did_not_mean() {
    let mut taken = BTreeMap::<&str, u64>::new();
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.tick();
        }
        for (word, count) in world.taken {
            *taken.entry(word).or_default() += count;
        }
    }
    // It is no test of a machine that takes no answer at all.
    for word in ["screen", "nameless", "reply"] {
        assert!(taken.get(word).is_some_and(|count| *count > SEEDS / 10), "{taken:?}");
    }
}
