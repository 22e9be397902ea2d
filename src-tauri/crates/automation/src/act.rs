//! What is asked of a session's standing work, as a command or fact of the model; and its answer.
//!
//! Must not know: who asks, how it is applied.

use crate::words;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightshift_model::limits::{GOAL_TIME_MAX_MS, GOAL_TURNS_MAX};
use nightshift_model::standing::{
    Bounds, CronTask, Goal, GoalPhase, Loop, LoopPrompt, Pace, Spent, Wakeup,
};
use nightshift_model::{Command, Fact, Millis, Session, Standing, delay_plan, own_pace};
use nightshift_protocol::standing::{
    CronCreated, CronView, GoalView, LoopStarted, WakeupScheduled,
};
use nightshift_protocol::{Fault, FaultCode, StandingAct, StandingResult, StandingView};
use nightshift_schedule::{ClockReading, Cron, LIFETIME_MS, LoopLine, Task};

/// A wake-up is at least and at most so far away.
const WAKEUP_S: (u32, u32) = (60, 3600);

/// When and where something is asked.
#[derive(Clone, Debug)]
pub struct CommandContext {
    pub look: ClockReading,
    pub zone: TimeZone,
    /// Eight characters that name nothing yet.
    pub fresh_id: String,
    /// Cron tasks and loops are turned off.
    pub off: bool,
}

/// What is to be applied before the answer is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    Command(Command),
    Fact(Fact),
    /// Only to be answered.
    Nothing,
}

impl CommandContext {
    fn now(&self) -> Millis {
        millis(self.look.wall_ms)
    }

    fn refuse_when_off(&self) -> Result<(), Fault> {
        if !self.off {
            return Ok(());
        }
        let text = "cron tasks and loops are turned off by NIGHTSHIFT_DISABLE_CRON";
        Err(Fault::new(FaultCode::Refused, text)
            .hint("unset it and start the supervisor again: `nightshift daemon stop --any --keep-workers`"))
    }
}

fn millis(ms: i64) -> Millis {
    Millis(u64::try_from(ms).unwrap_or(0))
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(FaultCode::Invalid, message)
}

/// Checks what is asked, and says what it means.
pub fn ask(session: &Session, act: &StandingAct, moment: &CommandContext) -> Result<Asked, Fault> {
    let id = &session.id;
    let Some(agent) = session.agent() else {
        let text = format!("session {id} is a shell job");
        return Err(Fault::new(FaultCode::Refused, text).hint("only agents have automation"));
    };
    let command = |command| Ok(Asked::Command(command));
    match act {
        StandingAct::Show | StandingAct::CronList | StandingAct::GoalShow => Ok(Asked::Nothing),
        StandingAct::ToolsReady => Ok(Asked::Fact(Fact::ToolsReady)),
        StandingAct::CronCreate { cron, prompt, recurring, durable } => {
            let task = cron_task(cron, prompt, (*recurring, *durable), moment)?;
            command(Command::CronCreate { task: Box::new(task) })
        }
        StandingAct::CronDelete { id } => command(Command::CronDelete { id: id.clone() }),
        StandingAct::LoopStart { text } => loop_start(text, agent.standing.has_tools, moment),
        StandingAct::LoopStop => command(Command::LoopStop),
        StandingAct::ScheduleWakeup { stop: true, .. } => command(Command::LoopStop),
        StandingAct::ScheduleWakeup { delay_seconds, reason, prompt, stop: false } => {
            moment.refuse_when_off()?;
            let (seconds, _) = clamped(*delay_seconds);
            let at = Millis(moment.now().0.saturating_add(u64::from(seconds) * 1000));
            let (reason, prompt) = (reason.clone(), prompt.clone().unwrap_or_default());
            let wakeup = Wakeup { at, reason, prompt, plan: delay_plan(at) };
            command(Command::Wake { wakeup })
        }
        StandingAct::GoalSet { condition, check } => {
            let goal = new_goal(condition, check.as_deref(), moment)?;
            command(Command::GoalSet { goal: Box::new(goal) })
        }
        StandingAct::GoalClear => command(Command::GoalClear),
        StandingAct::GoalRetry => command(Command::GoalRetry),
        StandingAct::MonitorStarted { monitor } => {
            Ok(Asked::Fact(Fact::MonitorStarted { monitor: Box::new(monitor.clone()) }))
        }
        StandingAct::MonitorLines { id, first, lines, left_out } => {
            let (id, lines) = (id.clone(), lines.clone());
            let (first, left_out) = (*first, *left_out);
            Ok(Asked::Fact(Fact::MonitorLines { id, first, lines, left_out }))
        }
        StandingAct::MonitorEnded { id, why } => {
            Ok(Asked::Fact(Fact::MonitorEnded { id: id.clone(), why: why.clone() }))
        }
        StandingAct::Push { .. } => Ok(Asked::Nothing),
        // These wait for the user; whoever serves connections answers them.
        StandingAct::MonitorAsk { .. } | StandingAct::MonitorStops { .. } => {
            Err(Fault::new(FaultCode::Refused, "this cannot be asked of a session's standing work"))
        }
    }
}

