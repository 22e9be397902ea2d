//! Whether what a session's repository brings along may be run: asked before anything of it is.
//!
//! Promise: what was trusted is compared by hash at every start; what changed since starts an agent
//! without it, or is asked, and is always said. Nothing of the repository runs to find out.

use crate::workspace::{LocalWorktrees, fault, git, text};
use nightshift_model::limits::NAME_MAX_CHARS;
use nightshift_model::naming::one_line;
use nightshift_model::need::TRUST_NEED_PREFIX;
use nightshift_model::shell;
use nightshift_model::trust::{TRUST, WITHOUT};
use nightshift_model::{
    Need, NeedId, NeedKind, NeedOption, OptionKind, Trust, TrustDecision, TrustQuestion, TrustThing,
};
use nightshift_platform::clock;
use nightshift_protocol::{Environment, Fault, FaultCode, TrustItem, TrustedRepository};
use nightshift_supervisor::ports::worktrees::{
    Agent, Asks, Order, RepositoryTrust, TakesUp, Wanted,
};
use nightshift_trust::{
    Entry, Found, Group, Item, Ledger, Part, Place, collect, identity, instructions, words,
};
use nightshift_worktree as worktree;
use nightshift_worktree::{Choice, Looker, Own, Plan, Record, Scripts, sha256, whereabouts};
use std::path::{Path, PathBuf};

/// Digits of a hash that tell one question from the next.
const ID_DIGITS: usize = 16;
/// Files named in one sentence.
const NAMED_MAX: usize = 5;
/// Things of one question that are remembered, to say which of them changed: they are part of the row.
const THINGS_MAX: usize = 64;
/// What is shown of one repository: a frame holds it several times.
const WHOLE_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Items that it takes up although it is told not to.
fn takes_up_regardless(agent: &Agent, found: &Found) -> bool {
    let agents = |part: &Part| part.group() == Group::Agents;
    let named = |part: Part, names: &[String]| {
        serde_json::to_value(part).is_ok_and(|name| names.iter().any(|known| name == **known))
    };
    match &agent.takes_up {
        TakesUp::Nothing => false,
        TakesUp::Only(names) => found.parts().any(|part| named(part, names)),
        TakesUp::Everything => {
            !found.unreadable.is_empty() || found.parts().any(|part| agents(&part))
        }
    }
}

/// Whether it starts, and how.
pub(crate) enum Decision {
    Starts(Trust),
    Asks(Box<Asks>),
}

impl Decision {
    pub fn is_trusted(&self) -> bool {
        matches!(self, Decision::Starts(trust) if trust.untrusted.is_none())
    }
}

impl LocalWorktrees {
    pub(crate) fn trusted(&self) -> Ledger {
        Ledger::at(&self.trust)
    }

    /// For a session that starts for the first time.
    pub(crate) fn decide(&self, order: &Order, found: &Found) -> Result<Decision, Fault> {
        let ledger = self.trusted();
        let hash = found.hash();
        let said = order.trust.as_ref().filter(|known| known.is_about(&hash, &found.identity));
        if said.and_then(|known| known.decision) == Some(TrustDecision::Trust) {
            ledger.add(found, clock::now().0).map_err(io)?;
        }
        let repository = text(&found.repository);
        let known = |untrusted| {
            let identity = found.identity.clone();
            Trust { repository, identity, hash, decision: None, untrusted, asked: None }
        };
        if ledger.trusts_all(found) {
            bind(&ledger, found);
            return Ok(Decision::Starts(known(None)));
        }
        if said.and_then(|known| known.decision) == Some(TrustDecision::Without) {
            let why = without(found, &order.agent);
            return Ok(Decision::Starts(known(Some(why))));
        }
        let anew = ledger.knew_another(found);
        Ok(Decision::Asks(Box::new(asks(found, order, known(None), anew))))
    }

