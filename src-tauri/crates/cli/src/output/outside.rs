//! Tokens, deliveries and what listens, as lines for people.

use crate::output::plain::{exact_line, one_line};
use crate::output::table::age;
use nightshift_model::Millis;
use nightshift_protocol::intake::{DeliveryView, IntakeStatus, TokenView};

fn ago(at_ms: i64, now: Millis) -> String {
    format!("{} ago", age(now.since(Millis(u64::try_from(at_ms).unwrap_or(0)))))
}

/// Id, routine, kind, when it was used last; its address below.
pub fn token_line(token: &TokenView, now: Millis) -> String {
    let used = match token.last_used_at {
        Some(at_ms) => format!("used {}", ago(at_ms, now)),
        None => "never used".to_owned(),
    };
    let made = ago(token.rotated_at.unwrap_or(token.created_at), now);
    let mut out = format!("{}  {} · {} · made {made}", token.id, token.routine, token.kind);
    if token.kind == "fire" {
        out.push_str(&format!(" · {used}"));
    }
    out.push('\n');
    if let Some(url) = &token.url {
        out.push_str(&format!("  {}\n", exact_line(url)));
    }
    out
}

/// When, what became of it, why; its id and run below.
pub fn delivery_line(delivery: &DeliveryView, now: Millis) -> String {
    let status = delivery.status.map_or_else(String::new, |status| format!(" ({status})"));
    let verdict = delivery.verdict.replace('_', " ");
    let event = delivery.event.as_deref().map_or_else(String::new, |event| format!(" · {event}"));
    let reason =
        delivery.reason.as_deref().map_or_else(String::new, |why| format!(" · {}", one_line(why)));
    let run = delivery.occurrence.as_deref().map_or_else(String::new, |run| format!(" · {run}"));
    let at = ago(delivery.at, now);
    format!(
        "{at:>8}  {:<7}  {verdict}{status}{}{reason}\n          {}{run}\n",
        delivery.kind,
        one_line(&event),
        delivery.id
    )
}

pub fn status_lines(status: &IntakeStatus) -> String {
    let mut out = match (&status.listening, status.routines.is_empty()) {
        (Some(address), _) => format!("listens at {address}\n"),
        (None, true) => {
            "nothing listens: no enabled routine waits for events from outside\n".into()
        }
        (None, false) => "nothing listens\n".to_owned(),
    };
    for name in &status.routines {
        out.push_str(&format!("  {}\n", exact_line(name)));
    }
    for problem in &status.problems {
        out.push_str(&format!("  problem: {}\n", exact_line(problem)));
    }
    out
}
