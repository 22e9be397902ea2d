//! What goes to a terminal pane: one raw channel, so that data and events keep their order.
//!
//! The first byte of a message is 0 when terminal bytes follow and 1 when a JSON event follows.

use nightshift_client::AttachEvent;
use serde::Serialize;
use specta::datatype::DataType;
use tauri::ipc::{InvokeResponseBody, IpcResponse};

pub const DATA: u8 = 0;
pub const EVENT: u8 = 1;

/// Beside the bytes, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TerminalEvent {
    /// What follows repaints everything at this size.
    Snapshot {
        cols: u16,
        rows: u16,
    },
    Resized {
        cols: u16,
        rows: u16,
    },
    Exited {
        code: Option<i32>,
    },
    /// The host went away without a word.
    Lost,
}

/// One message of the channel.
#[derive(Debug)]
pub struct TerminalMessage(Vec<u8>);

impl TerminalMessage {
    /// None for what no pane of a window hears: it hands no terminal over and asks nothing that is
    /// refused.
    pub fn of(event: AttachEvent) -> Option<TerminalMessage> {
        let event = match event {
            AttachEvent::Data(bytes) => {
                return Some(TerminalMessage([&[DATA], bytes.as_slice()].concat()));
            }
            AttachEvent::Detached | AttachEvent::Refused(_) => return None,
            AttachEvent::Snapshot { cols, rows } => TerminalEvent::Snapshot { cols, rows },
            AttachEvent::Resized { cols, rows } => TerminalEvent::Resized { cols, rows },
            AttachEvent::Exited(exit) => TerminalEvent::Exited { code: exit.code },
            AttachEvent::Lost => TerminalEvent::Lost,
        };
        // Plain fields only: this cannot fail.
        let json = serde_json::to_vec(&event).unwrap_or_default();
        Some(TerminalMessage([&[EVENT], json.as_slice()].concat()))
    }
}

impl IpcResponse for TerminalMessage {
    fn body(self) -> tauri::Result<InvokeResponseBody> {
        Ok(InvokeResponseBody::Raw(self.0))
    }
}

impl specta::Type for TerminalMessage {
    fn definition(_: &mut specta::Types) -> DataType {
        DataType::Reference(specta_typescript::define("ArrayBuffer"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_says_what_follows() {
        let data = TerminalMessage::of(AttachEvent::Data(b"hi".to_vec())).unwrap();
        assert_eq!(data.0, b"\x00hi");
        let event = TerminalMessage::of(AttachEvent::Resized { cols: 8, rows: 3 }).unwrap();
        assert_eq!(event.0, b"\x01{\"type\":\"resized\",\"cols\":8,\"rows\":3}");
        assert!(TerminalMessage::of(AttachEvent::Detached).is_none());
    }
}
