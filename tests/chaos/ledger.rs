//! What was asked of the sessions and what was acknowledged: the truth to compare with.
//!
//! Promise: an acknowledgement is written down only when the command said so; whatever a kill left
//! open counts as either.
//! Must not know: how commands are run or checked.

use std::collections::BTreeMap;

/// What a session was started to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Prints `n 1` to `n <last>`.
    Job {
        last: u32,
    },
    Agent,
}

/// How far a request got that ends something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    No,
    /// Asked for, and the answer was lost: both outcomes are right.
    Perhaps,
    Done,
}

#[derive(Clone, Debug)]
pub struct Session {
    /// Unique; what a session whose dispatch got no answer is recognised by.
    pub name: String,
    pub id: Option<String>,
    pub kind: Kind,
    pub acknowledged: bool,
    pub removed: Asked,
    /// `Done` until somebody replies.
    pub stopped: Asked,
    /// Something was done to it that may end or cut its work: a failure needs no other cause.
    pub harmed: bool,
    /// A turn of it was interrupted or harmed: an answer on its way may have become void.
    pub cut: bool,
}

/// Words that were given to a session once.
#[derive(Clone, Debug)]
pub struct Token {
    pub session: usize,
    /// The first line as the user gave it.
    pub line: String,
    pub acknowledged: bool,
    /// The command was refused: nothing may have been delivered.
    pub refused: bool,
}

#[derive(Default)]
pub struct Ledger {
    pub sessions: Vec<Session>,
    pub tokens: BTreeMap<u32, Token>,
    next_token: u32,
}

impl Ledger {
    pub fn add_session(&mut self, kind: Kind) -> usize {
        let at = self.sessions.len();
        self.sessions.push(Session {
            name: format!("c{at}"),
            id: None,
            kind,
            acknowledged: false,
            removed: Asked::No,
            stopped: Asked::No,
            harmed: false,
            cut: false,
        });
        at
    }

    /// A new token for `session`; `prefix` stands before it on its line.
    pub fn add_token(&mut self, session: usize, prefix: &str) -> (u32, String) {
        self.next_token += 1;
        let n = self.next_token;
        let line = format!("{prefix}{}", word(n));
        let token = Token { session, line: line.clone(), acknowledged: false, refused: false };
        self.tokens.insert(n, token);
        (n, line)
    }

    /// Sessions that are on the board for certain.
    pub fn present(&self, wanted: impl Fn(&Session) -> bool) -> Vec<usize> {
        let here = |s: &Session| s.id.is_some() && s.removed == Asked::No && wanted(s);
        (0..self.sessions.len()).filter(|&at| here(&self.sessions[at])).collect()
    }

    pub fn by_id(&mut self, id: &str) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|s| s.id.as_deref() == Some(id))
    }

    pub fn harm(&mut self, id: &str) {
        if let Some(session) = self.by_id(id) {
            (session.harmed, session.cut) = (true, true);
        }
    }

    pub fn id(&self, at: usize) -> String {
        self.sessions[at].id.clone().unwrap_or_default()
    }
}

/// The word of token `n`: nothing else that a run prints looks like it.
pub fn word(n: u32) -> String {
    format!("token-{n}-end")
}
