//! What the verbs `goal`, `loop` and `cron` have in common: one act on a session's standing work.

use crate::failure::{Failure, unexpected};
use nightshift_client::{Client, dispatch_environment};
use nightshift_protocol::{Command, Fault, FaultCode, Reply, StandingAct, StandingResult};

/// The session's environment comes along: its process may have to be started for this.
pub async fn act(
    client: &Client,
    session: &str,
    act: StandingAct,
) -> Result<StandingResult, Failure> {
    let (session, env) = (session.to_owned(), dispatch_environment());
    match client.call(Command::Standing { session, act, env }).await? {
        Reply::Standing { result } => Ok(*result),
        other => Err(unexpected(&other)),
    }
}

/// The supervisor answered something else than was asked.
pub fn other(result: &StandingResult) -> Failure {
    let message = format!("the supervisor gave an unexpected result: {result:?}");
    Failure::Fault(Fault::new(FaultCode::Internal, message).hint("look into its log"))
}
