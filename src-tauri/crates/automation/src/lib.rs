//! Work that goes on by itself, as far as it needs no supervisor: the timers of all sessions, what a
//! look at the clock makes due, what is asked of a session's standing work and how that is answered,
//! the evaluation of a goal, and the words for all of it.
//!
//! Promise: looking at the clock costs what is due and not what exists; what is decided comes out as
//! commands and facts of the model. Must not know: the loop, the store, sockets, who is connected.

pub mod act;
pub mod advising;
pub mod due;
pub mod evaluation;
pub mod loop_file;
pub mod settling;
pub mod slash;
pub mod tasks;
pub mod timer_queue;
pub mod words;

pub use act::{Asked, CommandContext, answer, ask};
pub use due::{Due, due, missed_while_stopped};
pub use evaluation::Evaluation;
pub use loop_file::LoopFile;
pub use nightshift_schedule::ClockReading;
pub use slash::Slash;
pub use timer_queue::TimerQueue;
