//! Telling "the machine or this process has run out of something" from every other error.
//!
//! Promise: what is named here passes by itself: whoever hears it waits and tries again, and never
//! takes it for "not there".
//! Must not know: who ran out, or what they were doing.

use rustix::io::Errno;
use std::io;

/// Descriptors (of the process or the machine), memory, or buffers of the kernel.
pub fn is_exhausted(error: &io::Error) -> bool {
    const PASSING: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS];
    error.raw_os_error().is_some_and(|raw| PASSING.iter().any(|errno| errno.raw_os_error() == raw))
}

/// The number of processes is at its limit: what `fork` and the start of a thread say then.
pub fn is_out_of_processes(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::AGAIN.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_no_exhaustion() {
        let missing = std::fs::File::open("/nowhere/at/all").unwrap_err();
        assert!(!is_exhausted(&missing) && !is_out_of_processes(&missing));
        assert!(is_exhausted(&Errno::MFILE.into()));
        assert!(is_out_of_processes(&Errno::AGAIN.into()));
    }
}
