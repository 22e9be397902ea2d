//! The rehearsal agent: an offline ACP agent on stdio whose prompt is a script.

use std::process::ExitCode;

/// Serves ACP on stdin and stdout until end of input.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