    /// For one that starts again, where its agent may have written. Its scripts are those of its
    /// beginning, so only what agents take up counts.
    pub(crate) fn decide_again(&self, order: &Order, found: &Found) -> Result<Decision, Fault> {
        let ledger = self.trusted();
        let hash = found.hash();
        let said = order.trust.as_ref().filter(|known| known.is_about(&hash, &found.identity));
        let said = said.and_then(|known| known.decision);
        if said == Some(TrustDecision::Trust) {
            ledger.add(found, clock::now().0).map_err(io)?;
        }
        let repository = text(&found.repository);
        let known = |untrusted| {
            let identity = found.identity.clone();
            Trust { repository, identity, hash, decision: None, untrusted, asked: None }
        };
        if ledger.trusts(found, Group::Agents) {
            bind(&ledger, found);
            return Ok(Decision::Starts(known(None)));
        }
        if said == Some(TrustDecision::Without) || !takes_up_regardless(&order.agent, found) {
            let before = order.trust.as_ref().and_then(|known| known.untrusted.clone());
            let why = before.unwrap_or_else(|| changed(found, &order.agent));
            return Ok(Decision::Starts(known(Some(why))));
        }
        let anew = ledger.knew_another(found);
        Ok(Decision::Asks(Box::new(asks(found, order, known(None), anew))))
    }

    /// As a session with a worktree and as one without would find it, and what is said of its settings.
    fn found_at(
        &self,
        dir: &Path,
        wanted: &Wanted,
        env: &Environment,
    ) -> Result<(Vec<Found>, Vec<String>), Fault> {
        if !dir.is_dir() {
            let text = format!("{} is not a directory", dir.display());
            return Err(Fault::new(FaultCode::Invalid, text).hint("give a repository's directory"));
        }
        let git = git(env);
        let defaults = super::room::defaults(wanted);
        let plan = worktree::plan(&git, dir, &Choice::Usual, &defaults).map_err(|e| fault(&e))?;
        let mut all = vec![in_directory(&self.looker(env), dir, env)];
        let mut notes = Vec::new();
        if let Plan::Own(own) = plan {
            all.push(in_worktree(&own, env));
            notes = own.settings.notes;
        }
        Ok((all, notes))
    }
}

impl RepositoryTrust for LocalWorktrees {
    /// Whether there are hooks or programs of the repository that git would run in `dir`. Our acts leave
    /// them out, trusted or not: nobody can say what they will be in the moment in which git runs them.
    fn leaves_out(&self, dir: &Path, env: &Environment) -> bool {
        in_directory(&self.looker(env), dir, env).hash_of(Group::Git).is_some()
    }

    /// Whether the user trusts this text of the `loop.md` of `dir`.
    fn trusts_loop_file(&self, dir: &Path, text: Vec<u8>) -> bool {
        let at = whereabouts(&self.looker(&Environment::new()), dir);
        let identity = identity(at.common.as_deref().unwrap_or(&at.repository));
        let mut found = Found { repository: at.repository, identity, ..Found::default() };
        found.add([instructions(&at.subdirectory, text)]);
        self.trusted().trusts(&found, Group::Instructions)
    }

    /// All repositories that are trusted.
    fn trusted_repositories(&self) -> Result<Vec<TrustedRepository>, Fault> {
        let (entries, wrong) = self.trusted().all();
        match wrong.into_iter().next() {
            Some(why) if entries.is_empty() => {
                Err(Fault::new(FaultCode::Io, why).hint("delete that file and trust it again"))
            }
            _ => Ok(entries.iter().map(listed).collect()),
        }
    }

