//! `nightshift rebase`: moves a session's commits onto the branch that they began from.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain::one_line;
use crate::verbs::work::review::{other, settled, short};
use nightshift_protocol::{ReviewAct, ReviewResult};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let result = settled(&here, &args.session, ReviewAct::Rebase).await?;
    let ReviewResult::Rebased { onto, commit } = &result else { return Err(other(&result)) };
    here.say(&result, &format!("rebased onto {} · {}", one_line(onto), short(commit)))
}
