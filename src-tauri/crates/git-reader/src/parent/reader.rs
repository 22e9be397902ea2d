//! The parent's side: many repositories, one child at a time, a new one after each that was lost.
//!
//! Promise: as many answers as requests, in their order; each comes within its wall clock and some
//! grace; a child is ended before `look` returns, unless a disk holds it. Blocks: never to be called
//! on the supervisor's loop.

use crate::limits::{LINGERING_MAX, LOOKS_PER_CHILD_MAX, Limits, REQUEST_MAX_BYTES};
use crate::parent::running::{Left, Running};
use crate::values::answer::{Answer, Unknown, UnknownKind};
use crate::values::request::{Asked, Request, UserSettings};
use std::ffi::OsString;
use std::process::Child;
use std::sync::{Mutex, PoisonError};

/// Starts children and asks them.
#[derive(Debug)]
pub struct Reader {
    words: Vec<OsString>,
    user: UserSettings,
    limits: Limits,
    lingering: Mutex<Vec<Child>>,
}

/// Looks one after the other, by one child as long as it lasts. It is ended when this is dropped.
#[derive(Debug)]
pub struct Looking<'a> {
    reader: &'a Reader,
    user: UserSettings,
    running: Option<Running>,
    /// No child can be started: it is not tried again for each request.
    broken: Option<Unknown>,
}

impl Reader {
    /// `words` start the child: our own binary, `git-reader`.
    pub fn new(words: impl IntoIterator<Item = OsString>) -> Reader {
        let (user, limits) = (UserSettings::default(), Limits::default());
        let words = words.into_iter().collect();
        Reader { words, user, limits, lingering: Mutex::default() }
    }

    #[must_use]
    pub fn with_user_settings(self, user: UserSettings) -> Reader {
        Reader { user, ..self }
    }

    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Reader {
        Reader { limits, ..self }
    }

    /// Looks at each of them.
    pub fn look(&self, requests: &[Request]) -> Vec<Answer> {
        let mut looking = self.begin(self.user.clone());
        requests.iter().map(|request| looking.look(request)).collect()
    }

    /// Looks whose requests depend on earlier answers. `user` goes before `with_user_settings`.
    pub fn begin(&self, user: UserSettings) -> Looking<'_> {
        Looking { reader: self, user, running: None, broken: None }
    }

    /// Children that were killed and hang in the kernel; fewer when some have ended since.
    fn lingering(&self) -> usize {
        let mut children = self.lingering.lock().unwrap_or_else(PoisonError::into_inner);
        children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        children.len()
    }

    fn start(&self) -> Result<Running, Unknown> {
        if self.lingering() >= LINGERING_MAX {
            let text = format!("{LINGERING_MAX} readers wait for a disk that does not answer");
            return Err(Unknown::new(UnknownKind::NotStarted, text));
        }
        Running::start(&self.words, self.limits.wall)
    }
}

impl Looking<'_> {
    pub fn look(&mut self, request: &Request) -> Answer {
        let asked = Asked::new(request, &self.user, self.reader.limits);
        let line = match serde_json::to_vec(&asked) {
            Ok(line) if line.len() < REQUEST_MAX_BYTES => [&line[..], b"\n"].concat(),
            Ok(_) => return refused("the path is too long"),
            Err(error) => return refused(&error.to_string()),
        };
        // What went before must not decide: memory of libgit2 is not all given back, and a reader
        // that fails after other looks is tried once more with a new child.
        let was_fresh = self.running.is_none();
        let answer = self.ask(&line);
        if !was_fresh && fails_by_what_went_before(&answer) { self.ask(&line) } else { answer }
    }

    fn ask(&mut self, line: &[u8]) -> Answer {
        if let Some(broken) = &self.broken {
            return Answer::Unknown(broken.clone());
        }
        let running = match self.running.take().map_or_else(|| self.reader.start(), Ok) {
            Ok(running) => self.running.insert(running),
            Err(unknown) => {
                self.broken = Some(unknown.clone());
                return Answer::Unknown(unknown);
            }
        };
        let answer = running.ask(line, self.reader.limits.wall);
        let is_worn = running.looks >= LOOKS_PER_CHILD_MAX;
        match answer {
            Ok(answer) => {
                if is_worn || fails_by_what_went_before(&answer) {
                    self.end(true);
                }
                answer
            }
            Err(unknown) => {
                self.end(false);
                Answer::Unknown(unknown)
            }
        }
    }

    fn end(&mut self, kindly: bool) {
        let Some(running) = self.running.take() else { return };
        if let Left::Lingering(child) = running.end(kindly) {
            let lingering = self.reader.lingering.lock();
            lingering.unwrap_or_else(PoisonError::into_inner).push(child);
        }
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.end(true);
    }
}

fn fails_by_what_went_before(answer: &Answer) -> bool {
    matches!(
        answer,
        Answer::Unknown(Unknown { kind: UnknownKind::Crashed | UnknownKind::OutOfMemory, .. })
    )
}

fn refused(why: &str) -> Answer {
    Answer::Unknown(Unknown::new(UnknownKind::Refused, why))
}
