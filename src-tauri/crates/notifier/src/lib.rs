//! Tells the user what there is to tell: desktop notifications with buttons, ntfy, signed webhooks.
//!
//! A process of its own that the supervisor starts when there is something to tell and that ends when
//! nothing of it is open any more. A client of the supervisor like any other.
//! Promise: of every order it says what became of it; a supervisor that is killed meanwhile hears it
//! from the same process afterwards. What is answered elsewhere disappears from the desktop.
//! Must not know: when anything is told, and why.

mod bubbles;
mod desktop;
mod phone;
mod secret;
mod window;
mod work;

pub use work::run;
