//! `nightshift goal`: what a session is to get to. Sets, shows, clears and retries it.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain::clean;
use crate::verbs::automation::standing::{act, other};
use nightshift_protocol::{StandingAct, StandingResult};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Let a session work until a condition holds; another goal is replaced.
    Set {
        session: String,
        /// The condition to reach, phrased so that the conversation can show it; may name bounds ("or
        /// stop after 20 turns").
        #[arg(required_unless_present = "check", default_value = "")]
        condition: String,
        /// A command that is run after each turn and has to succeed too.
        #[arg(long, value_name = "COMMAND")]
        check: Option<String>,
    },
    /// Show the goal, how far it is, and the last verdict.
    Show { session: String },
    /// Take the goal away; the session stays.
    Clear { session: String },
    /// Evaluate a paused goal again and reset its counters.
    Retry { session: String },
}

#[derive(Serialize)]
struct Done<'a> {
    session: &'a str,
    done: &'a str,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let (session, what, done) = match args.verb {
        Verb::Set { session, condition, check } => {
            (session, StandingAct::GoalSet { condition, check }, "set")
        }
        Verb::Show { session } => (session, StandingAct::GoalShow, "shown"),
        Verb::Clear { session } => (session, StandingAct::GoalClear, "cleared"),
        Verb::Retry { session } => (session, StandingAct::GoalRetry, "retried"),
    };
    match act(&client, &session, what).await? {
        StandingResult::Goal(goal) => here.say(&goal, clean(&goal.words).trim_end()),
        StandingResult::Done => {
            here.say(&Done { session: &session, done }, &format!("goal {done} · {session}"))
        }
        result => Err(other(&result)),
    }
}
