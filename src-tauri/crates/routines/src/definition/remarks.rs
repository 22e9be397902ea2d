//! What can be read, and is probably not meant. Remarks are told beside a definition; they keep nothing from running.

use super::limits::PER_DAY_MAX;
use super::{Definition, Trigger};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightshift_schedule::Cron;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One sentence each, with the way out.
pub fn remarks(definition: &Definition) -> Vec<String> {
    let mut remarks = Vec::new();
    let often: u32 = definition.triggers.iter().map(due_per_day).sum();
    let most = definition.policy.max_per_day;
    if often > most {
        remarks.push(format!(
            "it comes due {often} times a day, and max_per_day lets {most} of them run; raise policy.max_per_day, or let \
             it come due less often"
        ));
    }
    if definition.outcome.goal.is_none() {
        remarks.push(
            "it has no outcome.goal, so its runs are not judged and never green; say what must be true when it is done"
                .to_owned(),
        );
    }
    remarks
}

/// On a day on which it is due at all, as far as anybody may ask for.
fn due_per_day(trigger: &Trigger) -> u32 {
    match trigger {
        Trigger::Schedule { cron } => due_on_its_day(cron),
        Trigger::Every { period_ms } => {
            u32::try_from(DAY_MS / period_ms.max(&1)).unwrap_or(u32::MAX).min(PER_DAY_MAX)
        }
        Trigger::At { .. } | Trigger::Api | Trigger::Github(_) => 0,
    }
}

/// Hours and minutes are the same on every day that matches, so any such day will do.
fn due_on_its_day(cron: &Cron) -> u32 {
    let zone = TimeZone::UTC;
    let Some(first_ms) = cron.next_after_ms(0, &zone) else { return 0 };
    let begins_ms = first_ms.div_euclid(DAY_MS) * DAY_MS;
    let Ok(before) = Timestamp::from_millisecond(begins_ms - 1) else { return 0 };
    let day = cron.all_after(before, &zone).map(Timestamp::as_millisecond);
    let count =
        day.take_while(|at_ms| *at_ms < begins_ms + DAY_MS).take(PER_DAY_MAX as usize).count();
    u32::try_from(count).unwrap_or(PER_DAY_MAX)
}
