//! What goes to a terminal pane: one raw channel, so that data and events keep their order.
//!
//! The first byte of a message is 0 when terminal bytes follow and 1 when a JSON event follows.

use nightshift_client::AttachEvent;
use serde::Serialize;
use specta::datatype::DataType;
use tauri::ipc::{InvokeResponseBody, IpcResponse};

const DATA: u8 = 0;
const EVENT: u8 = 1;
/// Bytes of terminal output in one message: many small ones are slow, huge ones stall a frame.
pub const BATCH_MAX_BYTES: usize = 256 * 1024;

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
    pub fn data() -> TerminalMessage {
        TerminalMessage(vec![DATA])
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn is_full(&self) -> bool {
        self.0.len() > BATCH_MAX_BYTES
    }

    pub fn event(event: &TerminalEvent) -> TerminalMessage {
        // Plain fields only: this cannot fail.
        let json = serde_json::to_vec(event).unwrap_or_default();
        TerminalMessage([&[EVENT], json.as_slice()].concat())
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

/// The host's word as the pane hears it; none for bytes.
pub fn event_of(event: &AttachEvent) -> Option<TerminalEvent> {
    match event {
        // A window hands no terminal over, and asks nothing that is refused.
        AttachEvent::Data(_) | AttachEvent::Detached | AttachEvent::Refused(_) => None,
        AttachEvent::Snapshot { cols, rows } => {
            Some(TerminalEvent::Snapshot { cols: *cols, rows: *rows })
        }
        AttachEvent::Resized { cols, rows } => {
            Some(TerminalEvent::Resized { cols: *cols, rows: *rows })
        }
        AttachEvent::Exited(exit) => Some(TerminalEvent::Exited { code: exit.code }),
        AttachEvent::Lost => Some(TerminalEvent::Lost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_says_what_follows() {
        let mut data = TerminalMessage::data();
        data.push(b"hi");
        assert_eq!(data.0, b"\x00hi");
        let event = TerminalMessage::event(&TerminalEvent::Exited { code: Some(3) });
        assert_eq!(event.0, b"\x01{\"type\":\"exited\",\"code\":3}");
    }
}
