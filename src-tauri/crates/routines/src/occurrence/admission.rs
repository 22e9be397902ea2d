//! Which of the due occurrences start now: overlap, daily cap, global cap.
//!
//! Promises: nothing starts beyond the global cap, which is fair: a routine with fewer runs goes first, however many
//! another one has waiting; a run that waits for its user takes no place of those that work; two runs never work on
//! one pull request at once; of several that cancel each other the newest runs.

use super::SkipReason;
use crate::definition::{Overlap, Per};
use std::collections::BTreeMap;

/// Waiting occurrences of one overlap key: as many as one plan may catch up with (`missed = "all"`). Beyond it they are
/// skipped: a queue that only grows is a mistake that must show.
pub const QUEUE_MAX: usize = crate::plan::CATCH_UP_MAX;

/// A due occurrence whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub id: String,
    pub routine: String,
    /// `overlap_key`
    pub key: String,
    /// `owner/name#7` for an event of a pull request.
    pub pull_request: Option<String>,
    /// When it came due or was asked for, and the order in which rows were made where that is the same.
    pub due_ms: i64,
    pub n: i64,
    pub overlap: Overlap,
    /// Neither a pause nor the daily cap holds it: somebody wants it now.
    pub by_hand: bool,
    /// It does not count against `max_per_day` (`at`, by hand).
    pub one_off: bool,
}

/// An occurrence that is claimed, starting or running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub id: String,
    pub routine: String,
    pub key: String,
    pub pull_request: Option<String>,
    /// For an answer of its user: nothing of it works meanwhile.
    pub waits: bool,
}

/// The most runs at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Those that work.
    pub working: usize,
    /// All, with those that wait for their user: each keeps its agent's process.
    pub live: usize,
}

/// What holds for all occurrences of a routine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StandingOfRoutine {
    pub paused: bool,
    pub disabled: bool,
    /// The routine's own budget (not that of a run) is used up.
    pub budget_spent: bool,
    /// Runs that counted and started on this day of the routine's zone.
    pub runs_today: u32,
    pub max_per_day: u32,
}

/// Why an occurrence waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// `overlap = "queue"`
    PreviousRunning,
    /// Another run works on this pull request.
    PullRequest,
    /// All places of runs that work are taken.
    GlobalCap,
    /// So many runs wait for their user that no further one starts.
    TooManyWait,
}

impl Held {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Held::PreviousRunning => "previous_running",
            Held::PullRequest => "pull_request",
            Held::GlobalCap => "no_place",
            Held::TooManyWait => "too_many_wait",
        }
    }

    /// To be put after "waits: ".
    pub fn words(self) -> &'static str {
        match self {
            Held::PreviousRunning => "the run before it goes on",
            Held::PullRequest => "another run works on its pull request",
            Held::GlobalCap => "other runs take all places",
            Held::TooManyWait => "too many runs wait for your answer",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Once these running occurrences are cancelled; mostly none.
    Start {
        cancel: Vec<String>,
    },
    Wait(Held),
    Skip(SkipReason),
}

/// What an occurrence must not overlap with. Without repository or pull request the routine itself.
pub fn overlap_key(
    per: Per,
    routine: &str,
    repository: Option<&str>,
    number: Option<u64>,
) -> String {
    match (per, repository, number) {
        (Per::Repository, Some(repository), _) => {
            format!("{routine} {}", repository.to_lowercase())
        }
        (Per::PullRequest, Some(repository), Some(number)) => {
            format!("{routine} {}#{number}", repository.to_lowercase())
        }
        _ => routine.to_owned(),
    }
}

/// Decides for all candidates at once, in the order given.
pub fn admit(
    candidates: &[Candidate],
    running: &[Running],
    routines: &BTreeMap<String, StandingOfRoutine>,
    caps: Caps,
) -> Vec<Admission> {
    let mut round = Round {
        running: running.to_vec(),
        today: BTreeMap::new(),
        queued: BTreeMap::new(),
        begun: BTreeMap::new(),
        decided: vec![None; candidates.len()],
    };
    while let Some(index) = round.next(candidates) {
        let candidate = &candidates[index];
        let standing = routines.get(&candidate.routine).copied().unwrap_or_default();
        let admission = round.decide(candidate, standing, caps);
        if matches!(admission, Admission::Start { .. }) {
            round.begun.insert(candidate.id.clone(), index);
        }
        round.decided[index] = Some(admission);
    }
    round
        .decided
        .into_iter()
        .map(|decided| decided.unwrap_or(Admission::Wait(Held::GlobalCap)))
        .collect()
}

