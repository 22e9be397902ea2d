//! What was asked, what was acknowledged, and what must therefore hold.

use std::collections::BTreeMap;

/// How prompts of cron tasks and loops begin.
pub const BEAT: &str = "beat ";

/// One session as the clients know it.
#[derive(Default)]
pub struct Known {
    /// Somebody was told that it runs.
    pub acknowledged: bool,
    pub removal_asked: bool,
    pub removed: bool,
    /// A stop was handed to the supervisor since its last launch.
    pub stop_asked: bool,
    /// A stop was acknowledged and nothing woke it since.
    pub stopped: bool,
    /// Counts commands that may start it.
    pub wakes: u64,
    /// Launches that nobody asked for since the last wake or good end.
    pub unasked: u32,
    /// A launch that a command has paid for.
    pub paid: bool,
    /// It may start its process by itself, for what is due.
    pub standing: bool,
    /// Turns ended well when it was last launched.
    pub turns_ended: u32,
}

/// Words of the user, to be given to an agent once.
pub struct Token {
    pub session: Option<String>,
    pub text: String,
    pub acknowledged: bool,
    /// It was taken as the answer to an open request.
    pub as_answer: bool,
}

/// What a prompt makes its agent do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    Short,
    /// It works until it is cancelled.
    Long,
    /// It asks something before it ends.
    Question,
}

#[derive(Default)]
pub struct Ledger {
    pub sessions: BTreeMap<String, Known>,
    pub tokens: Vec<Token>,
    /// Prompts of cron tasks and loops; each text is used once.
    pub beats: u32,
}

impl Ledger {
    pub fn of(&mut self, session: &str) -> &mut Known {
        self.sessions.entry(session.to_owned()).or_default()
    }

    /// A new word that nobody ever used.
    pub fn token(&mut self, session: Option<String>, errand: Errand) -> usize {
        let n = self.tokens.len();
        let kind = match errand {
            Errand::Short => "word",
            Errand::Long => "long",
            Errand::Question => "question",
        };
        let text = format!("{kind}-{n}-end");
        self.tokens.push(Token { session, text, acknowledged: false, as_answer: false });
        n
    }

    /// A new prompt for a cron task or a loop.
    pub fn beat(&mut self) -> String {
        self.beats += 1;
        format!("{BEAT}{}", self.beats)
    }

    /// A command that may start the session is handed to the supervisor.
    pub fn wake(&mut self, session: &str) {
        let known = self.of(session);
        known.wakes += 1;
        known.unasked = 0;
        known.paid = true;
        known.stopped = false;
    }
}
