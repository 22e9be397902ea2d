//! `CronCreate`: a prompt by the clock, once or again and again.

use super::arguments::{self, yes_or_no};
use super::{Answer, Arguments, Definition, words};
use crate::bridge::Bridge;
use crate::supervisor::Again;
use nightshift_protocol::{StandingAct, StandingResult};
use serde::Deserialize;
use serde_json::json;

pub const NAME: &str = "CronCreate";
const TAKES: &str = "cron (five fields), prompt, recurring (default true), durable (default false)";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    cron: String,
    prompt: String,
    #[serde(default = "yes", deserialize_with = "yes_or_no")]
    recurring: bool,
    #[serde(default, deserialize_with = "yes_or_no")]
    durable: bool,
}

fn yes() -> bool {
    true
}

pub fn definition() -> Definition {
    Definition {
        name: NAME,
        description: "Schedules a prompt that is sent to this session by the clock, once or again \
            and again. It is delivered between turns: a run that comes while you work waits until \
            you are done, and however many were missed, it is delivered once.\n\n\
            `cron` has five fields: minute, hour, day of month, month, day of week, in the user's \
            local time zone. Each takes `*`, numbers, lists (1,15), ranges (9-17) and steps (*/5); \
            Sunday is 0 or 7. Names (MON), L, W and ? are not known. When day of month and day of \
            week are both restricted, either is enough.\n\
            Examples: \"*/10 * * * *\" every ten minutes; \"0 9 * * 1-5\" on weekdays at 9:00; \
            \"30 14 27 2 *\" with recurring false: once, on 27 February at 14:30.\n\n\
            Runs come a little late on purpose (by up to half the interval, 30 minutes at most), so \
            pick a minute other than 0 and 30 when the exact time does not matter. A recurring task \
            ends after 7 days with one final run: tell the user so. 50 tasks per session. Tasks \
            survive restarts of Nightshift and of this agent. To be woken once in a while at a pace \
            of your own choice use ScheduleWakeup; to react to something as it happens use Monitor.",
        input: json!({
            "type": "object",
            "properties": {
                "cron": {"type": "string", "description": "Five fields: minute hour day-of-month month day-of-week, local time"},
                "prompt": {"type": "string", "description": "What is sent to this session at each run"},
                "recurring": {"type": "boolean", "default": true, "description": "false: at the next time that fits only, and then never again"},
                "durable": {"type": "boolean", "default": false, "description": "Accepted for compatibility: all tasks outlive restarts, and end with the session"}
            },
            "required": ["cron", "prompt"],
            "additionalProperties": false
        }),
        only_reads: false,
    }
}

pub async fn call(bridge: &Bridge, arguments: Arguments) -> Answer {
    let Given { cron, prompt, recurring, durable } = arguments::read(TAKES, arguments)?;
    let act = StandingAct::CronCreate { cron, prompt, recurring, durable };
    match bridge.supervisor.act(act, Again::Harmful).await {
        Ok(StandingResult::CronCreated(created)) => Ok(json!({
            "id": created.id,
            "humanSchedule": created.human_schedule,
            "recurring": created.recurring,
            "nextFireAt": words::time(created.next_fire_at),
        })),
        Ok(other) => Err(words::unexpected(other)),
        Err(fault) => Err(words::fault(&fault)),
    }
}
