//! What models read: times with their zone, faults as one sentence.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightshift_model::Millis;
use nightshift_protocol::{Fault, StandingResult};
use serde_json::Value;

/// A moment as models and people read it, in the zone of this machine.
pub fn time(at: Millis) -> String {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    match Timestamp::from_millisecond(ms) {
        Ok(moment) => moment
            .to_zoned_datetime(TimeZone::system())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string(),
        Err(_) => at.0.to_string(),
    }
}

pub fn fault(fault: &Fault) -> String {
    fault.to_string()
}

/// The supervisor answered something else than was asked.
pub fn unexpected(_: StandingResult) -> String {
    "the supervisor's answer is not understood: it is of another version".to_owned()
}

/// `value` without what is not there.
pub fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, field)| !field.is_null())
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}
