//! What requests share: the routines that are served, the supervisor, limits; and the reading of heads and bodies.

use crate::answer;
use crate::limits::{
    BODIES_MAX_MIB, BODY_PATIENCE, BODY_ROOM_PATIENCE, CALLS_AT_ONCE, CALLS_PER_SECOND,
    SHOWN_MAX_CHARS, TOLD_AT_ONCE, TOLD_PER_SECOND,
};
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http_body_util::{BodyExt, Limited};
use nightshift_client::Client;
use nightshift_protocol::calls;
use nightshift_protocol::intake::{Attempt, IntakeAct, Refusal, ServedRoutine, Serving};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::timeout;

type Limiter = DefaultKeyedRateLimiter<String>;

const MIB: usize = 1024 * 1024;

pub struct App {
    pub client: Client,
    pub serving: watch::Receiver<Arc<Serving>>,
    calls: Limiter,
    told: Limiter,
    bodies: Semaphore,
}

/// A body, and its room until it is dropped.
pub struct Taken<'a> {
    pub bytes: Vec<u8>,
    _room: SemaphorePermit<'a>,
}

fn limiter(per_second: u32, at_once: u32) -> Limiter {
    let (rate, burst) = (NonZeroU32::new(per_second), NonZeroU32::new(at_once));
    let quota = Quota::per_second(rate.unwrap_or(NonZeroU32::MIN));
    RateLimiter::keyed(quota.allow_burst(burst.unwrap_or(NonZeroU32::MIN)))
}

impl App {
    pub fn new(client: Client, serving: watch::Receiver<Arc<Serving>>) -> App {
        App {
            client,
            serving,
            calls: limiter(CALLS_PER_SECOND, CALLS_AT_ONCE),
            told: limiter(TOLD_PER_SECOND, TOLD_AT_ONCE),
            bodies: Semaphore::new(BODIES_MAX_MIB),
        }
    }

    pub fn serving(&self) -> Arc<Serving> {
        self.serving.borrow().clone()
    }

    /// One more call with this token.
    pub fn count(&self, token: &str) -> Result<(), Refusal> {
        self.calls.check_key(&token.to_owned()).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            answer::too_often(wait.as_secs().saturating_add(1))
        })
    }

    /// The whole body, within its time and size. What it says about its length is believed only where it is too long.
    pub async fn body(
        &self,
        headers: &HeaderMap,
        body: Body,
        max_bytes: usize,
    ) -> Result<Taken<'_>, Refusal> {
        let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let said = said.and_then(|length| length.parse::<usize>().ok());
        if said.is_some_and(|length| length > max_bytes) {
            return Err(answer::too_large(max_bytes));
        }
        let mib = said.unwrap_or(max_bytes).div_ceil(MIB).max(1);
        let room = self.bodies.acquire_many(u32::try_from(mib).unwrap_or(u32::MAX));
        let room = timeout(BODY_ROOM_PATIENCE, room).await;
        let Ok(Ok(room)) = room else {
            return Err(answer::overloaded("too many requests with large bodies"));
        };
        let collected = timeout(BODY_PATIENCE, Limited::new(body, max_bytes).collect()).await;
        match collected {
            Ok(Ok(body)) => Ok(Taken { bytes: body.to_bytes().to_vec(), _room: room }),
            Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => {
                Err(answer::too_large(max_bytes))
            }
            Ok(Err(_)) => Err(answer::invalid("the body did not come whole")),
            Err(_) => {
                Err(answer::refusal(408, "invalid_request_error", "the body did not come in time"))
            }
        }
    }

    /// Tells the supervisor what was turned away, where that is of a routine that there is.
    pub fn tell(self: &Arc<App>, attempt: Attempt) {
        let known = self.serving().routines.iter().any(|routine| routine.id == attempt.routine);
        if !known || self.told.check_key(&attempt.routine).is_err() {
            return;
        }
        let app = self.clone();
        tokio::spawn(async move {
            let act = IntakeAct::Refused(Box::new(attempt));
            if let Err(fault) = app.client.ask(calls::Intake { act }).await {
                tracing::debug!("an attempt is not noted: {fault}");
            }
        });
    }
}

pub fn find<'a>(serving: &'a Serving, id: &str) -> Option<&'a ServedRoutine> {
    serving.routines.iter().find(|routine| routine.id == id)
}

/// The value of a header that is there once.
pub fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() {
        return None;
    }
    first.to_str().ok()
}

/// Those of `names` that are there, to be kept with the delivery.
pub fn kept(headers: &HeaderMap, names: &[&str]) -> BTreeMap<String, String> {
    let value = |name: &&str| {
        let value = headers.get(*name)?;
        Some(((*name).to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
    };
    names.iter().filter_map(value).collect()
}

/// The beginning of a body, to be looked at.
pub fn shown(bytes: &[u8]) -> String {
    let most = bytes.len().min(SHOWN_MAX_CHARS * 4);
    String::from_utf8_lossy(&bytes[..most]).chars().take(SHOWN_MAX_CHARS).collect()
}