    /// What the repository of `dir` would run now, for a session with a worktree and for one without.
    fn show_trust(
        &self,
        dir: &Path,
        wanted: &Wanted,
        env: &Environment,
    ) -> Result<TrustedRepository, Fault> {
        let (all, notes) = self.found_at(dir, wanted, env)?;
        let ledger = self.trusted();
        let current = all.iter().all(|found| ledger.trusts_all(found));
        let mut both = Found::default();
        for found in &all {
            both.repository.clone_from(&found.repository);
            both.identity.clone_from(&found.identity);
            both.unreadable.extend(found.unreadable.clone());
            both.add(found.items.clone());
        }
        both.unreadable.sort();
        both.unreadable.dedup();
        // What is not run and why, such as a script that is a link.
        let notes: String = notes.iter().map(|note| format!("{}\n", words::name(note))).collect();
        let text_of = format!("{notes}{}", words::whole(&both));
        if text_of.len() > WHOLE_MAX_BYTES {
            let why = format!("it brings along {} bytes, more than anybody reads", text_of.len());
            let why = format!("{why}; it cannot be trusted");
            return Err(Fault::new(FaultCode::Limit, why)
                .hint("start sessions there without it, or make it shorter"));
        }
        let entry = ledger.entry_of(&both).ok().flatten();
        Ok(TrustedRepository {
            repository: text(&both.repository),
            since: entry.map(|entry| nightshift_model::Millis(entry.at)),
            items: both.distinct().into_iter().map(shown).collect(),
            text: text_of,
            hash: both.hash(),
            current,
        })
    }

    /// Trusts it, where it is still what was shown under `hash`.
    fn add_trust(
        &self,
        dir: &Path,
        hash: &str,
        wanted: &Wanted,
        env: &Environment,
    ) -> Result<TrustedRepository, Fault> {
        let seen = self.show_trust(dir, wanted, env)?;
        if seen.hash != hash {
            let text = format!("{} has changed since it was shown", seen.repository);
            return Err(Fault::new(FaultCode::Refused, text)
                .hint("look at it again with `nightshift trust show`"));
        }
        if seen.items.is_empty() && seen.current {
            let text = format!(
                "{} brings along nothing that runs or widens rights: there is nothing to trust",
                seen.repository
            );
            return Err(Fault::new(FaultCode::Refused, text)
                .hint("sessions start there without a question"));
        }
        for found in self.found_at(dir, wanted, env)?.0 {
            self.trusted().add(&found, clock::now().0).map_err(io)?;
        }
        let added = self.show_trust(dir, wanted, env)?;
        match added.hash == hash {
            true => Ok(added),
            false => {
                self.trusted().revoke(Path::new(&added.repository)).map_err(io)?;
                let text = format!("{} changes while it is looked at", added.repository);
                Err(Fault::new(FaultCode::Refused, text).hint("try again when it rests"))
            }
        }
    }

    fn revoke_trust(&self, dir: &Path, env: &Environment) -> Result<TrustedRepository, Fault> {
        let at = whereabouts(&self.looker(env), dir);
        let ledger = self.trusted();
        for repository in [dir, &at.repository] {
            if let Some(entry) = ledger.revoke(repository).map_err(io)? {
                return Ok(listed(&entry));
            }
        }
        let text = format!("{} is not trusted", at.repository.display());
        Err(Fault::new(FaultCode::NotFound, text).hint("list those with `nightshift trust list`"))
    }
}

/// Where it cannot be written down, the entry counts as it did.
fn bind(ledger: &Ledger, found: &Found) {
    if let Err(error) = ledger.bind(found) {
        tracing::warn!("the entry of {} stays as it is: {error}", found.repository.display());
    }
}

fn io(error: std::io::Error) -> Fault {
    Fault::new(FaultCode::Io, error.to_string()).hint("mend what it says, then trust it again")
}

/// What a new worktree would bring along.
pub(crate) fn in_worktree(own: &Own, env: &Environment) -> Found {
    let root = &own.repository.root;
    let (home, worktrees) = (home(env), own.directory());
    let place = Place {
        repository: root,
        root,
        subdirectory: &own.subdirectory,
        home: home.as_deref(),
        commit: Some(&own.base.commit),
        common: Some(&own.repository.common),
        worktrees: Some(&worktrees),
    };
    collect(&git(env), &place, scripts(&own.scripts))
}

