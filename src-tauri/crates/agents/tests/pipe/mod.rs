//! A stand-in for host and supervisor: runs an agent on pipes, journals both ways, drives it with
//! the real driver. Ends the process when dropped.

#![allow(dead_code, reason = "each test program uses its part")]

use nightshift_agents::acp::{Driver, DriverSpec, Fed};
use nightshift_model::{Answer, Fact, Millis, Need, NeedId, Prompt, PromptState, TurnOutcome};
use nightshift_platform::{clock, process};
use nightshift_protocol::{ConversationItem, ItemBody, Record, RecordKind};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// Longest wait for one thing to happen; vendors' agents take seconds to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

const SIGKILL: i32 = 9;

type Line = (RecordKind, Vec<u8>);

struct Running {
    child: Child,
    input: ChildStdin,
    lines: Receiver<Line>,
}

pub struct Pipe {
    pub spec: DriverSpec,
    pub driver: Driver,
    pub journal: Vec<Record>,
    pub facts: Vec<Fact>,
    pub prompts: Vec<Prompt>,
    pub answers: Vec<(NeedId, Answer)>,
    pub needs: Vec<Need>,
    program: Vec<String>,
    env: BTreeMap<String, String>,
    running: Option<Running>,
    next_prompt: u32,
}

impl Pipe {
    pub fn new(program: Vec<String>, env: BTreeMap<String, String>, spec: DriverSpec) -> Pipe {
        Pipe {
            driver: Driver::new(spec.clone()),
            spec,
            journal: Vec::new(),
            facts: Vec::new(),
            prompts: Vec::new(),
            answers: Vec::new(),
            needs: Vec::new(),
            program,
            env,
            running: None,
            next_prompt: 1,
        }
    }

    pub fn launch(&mut self) {
        let mut child = Command::new(&self.program[0])
            .args(&self.program[1..])
            .env_clear()
            .envs(&self.env)
            .current_dir(&self.spec.cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let out = child.stdout.take().unwrap();
        let err = child.stderr.take().unwrap();
        let errors = sender.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(out).split(b'\n').map_while(Result::ok) {
                sender.send((RecordKind::Out, line)).ok();
            }
        });
        std::thread::spawn(move || {
            for line in BufReader::new(err).split(b'\n').map_while(Result::ok) {
                errors.send((RecordKind::Err, line)).ok();
            }
        });
        let input = child.stdin.take().unwrap();
        let mark = format!(r#"{{"type":"launched","pid":{}}}"#, child.id());
        self.running = Some(Running { child, input, lines });
        self.record(RecordKind::Mark, mark.into_bytes());
        self.pump();
    }

