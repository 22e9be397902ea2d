//! Moving in: the decision where a session works, and making it so.

use crate::workspace::trust::{Decision, in_directory, in_worktree, of_record, scripts};
use crate::workspace::{LocalWorktrees, fault, git, text};
use nightshift_model::forge::host_of_remote;
use nightshift_model::{Lodging, Trust, Wish, Worktree};
use nightshift_platform::Identity;
use nightshift_protocol::{Environment, Fault, FaultCode};
use nightshift_supervisor::ports::worktrees::{Asks, Order, Wanted};
use nightshift_trust::Found;
use nightshift_worktree as worktree;
use nightshift_worktree::{Choice, Defaults, Git, MainCheckout, Own, Plan, Record};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;

pub(crate) fn defaults(wanted: &Wanted) -> Defaults {
    let set = wanted.settings.clone();
    Defaults {
        file: wanted.file.clone(),
        directory: set.dir,
        branch_prefix: set.branch_prefix,
        base: set.base,
        must_begin_at: wanted.base.clone(),
        isolation: set.isolation,
        setup: set.setup,
        teardown: set.teardown,
        ports: set.ports,
        alone: false,
    }
}

/// A session that has a place to work.
#[derive(Debug)]
pub struct Prepared {
    pub lodging: Lodging,
    /// How its agent is to be started.
    pub trust: Trust,
    /// For its processes.
    pub variables: Vec<(String, String)>,
    /// The main checkout before the session began.
    pub main_checkout: Option<MainCheckout>,
    pub(crate) record: Option<Record>,
}

/// Why a session has no place to work.
#[derive(Debug)]
pub enum NotPrepared {
    Asks(Box<Asks>),
    Fault(Fault),
}

impl From<Fault> for NotPrepared {
    fn from(fault: Fault) -> NotPrepared {
        NotPrepared::Fault(fault)
    }
}

impl From<worktree::Error> for NotPrepared {
    fn from(error: worktree::Error) -> NotPrepared {
        NotPrepared::Fault(fault(&error))
    }
}

impl Decision {
    fn starts(self) -> Result<Trust, NotPrepared> {
        match self {
            Decision::Starts(trust) => Ok(trust),
            Decision::Asks(asks) => Err(NotPrepared::Asks(asks)),
        }
    }
}

impl LocalWorktrees {
    /// Decides where the session works, and makes its worktree or finds the one it has. Before that,
    /// whether what its repository brings along may be run.
    pub fn prepare(&self, order: &Order, env: &Environment) -> Result<Prepared, NotPrepared> {
        let dir = Path::new(&order.cwd);
        let wish = match &order.lodging {
            Lodging::Directory { .. } => {
                let trust = self
                    .decide_again(order, &in_directory(&self.looker(env), dir, env))?
                    .starts()?;
                return Ok(stays(order.lodging.clone(), trust));
            }
            Lodging::Worktree(_) => {
                let record = worktree::reopen(&self.ledger()?, &order.session)?;
                let trust = self.decide_again(order, &of_record(&record, env))?.starts()?;
                // Meanwhile it may have been a long time: compare with what is there now.
                let seen = MainCheckout::look(&self.looker(env), &record.repository.root).ok();
                return Ok(moved(record, seen, trust, order.lodging.remote_hosts().to_vec()));
            }
            Lodging::Undecided { wish } => wish,
        };
        let choice = match wish {
            Wish::Usual => Choice::Usual,
            Wish::Never => Choice::Never,
            Wish::Named { name } => Choice::Named(name.clone()),
        };
        let defaults = defaults(&order.wanted);
        let plan = worktree::plan(&git(env), dir, &choice, &defaults)?;
        let found = match &plan {
            Plan::Own(own) => match self.made_before(order)? {
                // What was asked about it is asked again, whatever else it changed.
                Some(record) => as_it_stands(&record, own, env),
                None => in_worktree(own, env),
            },
            Plan::Stay(_) => in_directory(&self.looker(env), dir, env),
        };
        let decision = self.decide(order, &found)?;
        let trusted = decision.is_trusted();
        let trust = decision.starts()?;
        let plan = match trusted {
            true => plan,
            // Nor do its settings count.
            false => {
                let alone = Defaults { alone: true, ..defaults };
                worktree::plan(&git(env), dir, &choice, &alone)?
            }
        };
        match plan {
            Plan::Own(own) => self.make(order, &own, trust, &found, env),
            Plan::Stay(stay) => {
                let (reason, text) = (stay.word().to_owned(), stay.to_string());
                let remote_hosts = remote_hosts(&git(env), dir);
                Ok(stays(Lodging::Directory { reason, text, remote_hosts }, trust))
            }
        }
    }

