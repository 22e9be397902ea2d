//! A terminal agent of our own: a small real program on a real terminal, which speaks hooks and tells
//! its terminal things as Claude Code does. A shell is all it needs.
//!
//! A prompt that holds `ask` asks for a permission to make `allowed.txt`, one with `slow` works until
//! `go.txt` is there, one with `quit` ends it; else it answers `did <prompt>`. Without hooks it tells
//! its terminal by OSC 9 and 133 instead.

/// The program's text. Run with Claude Code's arguments.
pub const SCRIPT: &str = include_str!("tui.sh");
