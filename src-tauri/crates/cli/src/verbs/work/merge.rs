//! `nightshift merge`: merges a session's commits into the branch that they began from.

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
    let result = settled(&here, &args.session, ReviewAct::Merge).await?;
    let ReviewResult::Merged { into, commit } = &result else { return Err(other(&result)) };
    here.say(&result, &format!("merged into {} · {}", one_line(into), short(commit)))
}
