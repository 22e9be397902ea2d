//! The tools that agents get: one file for each, a thin map from its arguments to a command of the
//! supervisor and from the answer to what a model reads.
//!
//! Promise: wrong arguments, and whatever the supervisor refuses, are told to the model as the
//! tool's own answer, in words that name the argument and the way out.

mod arguments;
mod cron_create;
mod cron_delete;
mod cron_list;
mod goal_clear;
mod goal_set;
mod goal_status;
mod monitor;
mod push_notification;
mod schedule_wakeup;
mod task_list;
mod task_stop;
mod words;

use crate::bridge::Bridge;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

/// A tool as it is offered.
pub struct Definition {
    pub name: &'static str,
    pub description: &'static str,
    /// JSON Schema of its arguments.
    pub input: Value,
    /// It changes nothing.
    pub only_reads: bool,
}

/// What a tool gives a model: a value, or words that say what is wrong.
pub type Answer = Result<Value, String>;

pub type Arguments = Map<String, Value>;

/// All tools in the order in which they are listed.
pub fn all() -> Vec<Definition> {
    vec![
        cron_create::definition(),
        cron_list::definition(),
        cron_delete::definition(),
        schedule_wakeup::definition(),
        monitor::definition(),
        task_list::definition(),
        task_stop::definition(),
        push_notification::definition(),
        goal_set::definition(),
        goal_status::definition(),
        goal_clear::definition(),
    ]
}

/// Calls a tool; none when there is none of that name.
pub async fn call(
    bridge: &Bridge,
    name: &str,
    arguments: Arguments,
    cancelled: CancellationToken,
) -> Option<Answer> {
    Some(match name {
        cron_create::NAME => cron_create::call(bridge, arguments).await,
        cron_list::NAME => cron_list::call(bridge, arguments).await,
        cron_delete::NAME => cron_delete::call(bridge, arguments).await,
        schedule_wakeup::NAME => schedule_wakeup::call(bridge, arguments).await,
        monitor::NAME => monitor::call(bridge, arguments, cancelled).await,
        task_list::NAME => task_list::call(bridge, arguments).await,
        task_stop::NAME => task_stop::call(bridge, arguments).await,
        push_notification::NAME => push_notification::call(bridge, arguments).await,
        goal_set::NAME => goal_set::call(bridge, arguments).await,
        goal_status::NAME => goal_status::call(bridge, arguments).await,
        goal_clear::NAME => goal_clear::call(bridge, arguments).await,
        _ => return None,
    })
}
