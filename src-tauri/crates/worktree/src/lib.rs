//! Git worktrees for sessions, made so that no work in them can be lost.
//!
//! One worktree's life: `plan` says whether there will be one and why not, `create` makes it and
//! `set_up` readies it, `hold` and `release` follow the session's process, `inspect` says what is in
//! it, `remove` takes it away and `undo` brings it back for 30 days; `clean` ends what is over.
//!
//! Promise: every removal goes one way (inspect, rescue, move aside, verify, record); nothing is
//! deleted before its undo has expired; symbolic links are never followed; what cannot be read is
//! never taken for clean. All calls block: run them beside a loop, never on it.
//! Must not know: sessions, agents, the supervisor, any protocol.

mod absence;
mod belonging;
mod checkout;
mod clean;
mod complaint;
mod configuration;
mod confined;
mod create;
mod digest;
mod disclosure;
mod embedded;
mod error;
mod exclude;
mod expiry;
mod followed;
mod frozen;
mod git;
mod glance;
mod gone;
mod hidden;
mod hold;
mod include;
mod inspect;
mod interpreter;
mod known;
mod ledger;
mod limits;
mod list;
mod looker;
mod main_checkout;
mod name;
mod named;
mod own_files;
mod pipes;
mod place;
mod plan;
mod ports;
mod programs;
mod remotes;
mod remove;
mod repository;
mod rescue;
mod scripts;
mod settings;
mod shadow;
mod shell;
mod size;
mod status;
mod submodules;
mod temporary;
mod undo;
mod written_refs;

pub use absence::Grounds;
pub use belonging::{Ground, Leads, environment_in, without_links};
pub use checkout::Checkout;
pub use clean::{Cleaned, clean, purge};
pub use complaint::complaint;
pub use configuration::Drivers;
pub use create::{Created, Order, alongside, create, reopen};
pub use digest::sha256;
pub use disclosure::disclosure;
pub use error::{Error, Kind, Result};
pub use expiry::{expire_rescues, rescue_ref};
pub use git::{Call, Environment, Git, failed, pieces, text};
pub use glance::{Glance, Wanted, glances};
pub use gone::{Doubt, Gone, Lost};
pub use hold::{hold, release, repair};
pub use include::wanted as included;
pub use inspect::{Blocker, Head, Inspection, Policy, inspect, operation};
pub use ledger::{Ledger, Phase, Record, Removed, name_session};
pub use limits::{RESCUES, UNDO_DAYS};
pub use list::{Listed, list};
pub use looker::{Looker, reader};
pub use main_checkout::MainCheckout;
pub use named::named;
pub use nightshift_git_reader::Reader;
pub use plan::{Base, Choice, Own, Plan, Stay, plan};
pub use ports::{PORT_END_VARIABLE, PORT_VARIABLE, Ports};
pub use programs::needs_trust;
pub use remotes::remote_addresses;
pub use remove::{Removal, remove};
pub use repository::{Repository, Whereabouts, whereabouts};
pub use rescue::copy_index;
pub use scripts::{
    Script, Scripts, adopt_scripts, drop_scripts, has_setup, script_environment, set_up,
};
pub use settings::{Defaults, Settings};
pub use size::{Size, size};
pub use status::{ARGS as STATUS_ARGS, Change, changes};
pub use undo::undo;
pub use written_refs::{named_by_head, refuse_symbolic, refuse_symbolic_in};
