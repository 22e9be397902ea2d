//! Moving in: the decision where a session works, and making it so.

use crate::{Desk, fault, git, text};
use nightshift_model::forge::host_of_remote;
use nightshift_model::{Lodging, Wish, Worktree};
use nightshift_platform::Identity;
use nightshift_protocol::{Environment, Fault, FaultCode};
use nightshift_settings as settings;
use nightshift_worktree as worktree;
use nightshift_worktree::{Choice, Defaults, Git, MainCheckout, Plan, Record};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Whose lodging it is.
#[derive(Clone, Debug)]
pub struct Order {
    pub session: String,
    /// The session's name: its words become the worktree's.
    pub name: String,
    /// Where it was started.
    pub cwd: String,
    pub lodging: Lodging,
    pub wanted: Box<Wanted>,
}

/// What the user set for the worktrees of every repository, and in which file.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub file: PathBuf,
    pub settings: settings::Worktree,
}

impl From<&Wanted> for Defaults {
    fn from(wanted: &Wanted) -> Defaults {
        let set = wanted.settings.clone();
        Defaults {
            file: wanted.file.clone(),
            directory: set.dir,
            branch_prefix: set.branch_prefix,
            base: set.base,
            isolation: set.isolation,
            setup: set.setup,
            teardown: set.teardown,
            ports: set.ports,
            alone: false,
        }
    }
}

/// A session that has a place to work.
#[derive(Debug)]
pub struct MovedIn {
    pub lodging: Lodging,
    /// For its processes.
    pub variables: Vec<(String, String)>,
    /// The main checkout before the session began.
    pub main_checkout: Option<MainCheckout>,
    pub(crate) record: Option<Record>,
}

impl Desk {
    /// Decides where the session works, and makes its worktree or finds the one it has.
    pub fn move_in(&self, order: &Order, env: &Environment) -> Result<MovedIn, Fault> {
        let git = git(env);
        let record = match &order.lodging {
            Lodging::Directory { .. } => return Ok(stays(order.lodging.clone())),
            Lodging::Worktree(_) => {
                let record = worktree::reopen(&self.ledger()?, &order.session);
                let record = record.map_err(|e| fault(&e))?;
                // Meanwhile it may have been a long time: compare with what is there now.
                let seen = MainCheckout::look(&git, &record.repository.root).ok();
                return Ok(moved(record, seen, order.lodging.remote_hosts().to_vec()));
            }
            Lodging::Undecided { wish } => {
                let choice = match wish {
                    Wish::Usual => Choice::Usual,
                    Wish::Never => Choice::Never,
                    Wish::Named { name } => Choice::Named(name.clone()),
                };
                let dir = Path::new(&order.cwd);
                let defaults = Defaults::from(order.wanted.as_ref());
                worktree::plan(&git, dir, &choice, &defaults).map_err(|e| fault(&e))?
            }
        };
        let own = match record {
            Plan::Own(own) => own,
            Plan::Stay(stay) => {
                let (reason, text) = (stay.word().to_owned(), stay.to_string());
                let remote_hosts = remote_hosts(&git, Path::new(&order.cwd));
                return Ok(stays(Lodging::Directory { reason, text, remote_hosts }));
            }
        };
        let ledger = self.ledger()?;
        let root = own.repository.root.clone();
        let holder = Identity::own().ok();
        let wanted = worktree::Order { id: &order.session, hint: &order.name, own: &own, holder };
        let (made, seen) = worktree::alongside(
            || worktree::create(&git, &ledger, &wanted),
            || (MainCheckout::look(&git, &root).ok(), remote_hosts(&git, &root)),
        );
        let (seen, remote_hosts) = seen;
        Ok(moved(made.map_err(|e| fault(&e))?.record, seen, remote_hosts))
    }

    /// Runs the setup script, if that has still to be done.
    pub fn set_up(&self, moved: &mut MovedIn, env: &Environment, log: &Path) -> Result<(), Fault> {
        let Some(record) = &mut moved.record else { return Ok(()) };
        if let Some(dir) = log.parent() {
            std::fs::create_dir_all(dir)
                .map_err(|e| Fault::new(FaultCode::Io, format!("{}: {e}", dir.display())))?;
        }
        worktree::set_up(&git(env), &self.ledger()?, record, log).map_err(|e| fault(&e))?;
        moved.lodging = lodging(record, moved.lodging.remote_hosts().to_vec());
        Ok(())
    }
}

impl MovedIn {
    /// The setup script has still to run.
    pub fn needs_set_up(&self) -> bool {
        self.lodging.worktree().is_some_and(|tree| tree.setting_up)
    }
}

/// Each host once.
fn remote_hosts(git: &Git, dir: &Path) -> Vec<String> {
    let remotes = worktree::remote_addresses(git, dir);
    let hosts: BTreeSet<String> = remotes.iter().filter_map(|at| host_of_remote(at)).collect();
    hosts.into_iter().collect()
}

fn stays(lodging: Lodging) -> MovedIn {
    MovedIn { lodging, variables: Vec::new(), main_checkout: None, record: None }
}

fn moved(
    record: Record,
    main_checkout: Option<MainCheckout>,
    remote_hosts: Vec<String>,
) -> MovedIn {
    let variables = worktree::script_environment(&record);
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let lodging = lodging(&record, remote_hosts);
    MovedIn { lodging, variables, main_checkout, record: Some(record) }
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
