//! Memory of this process.
//!
//! Promise: nothing here changes what a program does, only what it costs.
//! Must not know: what the memory was used for.

/// Gives freed memory back to the system. Worth a call after something large is done with and a
/// long rest may follow: the allocator itself keeps what it once had.
pub fn release_unused() {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: malloc_trim takes no pointers and may be called at any time.
        unsafe { libc::malloc_trim(0) };
    }
}
