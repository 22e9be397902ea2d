//! The steps of a run: what may be drawn, how often, and what each asks of a session.
//!
//! Promise: every text that is given to a session holds a token of its own.
//! Must not know: how commands are run, what must hold afterwards.

use crate::call::{Call, Deed};
use crate::ledger::{Kind, Ledger};
use nightshift_testkit::Dice;
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Job,
    Agent,
    Reply,
    Answer,
    Interrupt,
    Stop,
    Remove,
    Rename,
    /// Several clients at once, as a rule with the supervisor killed in their midst.
    Burst,
    KillSupervisor,
    KillHost,
    KillAgent,
    /// The supervisor first, then a host that nobody supervises.
    KillBoth,
    /// `daemon stop --any --keep-workers`.
    KeepWorkers,
}

/// How often each step is drawn.
const STEPS: &[(u64, Step)] = &[
    (12, Step::Job),
    (14, Step::Agent),
    (20, Step::Reply),
    (12, Step::Answer),
    (4, Step::Interrupt),
    (5, Step::Stop),
    (6, Step::Remove),
    (3, Step::Rename),
    (22, Step::Burst),
    (12, Step::KillSupervisor),
    (5, Step::KillHost),
    (5, Step::KillAgent),
    (3, Step::KillBoth),
    (3, Step::KeepWorkers),
];
/// The same for what one of several clients does.
const CALLS: &[(u64, Step)] = &[
    (3, Step::Job),
    (3, Step::Agent),
    (8, Step::Reply),
    (4, Step::Answer),
    (1, Step::Interrupt),
    (2, Step::Stop),
    (2, Step::Remove),
    (1, Step::Rename),
];
/// Beyond it a session is removed instead of another one started: checks read every session.
const SESSIONS_MAX: usize = 30;
/// Numbers that a job prints, and its pauses: long enough to be killed in the middle.
const NUMBERS: (u64, u64) = (20, 80);
const JOB_PAUSE_MS: (u64, u64) = (5, 40);

pub fn draw(dice: &mut Dice, ledger: &Ledger) -> Step {
    bounded(dice.weighted(STEPS).unwrap_or(Step::Job), ledger)
}

pub fn draw_call(dice: &mut Dice, ledger: &Ledger) -> Step {
    bounded(dice.weighted(CALLS).unwrap_or(Step::Job), ledger)
}

fn bounded(step: Step, ledger: &Ledger) -> Step {
    match step {
        Step::Job | Step::Agent if ledger.present(|_| true).len() >= SESSIONS_MAX => Step::Remove,
        step => step,
    }
}

/// The command of a step; none when no session fits it. `list` is what the board shows.
pub fn call(step: Step, dice: &mut Dice, ledger: &mut Ledger, list: &[Value]) -> Option<Call> {
    match step {
        Step::Job => return Some(job(dice, ledger)),
        Step::Agent => return Some(agent(dice, ledger)),
        Step::Answer => return answer(dice, ledger, list),
        _ => {}
    }
    let agents_only = matches!(step, Step::Reply | Step::Interrupt);
    let fitting = ledger.present(|s| !agents_only || s.kind == Kind::Agent);
    let at = *dice.pick(&fitting)?;
    let id = ledger.id(at);
    Some(match step {
        Step::Reply => {
            let (token, line) = ledger.add_token(at, "say ");
            let text = script(dice, &line, token);
            Call::new(at, Deed::Reply { token }, &["reply", &id, &text])
        }
        Step::Interrupt => Call::new(at, Deed::Interrupt, &["interrupt", &id]),
        Step::Stop => Call::new(at, Deed::Stop, &["stop", &id]),
        Step::Remove => Call::new(at, Deed::Remove, &["rm", &id]),
        Step::Rename => {
            let name = format!("renamed-{at}-{}", dice.below(1000));
            Call::new(at, Deed::Rename, &["rename", &id, &name])
        }
        _ => return None,
    })
}

fn job(dice: &mut Dice, ledger: &mut Ledger) -> Call {
    let between = |dice: &mut Dice, (from, to): (u64, u64)| from + dice.below(to - from);
    let last = between(dice, NUMBERS);
    let pause = between(dice, JOB_PAUSE_MS);
    // It holds the terminal open and is in a session of its own: it must end with the job.
    let left_behind = if dice.one_in(3) { "setsid sleep 600 & " } else { "" };
    let command = format!(
        "{left_behind}i=0; while [ $i -lt {last} ]; do i=$((i+1)); echo \"n $i\"; \
         sleep 0.{pause:03}; done"
    );
    let at = ledger.add_session(Kind::Job { last: u32::try_from(last).unwrap_or(u32::MAX) });
    let name = ledger.sessions[at].name.clone();
    let args = ["--bg", "--json", "--name", &name, "--exec", &command];
    Call::new(at, Deed::Dispatch { token: None }, &args)
}

fn agent(dice: &mut Dice, ledger: &mut Ledger) -> Call {
    let at = ledger.add_session(Kind::Agent);
    let (token, line) = ledger.add_token(at, "say ");
    let text = script(dice, &line, token);
    let name = ledger.sessions[at].name.clone();
    let args = ["--bg", "--json", "--name", &name, "--agent", "rehearsal", &text];
    Call::new(at, Deed::Dispatch { token: Some(token) }, &args)
}

/// A turn: says its token first, then this and that.
fn script(dice: &mut Dice, line: &str, n: u32) -> String {
    let mut steps = vec![line.to_owned()];
    for _ in 0..dice.below(3) {
        steps.push(match dice.below(5) {
            0 => format!("ask Go on {n}? | yes | no"),
            1 => format!("ask Say something {n}"),
            2 => format!("run echo ran {n}"),
            _ => format!("wait 0.{}", 1 + dice.below(4)),
        });
    }
    if dice.one_in(2) {
        steps.push(format!("done finished {n}"));
    }
    steps.join("\n")
}

fn answer(dice: &mut Dice, ledger: &mut Ledger, list: &[Value]) -> Option<Call> {
    let waiting: Vec<&Value> = list.iter().filter(|e| e["pending"].is_object()).collect();
    let entry = *dice.pick(&waiting)?;
    let id = entry["id"].as_str()?.to_owned();
    let at = ledger.present(|s| s.id.as_deref() == Some(&id)).first().copied()?;
    let (token, words) = if entry["pending"]["kind"] == "permission" {
        (None, dice.pick(&["allow", "deny", "1"]).map_or("allow", |word| word).to_owned())
    } else if entry["pending"]["options"].as_array().is_some_and(|o| !o.is_empty())
        && dice.one_in(2)
    {
        (None, (1 + dice.below(2)).to_string())
    } else {
        let (token, line) = ledger.add_token(at, "");
        (Some(token), line)
    };
    let request = entry["pending"]["id"].as_str()?;
    let args = ["answer", &id, "--request", request, &words];
    Some(Call::new(at, Deed::Answer { token }, &args))
}
