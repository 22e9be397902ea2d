//! `nightshift continue-at-reset`: lets a session go on by itself once its usage limit is over.

use crate::check;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::entry::Entry;
use crate::output::plain::one_line;
use crate::output::table::until;
use nightshift_platform::clock;
use nightshift_protocol::calls;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// The message to send then; `continue` by default.
    #[arg(long, value_name = "TEXT", conflicts_with = "cancel")]
    say: Option<String>,
    /// Cancel the automatic continuation.
    #[arg(long)]
    cancel: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let text = args.say.as_deref().map(|text| check::text(text, "text")).transpose()?;
    let client = here.client().await?;
    let session = args.session;
    let view = match args.cancel {
        true => client.ask(calls::CancelContinue { session }).await?,
        false => client.ask(calls::ContinueAtReset { session, text }).await?,
    };
    let what = match view.continue_at {
        Some(at) => format!("continues in {}", until(at, clock::now())),
        None => "no longer continues automatically".to_owned(),
    };
    here.say(&Entry::of(&view), &format!("{what} · {} · {}", view.id, one_line(&view.name)))
}