/// What stands in `dir` now.
pub(crate) fn in_directory(looker: &Looker, dir: &Path, env: &Environment) -> Found {
    let at = whereabouts(looker, dir);
    let home = home(env);
    let place = Place {
        repository: &at.repository,
        root: &at.root,
        subdirectory: &at.subdirectory,
        home: home.as_deref(),
        commit: None,
        common: at.common.as_deref(),
        worktrees: None,
    };
    collect(&git(env), &place, Vec::new())
}

/// What stands in a worktree now, where its record says that it is.
pub(crate) fn of_record(record: &Record, env: &Environment) -> Found {
    let home = home(env);
    let place = Place {
        repository: &record.repository.root,
        root: &record.path,
        subdirectory: &record.subdirectory,
        home: home.as_deref(),
        commit: None,
        common: Some(&record.repository.common),
        worktrees: None,
    };
    collect(&git(env), &place, Vec::new())
}

fn home(env: &Environment) -> Option<PathBuf> {
    env.get("HOME").map(PathBuf::from).or_else(|| std::env::var_os("HOME").map(PathBuf::from))
}

/// Those of the user's own settings are the user's.
pub(crate) fn scripts(scripts: &Scripts) -> Vec<Item> {
    let mut items = Vec::new();
    let both = [
        (&scripts.setup, "setup", "run before a session starts"),
        (&scripts.teardown, "teardown", "run before a worktree goes"),
    ];
    for (script, name, does) in both {
        let Some(script) = script.as_ref().filter(|script| !script.of_user) else { continue };
        let path = match script.command {
            true => format!("{}: worktree.{name}", script.source),
            false => script.source.clone(),
        };
        // Damaged it is not run either.
        items.extend(script.bytes().map(|bytes| Item::new(Part::Scripts, path, does, bytes)));
    }
    items
}

fn listed(entry: &Entry) -> TrustedRepository {
    let item = |(path, does): &(String, String)| TrustItem {
        path: words::name(path),
        does: words::name(does),
    };
    TrustedRepository {
        repository: text(&entry.repository),
        since: Some(nightshift_model::Millis(entry.at)),
        items: entry.items.iter().map(item).collect(),
        text: String::new(),
        hash: String::new(),
        current: false,
    }
}

fn shown(item: &Item) -> TrustItem {
    TrustItem { path: words::name(&item.path), does: words::name(&item.does) }
}

/// Everything in it, each by its name.
fn named(found: &Found) -> String {
    let paths: Vec<String> = found.distinct().iter().map(|item| words::name(&item.path)).collect();
    listing(&paths)
}

/// Says that not all of it can be read by anybody.
fn unreadable(found: &Found) -> String {
    match words::programs(found) {
        0 => String::new(),
        1 => " (one is a compiled program: nothing of it can be shown)".to_owned(),
        n => format!(" ({n} are compiled programs: nothing of them can be shown)"),
    }
}

