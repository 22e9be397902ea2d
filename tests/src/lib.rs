//! What the tests of the real window need: a private desktop, the app in it, a driver for the app.
//!
//! Promise: every test has a home, a screen and a session bus of its own; whatever it started is
//! ended with it, by process id. Every wait is bounded and names what it waited for.
//! Must not know: how Nightshift works inside. It looks at the window and asks the command line.

mod artifacts;
mod binaries;
mod bubbles;
mod command_line;
mod driver;
mod processes;
mod screen;
mod stage;
mod tray;
mod wait;
mod window;

pub use bubbles::{Bubble, Bubbles};
pub use processes::Processes;
pub use stage::Stage;
pub use tray::{Entry, Tray};
pub use wait::eventually;
pub use window::Window;
