//! What clients want of events from outside, and what the intake process brings.

use crate::clients::ConnId;
use crate::core::Core;
use crate::features::routines::outside::{deliveries, events, fire, intake, tokens};
use crate::handlers::{Handled, Outcome};
use crate::ports::storage::fault;
use nightshift_protocol::Reply;
use nightshift_protocol::intake::{IntakeAct, IntakeResult, OutsideAct, OutsideResult};
use nightshift_protocol::routine::RoutineResult;
use nightshift_store::outside::TokenKind;

pub fn outside(core: &mut Core, conn: ConnId, request: u64, act: OutsideAct) -> Outcome {
    let asked = (conn, request);
    let result = match act {
        OutsideAct::TokenCreate { routine } => {
            tokens::create(core, asked, &routine, TokenKind::Fire)?;
            return Ok(Handled::Pending);
        }
        OutsideAct::SecretCreate { routine } => {
            tokens::create(core, asked, &routine, TokenKind::Webhook)?;
            return Ok(Handled::Pending);
        }
        OutsideAct::TokenRotate { token } => {
            tokens::rotate(core, asked, tokens::Which::Id(&token))?;
            return Ok(Handled::Pending);
        }
        OutsideAct::SecretRotate { routine } => {
            tokens::rotate(core, asked, tokens::Which::SecretOf(&routine))?;
            return Ok(Handled::Pending);
        }
        OutsideAct::TokenRevoke { token } => tokens::revoke(core, tokens::Which::Id(&token))?,
        OutsideAct::SecretRevoke { routine } => {
            tokens::revoke(core, tokens::Which::SecretOf(&routine))?
        }
        OutsideAct::TokenList { routine } => tokens::list(core, routine.as_deref())?,
        OutsideAct::Deliveries { routine, before, limit } => {
            deliveries::list(core, &routine, (before, limit))?
        }
        OutsideAct::Status => OutsideResult::Status(intake::status(core)),
    };
    let result = RoutineResult::Outside { result: Box::new(result) };
    Ok(Handled::Done(Reply::Routines { result: Box::new(result) }))
}

/// Only the intake process comes so far.
pub fn intake(core: &mut Core, conn: ConnId, request: u64, act: IntakeAct) -> Outcome {
    let result = match act {
        IntakeAct::Next { seen } => {
            intake::next(core, (conn, request), seen);
            return Ok(Handled::Pending);
        }
        IntakeAct::Fire(call) => {
            fire::fire(core, (conn, request), *call);
            return Ok(Handled::Pending);
        }
        IntakeAct::Listening { address } => {
            intake::listening(core, conn, address).map_err(|e| fault(&e))?;
            IntakeResult::Done
        }
        IntakeAct::NotListening { why } => {
            intake::not_listening(core, why);
            IntakeResult::Done
        }
        IntakeAct::Refused(attempt) => {
            deliveries::refused(core, *attempt);
            IntakeResult::Done
        }
        IntakeAct::Event(call) => events::event(core, *call)?,
        IntakeAct::Polled { repository, cursor } => {
            intake::polled(core, &repository, cursor).map_err(|e| fault(&e))?;
            IntakeResult::Done
        }
        IntakeAct::PollTrouble { repository, why } => {
            intake::poll_trouble(core, repository, why);
            IntakeResult::Done
        }
    };
    Ok(Handled::Done(Reply::Intake { result: Box::new(result) }))
}
