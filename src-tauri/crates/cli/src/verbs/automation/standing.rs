//! What the verbs `goal`, `loop` and `cron` have in common: one act on a session's standing work.

use crate::failure::Failure;
use nightshift_client::{Client, dispatch_environment};
use nightshift_protocol::{Fault, FaultCode, StandingAct, StandingResult, calls};

/// The session's environment comes along: its process may have to be started for this.
pub async fn act(
    client: &Client,
    session: &str,
    act: StandingAct,
) -> Result<StandingResult, Failure> {
    let (session, env) = (session.to_owned(), dispatch_environment());
    Ok(client.ask(calls::Standing { session, act, env }).await?)
}

/// The supervisor answered something else than was asked.
pub fn other(result: &StandingResult) -> Failure {
    let message = format!("the supervisor gave an unexpected result: {result:?}");
    Failure::Fault(Fault::new(FaultCode::Internal, message).hint("look into its log"))
}