    /// Kills the agent and all below it, as a host does.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let below = process::descendants(running.child.id()).unwrap_or_default();
            running.child.kill().ok();
            for one in below {
                // Some end by themselves when their parent does.
                process::signal(&one, SIGKILL).ok();
            }
            running.child.wait().ok();
        }
    }

    pub fn has_variable(&self, name: &str) -> bool {
        self.env.contains_key(name)
    }

    pub fn pid(&self) -> u32 {
        self.running.as_ref().unwrap().child.id()
    }

    fn record(&mut self, kind: RecordKind, body: Vec<u8>) {
        let seq = self.journal.len() as u64 + 1;
        let record = Record { seq, at: clock::now(), kind, body };
        self.journal.push(record.clone());
        let Fed { facts, .. } = self.driver.feed(&record);
        for (_, fact) in facts {
            match &fact {
                Fact::PromptSent { n } => {
                    for prompt in self.prompts.iter_mut().filter(|p| p.n == *n) {
                        prompt.state = PromptState::Sent;
                    }
                }
                Fact::TurnEnded { n, .. } => self.prompts.retain(|p| p.n != *n),
                Fact::NeedOpened { need } => self.needs.push(need.clone()),
                Fact::NeedClosed { id } => {
                    self.needs.retain(|n| n.id != *id);
                    self.answers.retain(|(answered, _)| answered != id);
                }
                _ => {}
            }
            self.facts.push(fact);
        }
    }

    /// Writes what is due, as the supervisor does.
    pub fn pump(&mut self) {
        for line in self.driver.due(&self.prompts, &self.answers) {
            self.write(line);
        }
    }

    fn write(&mut self, line: String) {
        let running = self.running.as_mut().unwrap();
        writeln!(running.input, "{line}").unwrap();
        self.record(RecordKind::In, line.into_bytes());
    }

    pub fn prompt(&mut self, text: &str) -> u32 {
        let n = self.next_prompt;
        self.next_prompt += 1;
        let text = text.to_owned();
        self.prompts.push(Prompt::of_user(n, text, clock::now()));
        self.pump();
        n
    }

    pub fn answer(&mut self, answer: Answer) {
        let need = self.needs.first().expect("an open need");
        self.answers.push((need.id.clone(), answer));
        self.pump();
    }

    pub fn cancel(&mut self) {
        let line = self.driver.cancel().expect("a running turn");
        self.write(line);
        self.pump();
    }

    /// Throws the driver away and builds another from the journal, as a new supervisor does.
    pub fn restart_supervisor(&mut self) {
        let mut driver = Driver::new(self.spec.clone());
        for record in &self.journal {
            driver.feed(record);
        }
        assert_eq!(driver.items(), self.driver.items());
        self.driver = driver;
        self.pump();
    }

    /// Everything so far happened an hour earlier.
    pub fn an_hour_passes(&mut self) {
        for record in &mut self.journal {
            record.at = Millis(record.at.0 - 3_600_000);
        }
        let mut driver = Driver::new(self.spec.clone());
        for record in &self.journal {
            driver.feed(record);
        }
        self.driver = driver;
    }

    /// Feeds what comes until `done` holds for a fact from now on; that fact.
    pub fn until(&mut self, what: &str, done: impl Fn(&Fact) -> bool) -> Fact {
        let mut seen = 0;
        let start = clock::monotonic();
        loop {
            while seen < self.facts.len() {
                if done(&self.facts[seen]) {
                    return self.facts.drain(..=seen).next_back().unwrap();
                }
                seen += 1;
            }
            let left = PATIENCE.saturating_sub(clock::monotonic() - start);
            let received = self.running.as_ref().unwrap().lines.recv_timeout(left);
            let Ok((kind, body)) = received else {
                panic!("waiting for {what}: {received:?}\n{}", self.text());
            };
            self.record(kind, body);
            self.pump();
        }
    }

    pub fn until_need(&mut self) -> Need {
        match self.until("a need", |f| matches!(f, Fact::NeedOpened { .. })) {
            Fact::NeedOpened { need } => need,
            _ => unreachable!(),
        }
    }

    pub fn until_end(&mut self) -> TurnOutcome {
        match self.until("the turn's end", |f| matches!(f, Fact::TurnEnded { .. })) {
            Fact::TurnEnded { outcome, .. } => outcome,
            _ => unreachable!(),
        }
    }

    pub fn items(&self) -> Vec<ConversationItem> {
        self.driver.items().0
    }

    pub fn text(&self) -> String {
        nightshift_agents::plain(&self.items())
    }

    pub fn tool_status(&self) -> Vec<nightshift_protocol::ToolStatus> {
        let status = |i: &ConversationItem| match &i.body {
            ItemBody::Tool { status, .. } => Some(*status),
            _ => None,
        };
        self.items().iter().filter_map(status).collect()
    }

    /// Whatever record the supervisor died after, the next one has the same conversation, and hands
    /// out nothing that the journal already holds.
    pub fn check_every_restart(&self) {
        for cut in 0..=self.journal.len() {
            let mut first = Driver::new(self.spec.clone());
            for record in &self.journal[..cut] {
                first.feed(record);
            }
            let due = first.due(&self.all_prompts(), &[]);
            for line in &due {
                let before = self.journal[..cut].iter().any(|r| r.body == line.as_bytes());
                assert!(!before, "handed out again after record {cut}: {line}");
            }
            for record in &self.journal[cut..] {
                first.feed(record);
            }
            assert_eq!(first.items(), self.driver.items(), "cut at {cut}");
        }
    }

    fn all_prompts(&self) -> Vec<Prompt> {
        (1..self.next_prompt)
            .map(|n| Prompt::of_user(n, self.prompt_text(n), clock::now()))
            .collect()
    }

    fn prompt_text(&self, n: u32) -> String {
        let id = format!("user-{n}");
        let item = self.items().into_iter().find(|i| i.id == id);
        match item.map(|i| i.body) {
            Some(ItemBody::User { text, .. }) => text,
            _ => String::new(),
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The variables a clean machine has.
pub fn clean_env(home: &Path) -> BTreeMap<String, String> {
    let path = std::env::var("PATH").unwrap();
    let home = home.to_string_lossy().into_owned();
    BTreeMap::from([("PATH".to_owned(), path), ("HOME".to_owned(), home)])
}
