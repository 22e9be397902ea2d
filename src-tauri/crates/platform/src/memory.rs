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

/// Memory of this process as its share (PSS); none where the kernel does not tell.
pub fn own_kib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_some_memory() {
        assert!(super::own_kib().is_some_and(|kib| kib > 100));
    }
}