fn cron_task(
    cron: &str,
    prompt: &str,
    (recurring, durable): (bool, bool),
    moment: &CommandContext,
) -> Result<CronTask, Fault> {
    moment.refuse_when_off()?;
    if prompt.trim().is_empty() {
        return Err(invalid("the prompt is empty").hint("say what is to be done then"));
    }
    let cron: Cron = cron.trim().parse().map_err(|e| {
        invalid(format!("{e}")).hint("five fields: minute hour day-of-month month day-of-week")
    })?;
    let (id, look) = (moment.fresh_id.as_str(), &moment.look);
    let task = match recurring {
        true => Some(Task::recurring(id, cron.clone(), look)),
        false => Task::once(id, &cron, look, &moment.zone),
    };
    let never = || invalid(format!("cron expression `{}` never comes again", cron.as_str()));
    let task = task.ok_or_else(never)?;
    let next = task.next(&moment.zone).ok_or_else(never)?;
    Ok(CronTask {
        id: id.to_owned(),
        cron: cron.as_str().to_owned(),
        prompt: prompt.to_owned(),
        recurring,
        durable,
        created_at: moment.now(),
        expires_at: task.expires_ms.map(millis),
        due_at: millis(next.at_ms),
        fire_at: millis(next.due_ms),
        plan: serde_json::to_string(&task).map_err(unwritable)?,
        runs: 0,
        last_run_at: None,
    })
}

fn unwritable(error: serde_json::Error) -> Fault {
    Fault::new(FaultCode::Internal, format!("a schedule cannot be stored: {error}"))
}

/// What follows `/loop`.
fn loop_start(line: &str, has_tools: bool, moment: &CommandContext) -> Result<Asked, Fault> {
    let (interval, prompt) = match LoopLine::parse(line).map_err(|e| invalid(e.to_string()))? {
        LoopLine::Stop => return Ok(Asked::Command(Command::LoopStop)),
        LoopLine::Start { interval, prompt } => (interval, prompt),
    };
    moment.refuse_when_off()?;
    let (now, look) = (moment.now(), &moment.look);
    let (pace, plan) = match interval {
        None => (own_pace(has_tools), delay_plan(now)),
        Some(interval) => {
            let local = Timestamp::from_millisecond(look.wall_ms).unwrap_or_default();
            let pace = interval.pace(moment.zone.to_datetime(local));
            let task = Task::recurring(&moment.fresh_id, pace.cron.clone(), look);
            let plan = serde_json::to_string(&task).map_err(unwritable)?;
            let rounding = pace.rounding.map(|why| format!(" ({why})")).unwrap_or_default();
            let chosen = format!("{}{rounding}", pace.words);
            (Pace::Fixed { cron: pace.cron.as_str().to_owned(), chosen }, plan)
        }
    };
    let looping = Loop {
        id: moment.fresh_id.clone(),
        prompt: prompt.map_or(LoopPrompt::File, |text| LoopPrompt::Given { text }),
        pace,
        started_at: now,
        expires_at: millis(look.wall_ms.saturating_add(LIFETIME_MS)),
        runs: 0,
        running: None,
        next_at: Some(now),
        plan,
        reason: String::new(),
        fallback: false,
    };
    Ok(Asked::Command(Command::LoopStart { looping: Box::new(looping) }))
}

fn clamped(delay_seconds: u32) -> (u32, bool) {
    let seconds = delay_seconds.clamp(WAKEUP_S.0, WAKEUP_S.1);
    (seconds, seconds != delay_seconds)
}

/// A goal with the bounds that its words name, and what is known against its wording.
pub fn new_goal(
    condition: &str,
    check: Option<&str>,
    moment: &CommandContext,
) -> Result<Goal, Fault> {
    let (condition, check) = (condition.trim(), check.map(str::trim).filter(|c| !c.is_empty()));
    if condition.is_empty() && check.is_none() {
        return Err(invalid("the goal says nothing").hint("name the condition to reach"));
    }
    let condition = match (condition, check) {
        ("", Some(check)) => words::check_alone(check),
        (condition, _) => condition.to_owned(),
    };
    let advice = nightshift_judge::advise(&condition, check.is_some());
    let advice = advice.map(|a| format!("{}; better: {}", a.problem, a.suggestion));
    let now = moment.now();
    let named = nightshift_schedule::Bounds::parse(&condition, moment.look.wall_ms, &moment.zone);
    // What only looks like a bound is said, so that nobody trusts a brake that is not there.
    let doubts = named.doubtful.iter().map(|doubtful| doubtful.why.clone());
    let advice = advice.into_iter().chain(doubts).collect();
    Ok(Goal {
        check: check.map(str::to_owned),
        set_at: now,
        ready_at: None,
        bounds: bounds(&named),
        condition,
        phase: GoalPhase::Pursuing,
        counted_from: now,
        turns: 0,
        idle_turns: 0,
        same_reason: 0,
        check_ins: 0,
        failures: 0,
        spent: Spent::default(),
        evaluator: String::new(),
        verdicts: Vec::new(),
        advice,
    })
}

