//! `nightshift discard`: throws away what a session has not committed, and brings it back.

use crate::context::Context;
use crate::failure::Failure;
use crate::verbs::work::review::{other, settled, stays};
use nightshift_model::counted::counted;
use nightshift_protocol::{ReviewAct, ReviewResult};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// Files to bring back to their last commit, relative to the checkout.
    #[arg(required_unless_present_any = ["all", "undo"], conflicts_with = "all")]
    files: Vec<String>,
    /// Everything that is not committed.
    #[arg(long)]
    all: bool,
    /// Bring back what an earlier discard took; RESCUE is what it printed.
    #[arg(long, value_name = "RESCUE", conflicts_with = "all")]
    undo: Option<String>,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let session = &args.session;
    if let Some(rescue) = args.undo {
        let act = ReviewAct::Restore { rescue, paths: args.files };
        return match settled(&here, session, act).await? {
            result @ ReviewResult::Done => here.say(&result, "brought back"),
            result => Err(other(&result)),
        };
    }
    let result = settled(&here, session, ReviewAct::Discard { paths: args.files }).await?;
    let ReviewResult::Discarded { rescue, paths, left_out } = &result else {
        return Err(other(&result));
    };
    let mut line = format!(
        "discarded {} · bring them back with `nightshift discard {session} --undo {rescue}`",
        counted(paths.len(), "file")
    );
    line.push_str(&stays("not discarded", left_out));
    here.say(&result, &line)
}
