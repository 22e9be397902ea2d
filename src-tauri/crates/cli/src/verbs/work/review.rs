//! What the verbs of review share: one act, and conflicts told as a failure.

use crate::context::{Context, print_json};
use crate::failure::Failure;
pub use crate::output::changes::short;
use crate::output::plain::{exact_line, one_line};
use nightshift_client::dispatch_environment;
use nightshift_model::counted::counted;
use nightshift_protocol::review::LeftOut;
use nightshift_protocol::{Fault, FaultCode, ReviewAct, ReviewResult, calls};

/// Files named in one line; `--json` names all.
const NAMED_MAX: usize = 10;

pub async fn review(
    client: &nightshift_client::Client,
    session: &str,
    act: ReviewAct,
) -> Result<ReviewResult, Failure> {
    let env = dispatch_environment();
    Ok(client.ask(calls::Review { session: session.to_owned(), act, env }).await?)
}

/// One act whose result is not a conflict.
pub async fn settled(
    here: &Context,
    session: &str,
    act: ReviewAct,
) -> Result<ReviewResult, Failure> {
    let client = here.client().await?;
    let result = review(&client, session, act).await?;
    let ReviewResult::Conflicts { with, files, note, .. } = &result else { return Ok(result) };
    if here.json {
        print_json(&result)?;
    }
    let named: Vec<String> = files.iter().take(NAMED_MAX).map(|file| exact_line(file)).collect();
    let message = format!(
        "conflicts with {} in {} ({}); nothing was changed",
        exact_line(with),
        counted(files.len(), "file"),
        named.join(", ")
    );
    let message = if note.is_empty() { message } else { format!("{message}; {}", one_line(note)) };
    let hint = format!("ask the agent: `nightshift reply {session} 'rebase onto {with} and …'`");
    Err(Fault::new(FaultCode::Refused, message).hint(hint).into())
}

/// What an act on all files left as it is, a line each.
pub fn stays(what: &str, left_out: &[LeftOut]) -> String {
    let mut text = String::new();
    for LeftOut { path, why } in left_out.iter().take(NAMED_MAX) {
        text.push_str(&format!("\n  {what}: {} ({})", exact_line(path), one_line(why)));
    }
    if left_out.len() > NAMED_MAX {
        text.push_str(&format!("\n  {what}: {} more", left_out.len() - NAMED_MAX));
    }
    text
}

/// A result of another act than was asked for.
pub fn other(result: &ReviewResult) -> Failure {
    let message = format!("the supervisor gave the result of another act: {result:?}");
    Fault::new(FaultCode::Internal, message).hint("look into its log").into()
}
