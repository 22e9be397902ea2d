//! `nightshift pr`: pushes a session's branch and opens a pull request, or says where to.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain::one_line;
use crate::verbs::work::review::{other, review};
use nightshift_protocol::review::RequestState;
use nightshift_protocol::{ReviewAct, ReviewResult};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// Title; without one it is made from the session's name.
    #[arg(long)]
    title: Option<String>,
    /// Description; without one it is made from the session's result.
    #[arg(long)]
    body: Option<String>,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let (title, body) = match (args.title, args.body) {
        (Some(title), Some(body)) => (title, body),
        (title, body) => {
            let changes = match review(&client, &args.session, ReviewAct::Changes).await? {
                ReviewResult::Changes { changes } => changes,
                result => return Err(other(&result)),
            };
            let draft = changes.draft.split_once("\n\n").unwrap_or((&changes.draft, ""));
            (title.unwrap_or(draft.0.to_owned()), body.unwrap_or(draft.1.to_owned()))
        }
    };
    let result = review(&client, &args.session, ReviewAct::PullRequest { title, body }).await?;
    let ReviewResult::PullRequest { url, state, note } = &result else {
        return Err(other(&result));
    };
    let word = match state {
        RequestState::Opened => "opened",
        RequestState::Existing => "there already",
        RequestState::ByHand => "pushed; open it here",
    };
    let parts = [Some(word), url.as_deref(), Some(note.as_str()).filter(|note| !note.is_empty())];
    let line: Vec<String> = parts.into_iter().flatten().map(one_line).collect();
    here.say(&result, &line.join(" · "))
}