/// The bounds that the words name, in the place of the usual ones.
fn bounds(named: &nightshift_schedule::Bounds) -> Bounds {
    Bounds {
        turns: named.turns.unwrap_or(GOAL_TURNS_MAX),
        ms: named.time_ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(GOAL_TIME_MAX_MS),
        not_before: named.not_before_ms.map(millis),
    }
}

/// The answer, from what the act made of the session.
pub fn answer(session: &Session, act: &StandingAct, moment: &CommandContext) -> StandingResult {
    let nothing = Standing::default();
    let standing = session.agent().map_or(&nothing, |agent| &*agent.standing);
    match act {
        StandingAct::Show => {
            let view = StandingView::of(standing, human);
            StandingResult::All(Box::new(StandingView { cron_disabled: moment.off, ..view }))
        }
        StandingAct::CronCreate { recurring, .. } => created(standing, *recurring),
        StandingAct::CronList => {
            let view = |task: &CronTask| CronView {
                human_schedule: human(&task.cron),
                task: task.clone(),
            };
            StandingResult::Crons { tasks: standing.crons.iter().map(view).collect() }
        }
        StandingAct::LoopStart { .. } => match &standing.looping {
            Some(looping) => StandingResult::Loop(LoopStarted {
                looping: looping.clone(),
                words: words::loop_started(looping),
            }),
            None => StandingResult::Done,
        },
        StandingAct::ScheduleWakeup { delay_seconds, stop, .. } => {
            let (clamped_delay_seconds, was_clamped) = clamped(*delay_seconds);
            let next = standing.looping.as_ref().and_then(|l| l.next_at);
            let at = next.or(standing.wakeup.as_ref().map(|w| w.at)).filter(|_| !stop);
            StandingResult::Wakeup(WakeupScheduled {
                scheduled_for: at,
                clamped_delay_seconds,
                was_clamped,
            })
        }
        StandingAct::GoalSet { .. } | StandingAct::GoalShow => {
            StandingResult::Goal(Box::new(GoalView {
                goal: standing.goal.clone(),
                last: standing.last_goal.clone(),
                words: words::goal(standing, moment.now()),
            }))
        }
        StandingAct::ToolsReady
        | StandingAct::CronDelete { .. }
        | StandingAct::LoopStop
        | StandingAct::GoalClear
        | StandingAct::GoalRetry
        | StandingAct::MonitorStarted { .. }
        | StandingAct::MonitorLines { .. }
        | StandingAct::MonitorEnded { .. }
        | StandingAct::MonitorAsk { .. }
        | StandingAct::MonitorStops { .. }
        | StandingAct::Push { .. } => StandingResult::Done,
    }
}

fn created(standing: &Standing, recurring: bool) -> StandingResult {
    let Some(task) = standing.crons.last() else { return StandingResult::Done };
    StandingResult::CronCreated(CronCreated {
        id: task.id.clone(),
        human_schedule: human(&task.cron),
        recurring,
        next_fire_at: task.fire_at,
    })
}

/// A cron expression as people read it.
pub fn human(cron: &str) -> String {
    cron.parse::<Cron>().map_or_else(|_| cron.to_owned(), |cron| cron.words())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_in_the_words_of_a_goal_are_kept() {
        const HOUR_MS: u64 = 60 * 60 * 1000;
        let look = ClockReading {
            wall_ms: 1_700_000_000_000,
            awake_ms: 0,
            since_boot_ms: 0,
            boot: String::new(),
            run: String::new(),
            zone: "UTC".into(),
        };
        let moment =
            CommandContext { look, zone: TimeZone::UTC, fresh_id: "a1b2c3d4".into(), off: false };
        let now = moment.now();
        for (condition, turns, ms, waits_ms) in [
            ("all tests pass", GOAL_TURNS_MAX, GOAL_TIME_MAX_MS, None),
            ("all tests pass, or stop after 15 turns", 15, GOAL_TIME_MAX_MS, None),
            ("all tests pass, or stop after 2 hours", GOAL_TURNS_MAX, 2 * HOUR_MS, None),
            (
                "all tests pass, not before 2023-11-15 08:00",
                GOAL_TURNS_MAX,
                GOAL_TIME_MAX_MS,
                Some(35_200_000),
            ),
        ] {
            let goal = new_goal(condition, None, &moment).unwrap();
            let not_before = waits_ms.map(|ms| Millis(now.0 + ms));
            assert_eq!(goal.bounds, Bounds { turns, ms, not_before }, "{condition}");
            assert_eq!(goal.condition, condition);
        }
    }
}