    fn make(
        &self,
        order: &Order,
        own: &Own,
        trust: Trust,
        found: &Found,
        env: &Environment,
    ) -> Result<Prepared, NotPrepared> {
        let (git, ledger, looker) = (git(env), self.ledger()?, self.looker(env));
        let root = own.repository.root.clone();
        let holder = Identity::own().ok();
        let wanted = worktree::Order { id: &order.session, hint: &order.name, own, holder };
        let (made, seen) = worktree::alongside(
            || worktree::create(&git, &ledger, &wanted),
            || (MainCheckout::look(&looker, &root).ok(), remote_hosts(&git, &root)),
        );
        let (seen, remote_hosts) = seen;
        let mut record = made?.record;
        let trust = self.as_made(order, own, &record, trust, found, env)?;
        if trust.untrusted.is_some() {
            worktree::drop_scripts(&ledger, &mut record)?;
        }
        Ok(moved(record, seen, trust, remote_hosts))
    }

    /// What stands in the worktree now, before anything of it ran, is what the user was asked about, or is asked
    /// about. Its files may be others than the commit's (filters, encodings), and settings may lead to files that
    /// were not there before.
    fn as_made(
        &self,
        order: &Order,
        own: &Own,
        record: &Record,
        trust: Trust,
        asked: &Found,
        env: &Environment,
    ) -> Result<Trust, NotPrepared> {
        if trust.untrusted.is_some() || record.phase != worktree::Phase::Made {
            return Ok(trust);
        }
        let made = of_record(record, env);
        if made.adds_nothing_to(asked) || self.trusted().trusts_all(&made) {
            return Ok(trust);
        }
        self.decide(order, &as_it_stands(record, own, env))?.starts()
    }

    /// The worktree of a session that asked about it when it had been made.
    fn made_before(&self, order: &Order) -> Result<Option<Record>, NotPrepared> {
        let record = self.ledger()?.record(&order.session)?;
        Ok(record.filter(|record| record.phase == worktree::Phase::Made))
    }

    /// Ends what is left of the setup of a session's worktree; it may have none.
    pub fn end_set_up(&self, session: &str) -> Result<(), Fault> {
        let record = self.ledger()?.record(session).map_err(|e| fault(&e))?;
        record.map_or(Ok(()), |record| worktree::end_set_up(&record).map_err(|e| fault(&e)))
    }

    /// Runs the setup script, if that has still to be done.
    pub fn set_up(
        &self,
        moved: &mut Prepared,
        env: &Environment,
        log: &Path,
        called_off: &AtomicBool,
    ) -> Result<(), Fault> {
        let Some(record) = &mut moved.record else { return Ok(()) };
        if let Some(dir) = log.parent() {
            std::fs::create_dir_all(dir)
                .map_err(|e| Fault::new(FaultCode::Io, format!("{}: {e}", dir.display())))?;
        }
        let ledger = self.ledger()?;
        worktree::set_up(&git(env), &ledger, record, log, called_off).map_err(|e| fault(&e))?;
        moved.lodging = lodging(record, moved.lodging.remote_hosts().to_vec());
        Ok(())
    }
}

impl Prepared {
    /// The setup script has still to run.
    pub fn needs_set_up(&self) -> bool {
        self.lodging.worktree().is_some_and(|tree| tree.setting_up)
    }
}

/// All that stands in a worktree, and the scripts that would be run for it.
fn as_it_stands(record: &Record, own: &Own, env: &Environment) -> Found {
    let mut found = of_record(record, env);
    found.add(scripts(&own.scripts));
    found
}

/// Each host once.
fn remote_hosts(git: &Git, dir: &Path) -> Vec<String> {
    let remotes = worktree::remote_addresses(git, dir);
    let hosts: BTreeSet<String> = remotes.iter().filter_map(|at| host_of_remote(at)).collect();
    hosts.into_iter().collect()
}

fn stays(lodging: Lodging, trust: Trust) -> Prepared {
    Prepared { lodging, trust, variables: Vec::new(), main_checkout: None, record: None }
}

fn moved(
    record: Record,
    main_checkout: Option<MainCheckout>,
    trust: Trust,
    remote_hosts: Vec<String>,
) -> Prepared {
    let variables = worktree::script_environment(&record);
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let lodging = lodging(&record, remote_hosts);
    Prepared { lodging, trust, variables, main_checkout, record: Some(record) }
}

fn lodging(record: &Record, remote_hosts: Vec<String>) -> Lodging {
    Lodging::Worktree(Box::new(Worktree {
        path: text(&record.path),
        directory: text(&record.cwd()),
        branch: record.branch.clone(),
        main_checkout: text(&record.repository.root),
        base: record.base.label.clone(),
        base_commit: record.base.commit.clone(),
        upstream: record.base.upstream.clone(),
        behind: record.base.behind,
        absent: record.absent.clone(),
        absent_count: u32::try_from(record.absent_count).unwrap_or(u32::MAX),
        first_port: record.ports.map(|ports| ports.first),
        last_port: record.ports.map(|ports| ports.last),
        disclosure: worktree::disclosure(record),
        setting_up: worktree::has_setup(record),
        changed_meanwhile: Vec::new(),
        remote_hosts,
    }))
}
