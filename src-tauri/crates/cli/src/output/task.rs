//! What runs in the background, for people.

use crate::output::plain::one_line;
use crate::output::table::{age, until};
use nightshift_model::Millis;
use nightshift_protocol::{Task, TaskKind};

/// One line of what it is and costs, then what it printed last.
pub fn lines(task: &Task, now: Millis) -> String {
    let kind = match task.kind {
        TaskKind::Process => "process",
        TaskKind::Tool => "tool",
        TaskKind::Monitor => "monitor",
        TaskKind::Cron => "cron",
        TaskKind::Loop => "loop",
        TaskKind::Wakeup => "wake-up",
        TaskKind::Other => "other",
    };
    let cost = task.usage.map_or(String::new(), |usage| {
        let mib = usage.memory_kib.div_ceil(1024);
        format!("cpu {}.{}s · {mib} MiB · ", usage.cpu_ms / 1000, usage.cpu_ms / 100 % 10)
    });
    let (id, title) = (one_line(&task.id), one_line(&task.title));
    let time = match task.kind {
        TaskKind::Wakeup => format!("in {}", until(task.since, now)),
        _ => age(now.since(task.since)),
    };
    let mut out = format!("{id}  {kind} · {time} · {cost}{title}\n");
    for line in &task.last_lines {
        out.push_str(&format!("  {}\n", one_line(line)));
    }
    out
}
