//! The ACP driver.

use crate::registry::AgentSpec;
use nightshift_model::{Answer, Fact, Millis, NeedId, Prompt};
use nightshift_protocol::{ConversationItem, Record};

/// What the driver must know of a session beside its journal.
#[derive(Clone, Debug)]
pub struct DriverSpec {
    pub cwd: String,
    pub model: Option<String>,
    pub permission_mode: Option<String>,
    pub agent: AgentSpec,
    /// The agent's own session id, when one is known.
    pub resume: Option<String>,
}

/// What one record led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fed {
    pub facts: Vec<(Millis, Fact)>,
    pub changes: Vec<ItemChange>,
}

/// One change of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemChange {
    Upsert(ConversationItem),
    /// Adds to the text of an `Agent` or `Thought` item.
    Append {
        id: String,
        text: String,
    },
    Removed {
        id: String,
    },
}

pub struct Driver {
    spec: DriverSpec,
}

impl Driver {
    pub fn new(spec: DriverSpec) -> Driver {
        Driver { spec }
    }

    /// Takes one journal record, in order, from the journal's first on.
    pub fn feed(&mut self, _record: &Record) -> Fed {
        Fed::default()
    }

    /// Lines to write now: neither journalled nor handed out yet. `prompts` are the session's
    /// unfinished prompts in order, `answers` the needs that were answered. Call it only when the
    /// replay has caught up, in the order given, and write the lines in order.
    pub fn due(&mut self, _prompts: &[Prompt], _answers: &[(NeedId, Answer)]) -> Vec<String> {
        Vec::new()
    }

    /// The line that cancels the running turn; none when no turn runs or it was sent already.
    /// Open requests are then answered as cancelled by the next `due`.
    pub fn cancel(&mut self) -> Option<String> {
        None
    }

    /// The connection to the host was lost: lines handed out and not journalled may be handed out
    /// again.
    pub fn forget_unwritten(&mut self) {}

    /// Shows the prompts that wait behind the current turn.
    pub fn set_prompts(&mut self, _prompts: &[Prompt]) -> Vec<ItemChange> {
        Vec::new()
    }

    /// The conversation, and whether older items are no longer kept.
    pub fn items(&self) -> (Vec<ConversationItem>, bool) {
        let _ = &self.spec;
        (Vec::new(), false)
    }

    /// The last lines of the agent's stderr, for the error shown when it ends.
    pub fn last_words(&self) -> String {
        String::new()
    }
}
