//! `nightshift commit`: commits what a session changed, with the user's own hooks and identity.

use crate::check;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain::one_line;
use crate::verbs::work::review::{other, settled, short, stays};
use nightshift_protocol::{ReviewAct, ReviewResult};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// What the commit says; read from stdin when that is piped.
    #[arg(short, long)]
    message: Option<String>,
    /// Only what is staged, not everything.
    #[arg(long)]
    staged: bool,
    /// Into the last commit instead of a new one.
    #[arg(long)]
    amend: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let Some(message) = check::text_or_stdin(args.message, "commit message")? else {
        return Err(Failure::usage("the commit message is missing; give it with -m"));
    };
    let act = ReviewAct::Commit { message, all: !args.staged, amend: args.amend };
    let result = settled(&here, &args.session, act).await?;
    let ReviewResult::Committed { commit, subject, left_out } = &result else {
        return Err(other(&result));
    };
    let mut text = format!("committed · {} · {}", short(commit), one_line(subject));
    text.push_str(&stays("not committed", left_out));
    here.say(&result, &text)
}
