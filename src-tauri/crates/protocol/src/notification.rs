//! Notifications: what is told to the user outside of the board, through which channel, and the
//! receipt that every attempt leaves.

use nightshift_model::{Answer, Millis, NeedId};
use serde::{Deserialize, Serialize};

/// What a notification is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, specta::Type,
)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    NeedsInput,
    Finished,
    Failed,
    /// The agent asked for it.
    Push,
    /// The user tries whether notifications arrive.
    Test,
}

/// The ways to the user.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, specta::Type,
)]
#[serde(rename_all = "snake_case")]
pub enum NoticeChannel {
    /// The desktop's own notifications.
    Desktop,
    Ntfy,
    Webhook,
}

/// Why nothing was sent although there was something to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// The settings switch this kind off.
    SwitchedOff,
    QuietHours,
    /// The user was looking at this session.
    Looking,
    /// It goes on by itself: only its questions are told.
    Standing,
    /// Before it could be told it was answered, or the session went.
    Settled,
    /// Too many from this session in too short a time.
    TooMany,
    /// A reason that this build does not know.
    #[serde(other)]
    Other,
}

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Delivery {
    /// Not yet told.
    Pending,
    /// The channel took it.
    Delivered,
    Suppressed {
        reason: Silence,
        /// The reason in words.
        text: String,
    },
    Failed {
        why: String,
    },
}

/// One attempt to tell the user something through one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Counts from 1; higher is newer.
    pub n: u32,
    pub at: Millis,
    /// When its delivery was settled, as far as it is.
    pub settled_at: Option<Millis>,
    /// Id of the session; empty for a test.
    pub session: String,
    /// What exactly is told, so that it is told once: `need:<id>`, `finished:<time>`, ….
    pub occasion: String,
    pub kind: NotificationKind,
    pub channel: NoticeChannel,
    pub title: String,
    pub text: String,
    pub delivery: Delivery,
}

/// A button of a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationButton {
    pub label: String,
    /// Given to the need when it is pressed.
    pub answer: Answer,
}

/// Where a secret is: never the secret itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretPlace {
    /// Name of an environment variable.
    #[serde(default)]
    pub env: Option<String>,
    #[serde(default)]
    pub file: Option<String>,
}

/// What the notifier is to do: one receipt's attempt, and what it needs for that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationOrder {
    pub receipt: Receipt,
    pub session_name: String,
    /// The request for input that it is about.
    #[serde(default)]
    pub need: Option<NeedId>,
    #[serde(default)]
    pub buttons: Vec<NotificationButton>,
    /// Where it goes, for channels that are not the desktop's.
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub secret: SecretPlace,
}

/// What is asked about notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NotificationAct {
    /// The newest receipts, the newest first; `before` pages on.
    Receipts {
        limit: u32,
        #[serde(default)]
        before: Option<u32>,
    },
    /// Sends a notification through every channel. Answered when each has taken or refused it.
    Test,
    /// Of the notifier: hands over what is to be told. Answered when there is something.
    Next,
    /// Of the notifier: what became of order `n`.
    Settle { n: u32, delivery: Delivery },
}

/// What the user sees of Nightshift right now, as a window knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase", default)]
pub struct Looking {
    /// The window has the keyboard and the user has used it lately.
    pub attentive: bool,
    /// The window has the keyboard and nobody has touched it for some time.
    pub away: bool,
    /// Ids of the sessions whose content is on the screen.
    pub sessions: Vec<String>,
}
