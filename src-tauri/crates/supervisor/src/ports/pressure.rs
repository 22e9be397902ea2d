//! Shortage of memory, where the kernel does not tell of it by itself.

use std::time::Duration;

pub trait MemoryPressure {
    /// Time until the next look at the average; none where the kernel tells by itself.
    fn due_in(&self, now: Duration) -> Option<Duration>;
    /// Whether memory is short, when it is time to look.
    fn is_short(&mut self, now: Duration) -> bool;
}
