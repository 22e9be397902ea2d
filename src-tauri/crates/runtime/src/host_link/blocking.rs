//! Work that blocks (a launch, a journal, `/proc`), beside the loop on a thread of its own.
//!
//! Promise: so many at once and no more, each kind in a lane of its own: a disk that hangs under one
//! kind of work holds up no other. Where the machine gives no further thread, the work is done
//! by a spare one that was started in good time, one piece after the other; a runtime's own pool
//! panics then, and one refused fork would end the supervisor.
//! Must not know: what the work is.

use crate::host_link::limits::{
    CHECKS_MAX, DIRECTORIES_MAX, JUDGES_MAX, LAUNCHES_MAX, READS_MAX, REVIEWS_MAX, ROUTINES_MAX,
    WORKTREES_MAX,
};
use nightshift_platform::exhausted::{is_exhausted, is_out_of_processes};
use nightshift_supervisor::ports::world::Lane;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use tokio::sync::{Semaphore, oneshot};

type Work = Box<dyn FnOnce() + Send>;

static LAUNCHES: Semaphore = Semaphore::const_new(LAUNCHES_MAX);
static DIRECTORIES: Semaphore = Semaphore::const_new(DIRECTORIES_MAX);
static READS: Semaphore = Semaphore::const_new(READS_MAX);
static CHECKS: Semaphore = Semaphore::const_new(CHECKS_MAX);
static REVIEWS: Semaphore = Semaphore::const_new(REVIEWS_MAX);
static JUDGES: Semaphore = Semaphore::const_new(JUDGES_MAX);
static ROUTINES: Semaphore = Semaphore::const_new(ROUTINES_MAX);
static WORKTREES: Semaphore = Semaphore::const_new(WORKTREES_MAX);

fn places(lane: Lane) -> &'static Semaphore {
    match lane {
        Lane::Launches => &LAUNCHES,
        Lane::Directories => &DIRECTORIES,
        Lane::Reads => &READS,
        Lane::Checks => &CHECKS,
        Lane::Reviews => &REVIEWS,
        Lane::Judges => &JUDGES,
        Lane::Routines => &ROUTINES,
        Lane::Worktrees => &WORKTREES,
    }
}

/// Where the spare thread gets its work.
static SPARE: OnceLock<mpsc::Sender<Work>> = OnceLock::new();

/// Starts the spare thread. Once, before there is any work.
pub fn keep_spare() -> io::Result<()> {
    let (give, jobs) = mpsc::channel::<Work>();
    std::thread::Builder::new().name("spare".into()).spawn(move || {
        for job in jobs {
            job();
        }
    })?;
    // A second one would find itself without work, and end.
    SPARE.set(give).ok();
    Ok(())
}

/// Runs `work` and gives what it gave.
pub async fn run<T: Send + 'static>(
    lane: Lane,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let place = places(lane).acquire().await.map_err(io::Error::other)?;
    let (done, result) = oneshot::channel();
    begin(Box::new(move || {
        let worked = work();
        drop(place);
        // Whoever waited may have given up.
        done.send(worked).ok();
    }))?;
    result.await.map_err(|_| io::Error::other("the work broke off"))
}

fn begin(job: Work) -> io::Result<()> {
    // A thread that is refused does not give back what it was to do.
    let job = Arc::new(Mutex::new(Some(job)));
    let take =
        |job: &Mutex<Option<Work>>| job.lock().unwrap_or_else(PoisonError::into_inner).take();
    let its = Arc::clone(&job);
    let started = std::thread::Builder::new().name("blocking".into()).spawn(move || {
        if let Some(job) = take(&its) {
            job();
        }
    });
    let Err(refused) = started else { return Ok(()) };
    let spare = SPARE.get().zip(take(&job));
    spare.and_then(|(spare, job)| spare.send(job).ok()).ok_or(refused)
}

/// An error in words that say what to do, where the system's own do not.
pub fn in_words(error: &io::Error) -> String {
    if is_out_of_processes(error) {
        format!("too many processes or threads run for this user; end some ({error})")
    } else if is_exhausted(error) {
        format!("no file descriptors or memory are left; close or stop something ({error})")
    } else {
        error.to_string()
    }
}
