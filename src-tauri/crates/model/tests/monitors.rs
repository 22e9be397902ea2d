//! Every order in which a monitor's lines, prompts on their way and ends of turns can come: the agent
//! hears each line once and in order.

use nightshift_model::standing::*;
use nightshift_model::*;

/// Steps of one story; all stories of this length are told.
const STEPS: u32 = 7;

#[derive(Clone, Copy, Debug)]
enum Happens {
    Line,
    /// The next prompt is handed to the agent's host; what it says now is what the agent hears.
    Handed,
    /// The journal holds it.
    Sent,
    TurnEnds,
}

const ALL: [Happens; 4] = [Happens::Line, Happens::Handed, Happens::Sent, Happens::TurnEnds];

struct Story {
    session: Session,
    at: u64,
    lines: u64,
    handed: Option<u32>,
    heard: String,
}

fn begun() -> Story {
    let first =
        Prompt { state: PromptState::Sent, ..Prompt::of_user(1, "watch".into(), Millis(1)) };
    let work = Work::Agent(AgentWork::beginning("rehearsal".into(), first));
    let id = SessionId::parse("7c5d0a1b").unwrap();
    let (uuid, name) = ("7c5d0a1b-0000-4000-8000-000000000000".to_owned(), "watch".to_owned());
    let starting = Session::starting(id, uuid, name, work, "/".into(), "watch".into(), Millis(1));
    let liveness = Liveness::Alive { pid: 9, since: Millis(1) };
    let session = Session { state: State::Working, liveness, ..starting };
    let mut story = Story { session, at: 1, lines: 0, handed: None, heard: String::new() };
    let monitor = Monitor {
        id: "m1".into(),
        description: "the log".into(),
        source: "tail -F log".into(),
        persistent: true,
        started_at: Millis(1),
        deadline_at: None,
        lines: 0,
        last_lines: Vec::new(),
    };
    story.take(Fact::MonitorStarted { monitor: Box::new(monitor) });
    story
}

impl Story {
    fn take(&mut self, fact: Fact) {
        self.at += 1;
        self.session = step(&self.session, Event::Fact(fact), Millis(self.at)).unwrap().session;
    }

    fn prompts(&self) -> &[Prompt] {
        &self.session.agent().unwrap().prompts
    }

    fn goes_on(&mut self, happens: Happens) {
        let sent = self.prompts().iter().find(|p| p.state == PromptState::Sent).map(|p| p.n);
        match happens {
            Happens::Line => {
                self.lines += 1;
                let (first, lines) = (self.lines, vec![format!("line {};", self.lines)]);
                self.take(Fact::MonitorLines { id: "m1".into(), first, lines, left_out: 0 });
            }
            Happens::Handed if self.handed.is_none() && sent.is_none() => {
                let Some(next) = self.prompts().first().cloned() else { return };
                self.heard.push_str(&next.text);
                self.handed = Some(next.n);
            }
            Happens::Sent => {
                if let Some(n) = self.handed.take() {
                    self.take(Fact::PromptSent { n });
                }
            }
            Happens::TurnEnds => {
                let Some(n) = sent else { return };
                let (stop_reason, last_text) = ("end_turn".to_owned(), "seen".to_owned());
                let outcome = TurnOutcome::Finished { stop_reason, last_text };
                self.take(Fact::TurnEnded { n, outcome });
            }
            Happens::Handed => {}
        }
    }

    fn comes_to_rest(&mut self) {
        while !self.prompts().is_empty() {
            for happens in [Happens::TurnEnds, Happens::Handed, Happens::Sent] {
                self.goes_on(happens);
            }
        }
    }
}

#[test]
fn each_line_is_heard_once_and_in_order_whenever_it_comes() {
    for number in 0..ALL.len().pow(STEPS) {
        let mut story = begun();
        let happenings: Vec<Happens> =
            (0..STEPS).map(|digit| ALL[number / ALL.len().pow(digit) % ALL.len()]).collect();
        happenings.iter().for_each(|happens| story.goes_on(*happens));
        story.comes_to_rest();
        let mut heard = story.heard.matches("line ").count() as u64;
        let mut rest = story.heard.as_str();
        for line in 1..=story.lines {
            let Some((_, after)) = rest.split_once(&format!("line {line};")) else {
                panic!("line {line} is not heard in order: {happenings:?}\n{}", story.heard);
            };
            (rest, heard) = (after, heard - 1);
        }
        assert_eq!(heard, 0, "heard twice: {happenings:?}\n{}", story.heard);
    }
}

#[test]
fn lines_for_which_there_is_no_room_are_counted_where_the_user_sees_it() {
    let mut story = begun();
    for n in 2..=32 {
        let text = format!("reply {n}");
        let reply = Event::Command(Command::Reply { text, enclosures: Vec::new() });
        story.session = step(&story.session, reply, Millis(story.at)).unwrap().session;
    }
    story.goes_on(Happens::Line);
    let remarks = &story.session.agent().unwrap().standing.remarks;
    assert!(remarks[0].warns && remarks[0].text.contains("1 line of monitor m1"), "{remarks:?}");
}
