//! The board as a stream: one snapshot, then changes numbered without gaps.

use crate::view::SessionView;
use nightshift_model::Millis;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BoardEvent {
    /// Replaces everything. Also sent again to a client that fell behind.
    Snapshot {
        #[specta(type = u32)]
        seq: u64,
        sessions: Vec<SessionView>,
        notices: Vec<Notice>,
    },
    /// `seq` is the previous one plus one.
    Change {
        #[specta(type = u32)]
        seq: u64,
        change: BoardChange,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BoardChange {
    Upsert {
        view: Box<SessionView>,
    },
    Removed {
        id: String,
    },
    Notice {
        notice: Notice,
    },
    /// What this told of is not so any more.
    NoticeGone {
        notice: Notice,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    Info,
    Warning,
    Error,
}

/// Something the user should know that belongs to no live session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct Notice {
    pub at: Millis,
    pub level: NoticeLevel,
    pub text: String,
}
