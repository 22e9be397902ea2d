//! Shortage of memory as the kernel measures it (PSI): the time in which tasks stood still for it.
//!
//! Promise: reading costs a few microseconds; a trigger costs nothing while there is no shortage.
//! Must not know: what is done about it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Where Linux tells it, since 4.20.
pub const MEMORY: &str = "/proc/pressure/memory";
/// Some task stood still for 300 ms within 2 s (µs). Without privileges the kernel takes windows of
/// whole 2 s only.
const TRIGGER: &[u8] = b"some 300000 2000000\0";
/// The file has two short lines.
const FILE_MAX_BYTES: u64 = 4096;

/// A descriptor that has an urgent event (POLLPRI) for each window with a shortage.
pub fn trigger() -> io::Result<File> {
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let mut file =
        OpenOptions::new().read(true).write(true).custom_flags(nonblocking).open(MEMORY)?;
    file.write_all(TRIGGER)?;
    Ok(file)
}

/// The share of the last 10 s, in percent, in which some task stood still for want of memory.
pub fn recent_percent(path: &Path) -> io::Result<f64> {
    let mut text = String::new();
    File::open(path)?.take(FILE_MAX_BYTES).read_to_string(&mut text)?;
    percent(&text).ok_or_else(|| {
        io::Error::other(format!("{} holds no pressure that can be understood", path.display()))
    })
}

fn percent(text: &str) -> Option<f64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let average = some.split(' ').find_map(|field| field.strip_prefix("avg10="))?;
    average.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_average_of_some_tasks_is_read() {
        let text = "some avg10=12.50 avg60=3.00 avg300=0.10 total=9\nfull avg10=1.00 avg60=0.00\n";
        assert_eq!(percent(text), Some(12.5));
        for broken in ["", "full avg10=1.00", "some avg60=1.00", "some avg10=x"] {
            assert_eq!(percent(broken), None, "{broken}");
        }
    }
}