/// `a, b and 3 more`
fn listing(paths: &[String]) -> String {
    let first = paths.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(NAMED_MAX) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn kept_from(found: &Found, agent: &Agent) -> String {
    match takes_up_regardless(agent, found) {
        false => format!("{} takes up nothing of it", agent.title),
        true => format!("{} takes up its settings all the same", agent.title),
    }
}

fn without(found: &Found, agent: &Agent) -> String {
    let repository = words::name(&text(&found.repository));
    format!("started without trust in {repository}: no scripts run, {}", kept_from(found, agent))
}

fn changed(found: &Found, agent: &Agent) -> String {
    let repository = words::name(&shell::word(&text(&found.repository)));
    let files = named(found);
    format!(
        "not as you trusted it: {files}; {}. Trust it with `nightshift trust add {repository}`",
        kept_from(found, agent)
    )
}

/// The thing's path and content, told from any other.
fn mark(item: &Item) -> String {
    let hash = sha256(format!("{}\0{}", item.path, item.sha256).as_bytes());
    hash.get(..ID_DIGITS).unwrap_or(&hash).to_owned()
}

/// What is asked, and what of it is not as when it was asked before.
fn question(found: &Found, hash: &str, before: Option<&Trust>) -> TrustQuestion {
    let items = found.distinct();
    let things: Vec<TrustThing> = match items.len() {
        0..=THINGS_MAX => items
            .iter()
            .map(|item| TrustThing { path: short(&item.path), mark: mark(item) })
            .collect(),
        _ => Vec::new(),
    };
    let before = before.and_then(|before| Some((&before.hash, before.asked.as_ref()?)));
    let changed = match before {
        Some((known, asked)) if known == hash => asked.changed.clone(),
        Some((_, asked)) => Some(differences(&things, &asked.things)),
        None => None,
    };
    TrustQuestion { things, changed }
}

fn short(path: &str) -> String {
    one_line(path, NAME_MAX_CHARS)
}

/// `a, b (gone) and 3 more`
fn differences(now: &[TrustThing], then: &[TrustThing]) -> String {
    if now.is_empty() || then.is_empty() {
        return "what it brings along".to_owned();
    }
    let unlike = |known: &[TrustThing], thing: &TrustThing| {
        known.iter().all(|other| other.mark != thing.mark)
    };
    let there = now.iter().filter(|thing| unlike(then, thing)).map(|thing| thing.path.clone());
    let gone = then.iter().filter(|thing| now.iter().all(|other| other.path != thing.path));
    let mut paths: Vec<String> =
        there.chain(gone.map(|thing| format!("{} (gone)", thing.path))).collect();
    paths.dedup();
    match paths.is_empty() {
        true => "what it brings along".to_owned(),
        false => listing(&paths),
    }
}

/// `anew`: the user trusted another repository that was at this path.
fn asks(found: &Found, order: &Order, trust: Trust, anew: bool) -> Asks {
    let agent = &order.agent;
    let asked = question(found, &trust.hash, order.trust.as_ref());
    let trust = Trust { asked: Some(asked), ..trust };
    let repository = words::name(&trust.repository);
    let (listed, unshown_bytes) = words::detail(found);
    let option = |id: &str, label: String, kind| NeedOption { id: id.to_owned(), label, kind };
    // Each option has the same number whatever is shown; what is not shown whole nothing quick allows.
    let too_long = words::whole(found).len() > WHOLE_MAX_BYTES;
    let label = match too_long {
        false => "Trust it as it is and start",
        true => "Trust it: not possible, it is too long to be read",
    };
    let mut options = vec![option(TRUST, label.to_owned(), OptionKind::AllowAlways)];
    let mut detail = listed;
    if too_long {
        detail = format!("It is too long to be trusted; not all of it is shown here.\n\n{detail}");
    } else if unshown_bytes > 0 {
        let repository = words::name(&shell::word(&trust.repository));
        detail = format!(
            "Not all of it is shown here. `nightshift trust show {repository}` shows it, \
             `nightshift trust add {repository}` trusts it.\n\n{detail}"
        );
    }
    let label = match takes_up_regardless(agent, found) {
        false => "Start without it, once".to_owned(),
        true => format!(
            "Start once without its scripts; {} takes up its settings all the same",
            agent.title
        ),
    };
    options.push(option(WITHOUT, label, OptionKind::RejectOnce));
    let again =
        trust.changed().map(|changed| format!("It changed since you were asked: {changed}. "));
    let another = "It is another repository than the one that you trusted at this path. ";
    let question = format!(
        "Trust {repository}? {}{}It brings along programs or rights: {}{}",
        if anew { another } else { "" },
        again.unwrap_or_default(),
        named(found),
        unreadable(found)
    );
    let id = trust.hash.get(..ID_DIGITS).unwrap_or(&trust.hash);
    let need = Need {
        id: NeedId(format!("{TRUST_NEED_PREFIX}{id}")),
        kind: NeedKind::Permission,
        question,
        detail,
        options,
        free_text: false,
        since: clock::now(),
        unshown_bytes,
        answered: None,
    };
    Asks { trust, need }
}