struct Round {
    /// Those that ran before and those that start now, without those to be cancelled.
    running: Vec<Running>,
    /// Counted starts of this round, by routine.
    today: BTreeMap<String, u32>,
    /// Waiting occurrences, by key.
    queued: BTreeMap<String, usize>,
    /// Those that start now, by id, with their place among the candidates.
    begun: BTreeMap<String, usize>,
    decided: Vec<Option<Admission>>,
}

impl Round {
    /// The undecided one whose routine has the fewest runs, the earliest of them.
    fn next(&self, candidates: &[Candidate]) -> Option<usize> {
        let open = (0..candidates.len()).filter(|index| self.decided[*index].is_none());
        open.min_by_key(|index| {
            let candidate = &candidates[*index];
            let runs = self.running.iter().filter(|run| run.routine == candidate.routine).count();
            (runs, candidate.due_ms, candidate.n, &candidate.id)
        })
    }

    fn decide(
        &mut self,
        candidate: &Candidate,
        standing: StandingOfRoutine,
        caps: Caps,
    ) -> Admission {
        if let Some(reason) = self.held_back(candidate, standing) {
            return Admission::Skip(reason);
        }
        let same = |run: &&Running| run.key == candidate.key;
        let previous: Vec<String> =
            self.running.iter().filter(same).map(|run| run.id.clone()).collect();
        let mut cancel = Vec::new();
        if !previous.is_empty() {
            match candidate.overlap {
                Overlap::Skip => return Admission::Skip(SkipReason::PreviousRunning),
                Overlap::Queue => return self.queue(candidate, Held::PreviousRunning),
                Overlap::Cancel => cancel = previous,
                Overlap::Allow => {}
            }
        }
        let others = self.running.iter().filter(|run| !cancel.contains(&run.id));
        let on_it = |run: &Running| {
            candidate.pull_request.is_some() && run.pull_request == candidate.pull_request
        };
        if others.clone().any(on_it) {
            return self.queue(candidate, Held::PullRequest);
        }
        if others.clone().filter(|run| !run.waits).count() >= caps.working {
            return Admission::Wait(Held::GlobalCap);
        }
        if others.count() >= caps.live {
            return Admission::Wait(Held::TooManyWait);
        }
        self.start(candidate, &cancel);
        // What would start only to be cancelled does not start; what it cancels goes all the same.
        for id in std::mem::take(&mut cancel) {
            let begun = self.begun.remove(&id).and_then(|index| self.decided.get_mut(index));
            let superseded = Some(Admission::Skip(SkipReason::Superseded));
            match begun.map(|decided| std::mem::replace(decided, superseded)) {
                Some(Some(Admission::Start { cancel: its })) => cancel.extend(its),
                _ => cancel.push(id),
            }
        }
        Admission::Start { cancel }
    }

    fn held_back(&self, candidate: &Candidate, standing: StandingOfRoutine) -> Option<SkipReason> {
        if standing.disabled && !candidate.by_hand {
            return Some(SkipReason::Disabled);
        }
        if standing.paused && !candidate.by_hand {
            return Some(SkipReason::Paused);
        }
        if standing.budget_spent {
            return Some(SkipReason::Budget);
        }
        let started = self.today.get(&candidate.routine).copied().unwrap_or(0);
        let counts = !candidate.one_off && !candidate.by_hand;
        let full = standing.runs_today.saturating_add(started) >= standing.max_per_day;
        (counts && full).then_some(SkipReason::Cap)
    }

    fn queue(&mut self, candidate: &Candidate, held: Held) -> Admission {
        let waiting = self.queued.entry(candidate.key.clone()).or_default();
        if *waiting >= QUEUE_MAX {
            return Admission::Skip(SkipReason::PreviousRunning);
        }
        *waiting += 1;
        Admission::Wait(held)
    }

    fn start(&mut self, candidate: &Candidate, cancel: &[String]) {
        self.running.retain(|run| !cancel.contains(&run.id));
        self.running.push(Running {
            id: candidate.id.clone(),
            routine: candidate.routine.clone(),
            key: candidate.key.clone(),
            pull_request: candidate.pull_request.clone(),
            waits: false,
        });
        if !candidate.one_off && !candidate.by_hand {
            *self.today.entry(candidate.routine.clone()).or_default() += 1;
        }
    }
}
