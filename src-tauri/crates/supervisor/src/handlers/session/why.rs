//! `why`: the evidence behind a session's states, oldest first.

use crate::core::Core;
use crate::handlers::{Handled, Outcome, find};
use nightshift_protocol::{Fault, FaultCode, Reply};

pub fn why(core: &Core, session: &str) -> Outcome {
    let session = find(core, session)?;
    let evidence = core
        .store
        .evidence(&session)
        .map_err(|e| Fault::new(FaultCode::Io, format!("evidence of {session}: {e}")))?;
    Ok(Handled::Done(Reply::Why { evidence }))
}
