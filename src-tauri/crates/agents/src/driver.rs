//! One session's driver, whichever way its agent is reached.
//!
//! Promise: both kinds are pure and keep the same contract: feed records, ask what is due.

use crate::acp::{self, DriverSpec, Fed, ItemChange};
use crate::terminal;
use nightshift_model::standing::SystemMessage;
use nightshift_model::{Answer, Choice, NeedId, Prompt};
use nightshift_protocol::{Configuration, ConversationItem, Record, Subject};
use nightshift_vendors::Watched;
use nightshift_vendors::registry::Protocol;

pub enum Driver {
    /// Over the Agent Client Protocol.
    Conversation(Box<acp::Driver>),
    /// In a terminal of its own.
    Terminal(Box<terminal::Driver>),
}

impl Driver {
    pub fn new(spec: DriverSpec) -> Driver {
        match spec.agent.protocol {
            Protocol::Acp => Driver::Conversation(Box::new(acp::Driver::new(spec))),
            Protocol::Terminal(_) => Driver::Terminal(Box::new(terminal::Driver::new(spec))),
        }
    }

    pub fn feed(&mut self, record: &Record) -> Fed {
        match self {
            Driver::Conversation(driver) => driver.feed(record),
            Driver::Terminal(driver) => driver.feed(record),
        }
    }

    /// Lines to write now, each handed out once until it was not written.
    pub fn due(&mut self, prompts: &[Prompt], answers: &[(NeedId, Answer)]) -> Vec<String> {
        match self {
            Driver::Conversation(driver) => driver.due(prompts, answers),
            Driver::Terminal(driver) => driver.due(prompts, answers),
        }
    }

    /// The request for a choice that waits, once; a terminal's are made in it.
    pub fn due_choice(&mut self, waiting: &[Choice]) -> Option<String> {
        match self {
            Driver::Conversation(driver) => driver.due_choice(waiting),
            Driver::Terminal(_) => None,
        }
    }

    /// What the agent lets be chosen now.
    pub fn configuration(&self) -> Configuration {
        match self {
            Driver::Conversation(driver) => driver.configuration(),
            Driver::Terminal(_) => Configuration::default(),
        }
    }

    /// The ids of an option and a value that a user named.
    pub fn choice(&self, option: &str, value: &str) -> Result<(String, String), String> {
        match self {
            Driver::Conversation(driver) => driver.choice(option, value),
            Driver::Terminal(_) => Ok((option.to_owned(), value.to_owned())),
        }
    }

    /// The line that ends the running turn, once.
    pub fn cancel(&mut self) -> Option<String> {
        match self {
            Driver::Conversation(driver) => driver.cancel(),
            Driver::Terminal(driver) => driver.cancel(),
        }
    }

    pub fn forget_unwritten(&mut self) {
        match self {
            Driver::Conversation(driver) => driver.forget_unwritten(),
            Driver::Terminal(driver) => driver.forget_unwritten(),
        }
    }

    pub fn not_written(&mut self, line: &str) {
        match self {
            Driver::Conversation(driver) => driver.not_written(line),
            Driver::Terminal(driver) => driver.not_written(line),
        }
    }

    /// What an open request is about, where it tells that exactly; a terminal's hooks do not.
    pub fn subject(&self, need: &NeedId) -> Option<&Subject> {
        match self {
            Driver::Conversation(driver) => driver.subject(need),
            Driver::Terminal(_) => None,
        }
    }

    /// Whether the session may watch `command`: why it may. A terminal's agent gets no tools of ours.
    pub fn may_watch(&self, watched: &Watched) -> Option<&'static str> {
        match self {
            Driver::Conversation(driver) => driver.may_watch(watched),
            Driver::Terminal(_) => None,
        }
    }

    /// Its process printed something.
    pub fn printed(&mut self) {
        match self {
            Driver::Conversation(_) => {}
            Driver::Terminal(driver) => driver.printed(),
        }
    }

    /// Shows the prompts that wait; a terminal shows none.
    pub fn set_prompts(&mut self, prompts: &[Prompt]) -> Vec<ItemChange> {
        match self {
            Driver::Conversation(driver) => driver.set_prompts(prompts),
            Driver::Terminal(_) => Vec::new(),
        }
    }

    /// Shows what Nightshift says between the turns; a terminal shows none of it.
    pub fn set_remarks(&mut self, remarks: &[SystemMessage], live: bool) -> Vec<ItemChange> {
        match self {
            Driver::Conversation(driver) => driver.set_remarks(remarks, live),
            Driver::Terminal(_) => Vec::new(),
        }
    }

    /// The conversation; a terminal has none but its screen.
    pub fn items(&self) -> (Vec<ConversationItem>, bool) {
        match self {
            Driver::Conversation(driver) => driver.items(),
            Driver::Terminal(_) => (Vec::new(), false),
        }
    }

    /// The conversation's tool calls, oldest first.
    pub fn tools(&self) -> impl Iterator<Item = &ConversationItem> {
        match self {
            Driver::Conversation(driver) => Some(driver.tools()),
            Driver::Terminal(_) => None,
        }
        .into_iter()
        .flatten()
    }
}
