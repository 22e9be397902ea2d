//! `nightshift loop`: a prompt that is sent to a session again and again.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain::one_line;
use crate::output::table::until;
use crate::verbs::automation::standing::{act, other};
use nightshift_model::standing::{Loop, LoopPrompt};
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode, StandingAct, StandingResult};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Start a loop; its first run is at once. Another loop is replaced.
    Start {
        session: String,
        /// `30m check the deploy`, `check the deploy every 2 hours`, or only a prompt: then the agent
        /// chooses the pace. Without a prompt `.claude/loop.md` is sent.
        text: Vec<String>,
    },
    /// End the loop; cron tasks stay.
    Stop { session: String },
    /// Show the loop and when it runs next.
    Show { session: String },
}

#[derive(Serialize)]
struct Stopped<'a> {
    session: &'a str,
    stopped: bool,
}

#[derive(Serialize)]
struct Shown {
    #[serde(rename = "loop")]
    looping: Option<Loop>,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let (session, what) = match args.verb {
        Verb::Start { session, text } => {
            refuse_bare_number(&text)?;
            (session, StandingAct::LoopStart { text: text.join(" ") })
        }
        Verb::Stop { session } => (session, StandingAct::LoopStop),
        Verb::Show { session } => (session, StandingAct::Show),
    };
    match act(&client, &session, what).await? {
        StandingResult::Loop(started) => here.say(&started, &one_line(&started.words)),
        StandingResult::All(view) => {
            let line = match &view.looping {
                Some(looping) => line(looping),
                None => "no loop".to_owned(),
            };
            here.say(&Shown { looping: view.looping }, &line)
        }
        StandingResult::Done => {
            let stopped = Stopped { session: &session, stopped: true };
            here.say(&stopped, &format!("loop stopped · {session}"))
        }
        result => Err(other(&result)),
    }
}

/// `30 check it`: meant as an interval, and would be words of the prompt.
fn refuse_bare_number(text: &[String]) -> Result<(), Fault> {
    let is_number = |word: &&String| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    match text.first().filter(is_number) {
        None => Ok(()),
        Some(number) => {
            let text = format!(
                "`{number}` has no unit; write {number}s, {number}m, {number}h or {number}d"
            );
            Err(Fault::new(FaultCode::Invalid, text)
                .hint("a prompt that begins with a number goes into quotes"))
        }
    }
}

fn line(looping: &Loop) -> String {
    let prompt = match &looping.prompt {
        LoopPrompt::Given { text } => one_line(text),
        LoopPrompt::File => "loop.md".to_owned(),
    };
    let next = match looping.next_at {
        Some(at) => format!("next in {}", until(at, clock::now())),
        None => "a run is under way".to_owned(),
    };
    format!("run {} · {next} · {prompt}", looping.runs)
}
