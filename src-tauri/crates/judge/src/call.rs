//! The circumstances of one call: the caller's environment, its deadline, whether it was called off.

use crate::trouble::{Trouble, TroubleKind};
use nightshift_platform::clock;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Variables of the session that is judged: those of whoever dispatched it, not of this process.
pub type Environment = BTreeMap<OsString, OsString>;

/// One call, which ends at its deadline or soon after it was called off.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub env: &'a Environment,
    pub called_off: &'a AtomicBool,
    /// On the monotonic clock.
    until: Duration,
    timeout: Duration,
}

impl<'a> Call<'a> {
    /// From now on, for as long as `timeout`.
    pub fn new(env: &'a Environment, timeout: Duration, called_off: &'a AtomicBool) -> Call<'a> {
        Call { env, called_off, until: clock::monotonic() + timeout, timeout }
    }

    pub(crate) fn is_called_off(&self) -> bool {
        self.called_off.load(Ordering::Relaxed)
    }

    /// What is left of the time; an error when it is over or the call was called off.
    pub(crate) fn left(&self) -> Result<Duration, Trouble> {
        if self.is_called_off() {
            return Err(Trouble::new(TroubleKind::CalledOff, "the judgement was called off"));
        }
        let left = self.until.saturating_sub(clock::monotonic());
        if left.is_zero() { Err(self.too_late()) } else { Ok(left) }
    }

    pub(crate) fn too_late(&self) -> Trouble {
        let message = format!("the evaluator gave no answer within {} s", self.timeout.as_secs());
        Trouble::new(TroubleKind::Timeout, message).hint("set `timeout_s` in [judge] higher")
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        variable(self.env, name)
    }
}

/// A variable that is set to something.
pub(crate) fn variable<'e>(env: &'e Environment, name: &str) -> Option<&'e str> {
    let value = env.get(OsStr::new(name))?.to_str()?.trim();
    (!value.is_empty()).then_some(value)
}
