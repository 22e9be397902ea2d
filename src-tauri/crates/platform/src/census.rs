//! One look at all processes, shared by whoever asks at about the same time.
//!
//! Promise: no answer is older than its question. Who asks while a look is under way waits for the next one,
//! with all others who asked meanwhile; looks take a small part of one processor, however many ask.
//! Must not know: who asks, and why.

use crate::clock;
use crate::mark::Mark;
use crate::process::{Identity, Variables, looked};
use crate::procfs::{self, Stat};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// After a look none begins for this many times as long as it took: a fifth of one processor is the most.
const PAUSE_FACTOR: u32 = 4;
/// A look that took long on a busy machine holds up the next one no longer than this.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// A live process that has a mark, or was started with the variable that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub identity: Identity,
    pub mark: Option<Mark>,
    values: Vec<Vec<u8>>,
}

impl Seen {
    /// Whether it was started with the variable set to this.
    pub fn has_value(&self, value: &str) -> bool {
        self.values.iter().any(|v| v == value.as_bytes())
    }
}

/// Who has a mark or was started with one variable.
#[derive(Debug)]
pub struct Census {
    variable: &'static str,
    turns: Mutex<Turns>,
    turn_ended: Condvar,
}

#[derive(Debug)]
struct Turns {
    /// Looks that have begun so far.
    begun: u64,
    under_way: bool,
    /// The last look that came to its end: which one that was, and what it saw.
    last: Option<(u64, Arc<Vec<Seen>>)>,
    /// When (monotonic) the next one may begin.
    next_at: Duration,
    /// Who waits for the end of a look.
    waiting: usize,
}

impl Census {
    pub const fn new(variable: &'static str) -> Census {
        let turns =
            Turns { begun: 0, under_way: false, last: None, next_at: Duration::ZERO, waiting: 0 };
        Census { variable, turns: Mutex::new(turns), turn_ended: Condvar::new() }
    }

    /// What a look saw that began after this was called. Blocking.
    pub fn look(&self) -> io::Result<Arc<Vec<Seen>>> {
        let mut turns = self.turns();
        let wanted = turns.begun + 1;
        loop {
            if let Some((which, seen)) = &turns.last
                && *which >= wanted
            {
                return Ok(Arc::clone(seen));
            }
            if !turns.under_way {
                break;
            }
            turns.waiting += 1;
            turns = self.turn_ended.wait(turns).unwrap_or_else(PoisonError::into_inner);
            turns.waiting -= 1;
        }
        turns.under_way = true;
        let pause = turns.next_at.saturating_sub(clock::monotonic());
        drop(turns);
        let _turn = Turn(self);
        // Who asks meanwhile is served by this look too: it begins only then.
        std::thread::sleep(pause);
        let which = {
            let mut turns = self.turns();
            turns.begun += 1;
            turns.begun
        };
        let began = clock::monotonic();
        let seen = Arc::new(all(self.variable)?);
        let ended = clock::monotonic();
        let pause = (ended.saturating_sub(began) * PAUSE_FACTOR).min(PAUSE_MAX);
        let mut turns = self.turns();
        turns.next_at = ended + pause;
        turns.last = Some((which, Arc::clone(&seen)));
        Ok(seen)
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A look that is under way. However it ends, others go on: after one that failed they look for themselves.
struct Turn<'a>(&'a Census);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.turns().under_way = false;
        self.0.turn_ended.notify_all();
    }
}

fn all(variable: &str) -> io::Result<Vec<Seen>> {
    let mut found = Vec::new();
    for pid in procfs::pids()? {
        let Some(stat) = looked(Stat::read(pid))? else { continue };
        if stat.is_zombie() || stat.of_kernel {
            continue;
        }
        let mark = looked(Mark::of(pid))?.filter(|mark| *mark != Mark::NONE);
        // Unreadable means another user's, or gone.
        let variables = looked(Variables::of(pid))?;
        let values = variables.iter().flat_map(|all| all.values(variable).map(<[u8]>::to_vec));
        let values: Vec<_> = values.collect();
        if mark.is_some() || !values.is_empty() {
            let identity = Identity { pid, start_ticks: stat.start_ticks };
            found.push(Seen { identity, mark, values });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::process::{Child, Command, Stdio};

    const VARIABLE: &str = "COUNTED_AS";
    const PATIENCE: Duration = Duration::from_secs(60);

    struct Counted(Child);

    impl Counted {
        /// `words` start it; it runs once this is there.
        fn start(words: &str, value: &str) -> Counted {
            let mut child = Command::new("/bin/bash")
                .args(["-c", &format!("{words}; echo; read x")])
                .env(VARIABLE, value)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
            Counted(child)
        }

        fn identity(&self) -> Identity {
            Identity::of(self.0.id()).unwrap()
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    fn value(n: usize) -> String {
        format!("{}-{n}", std::process::id())
    }

    #[test]
    fn all_who_ask_during_a_look_share_the_next_one_and_find_what_was_there_when_they_asked() {
        const ASKING: usize = 16;
        let census = Census::new(VARIABLE);
        census.turns().under_way = true;
        let earlier = Turn(&census);
        std::thread::scope(|scope| {
            let census = &census;
            let ask = |n| {
                move || {
                    let counted = Counted::start(":", &value(n));
                    let seen = census.look().unwrap();
                    let found = seen.iter().filter(|one| one.has_value(&value(n)));
                    let found: Vec<Identity> = found.map(|one| one.identity).collect();
                    assert_eq!(found, [counted.identity()]);
                }
            };
            let asking: Vec<_> = (0..ASKING).map(|n| scope.spawn(ask(n))).collect();
            let start = clock::monotonic();
            while census.turns().waiting < ASKING {
                assert!(clock::monotonic() - start < PATIENCE, "they do not wait");
                std::thread::sleep(Duration::from_millis(1));
            }
            drop(earlier);
            asking.into_iter().for_each(|one| one.join().unwrap());
        });
        assert_eq!(census.turns().begun, 1);
    }

    #[test]
    fn whoever_asks_after_a_look_gets_another_and_marks_are_seen_too() {
        let census = Census::new(VARIABLE);
        let value = value(100);
        assert!(!census.look().unwrap().iter().any(|one| one.has_value(&value)));
        let mark = Mark::own().below(7);
        let limit = serde_json::to_string(&mark).unwrap();
        let marked = Counted::start(&format!("ulimit -x {limit} || exit 1"), "");
        let named = Counted::start(":", &value);
        let seen = census.look().unwrap();
        let of = |who: &Counted| seen.iter().find(|one| one.identity == who.identity()).unwrap();
        assert_eq!(of(&marked).mark, Some(mark));
        assert!(
            of(&named).has_value(&value) && !of(&named).has_value("") && of(&marked).has_value("")
        );
        assert!(!of(&named).has_value(&value[1..]));
        assert_eq!(census.turns().begun, 2);
    }
}
