//! What an agent failed of that is not its work: a limit, an overload, a sign-in, an empty credit.
//!
//! Each asks something else of the user, so each is told apart; a usage limit may say when it ends.

use crate::time::Millis;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// The plan's or the key's allowance is used up for now.
    UsageLimit,
    /// The vendor's servers take no more for the moment.
    Overloaded,
    /// Nobody is signed in, or the sign-in is no longer valid.
    SignIn,
    /// The account has no credit left.
    Credit,
    /// The conversation is longer than the model takes.
    Context,
    /// There is no such model, or not for this account.
    Model,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    pub kind: TroubleKind,
    /// When it ends by itself, where the agent says so.
    #[serde(default)]
    pub resets: Option<Millis>,
}

impl Trouble {
    /// Another try is useless until somebody has done something.
    pub fn needs_somebody(&self) -> bool {
        match self.kind {
            TroubleKind::SignIn
            | TroubleKind::Credit
            | TroubleKind::Context
            | TroubleKind::Model => true,
            TroubleKind::UsageLimit | TroubleKind::Overloaded => false,
        }
    }
}

impl TroubleKind {
    /// As people read it, in front of the agent's own words.
    pub fn title(self) -> &'static str {
        match self {
            TroubleKind::UsageLimit => "usage limit",
            TroubleKind::Overloaded => "overloaded",
            TroubleKind::SignIn => "not signed in",
            TroubleKind::Credit => "no credit",
            TroubleKind::Context => "the conversation is too long",
            TroubleKind::Model => "no such model",
        }
    }
}

impl From<TroubleKind> for Trouble {
    fn from(kind: TroubleKind) -> Trouble {
        Trouble { kind, resets: None }
    }
}
