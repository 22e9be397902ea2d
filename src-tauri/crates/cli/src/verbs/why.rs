//! `nightshift why`: the evidence behind a session's state, oldest first.

use crate::context::{Context, print, print_json};
use crate::failure::{Failure, unexpected};
use crate::output::plain::one_line;
use crate::output::table::age;
use nightshift_model::{Evidence, Source};
use nightshift_platform::clock;
use nightshift_protocol::{Command, Reply};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let evidence = match client.call(Command::Why { session: args.session }).await? {
        Reply::Why { evidence } => evidence,
        other => return Err(unexpected(&other)),
    };
    if here.json {
        print_json(&evidence)?;
    } else {
        print(&evidence.iter().map(line).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn line(evidence: &Evidence) -> String {
    let ago = age(clock::now().since(evidence.at));
    let source = match evidence.source {
        Source::User => "you",
        Source::Protocol => "protocol",
        Source::Hook => "hook",
        Source::Terminal => "terminal",
        Source::Marker => "marker",
        Source::ClosingQuestion => "closing question",
        Source::Process => "process",
        Source::Supervisor => "supervisor",
    };
    let (state, text) = (one_line(&evidence.state), one_line(&evidence.text));
    format!("{:>8}  {state:<12}  {source:<16}  {text}\n", format!("{ago} ago"))
}
