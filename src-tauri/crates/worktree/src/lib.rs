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

mod error;
mod git_program;
mod limits;
mod looking;
mod making;
mod removing;

pub use error::{Error, Kind, Result};
pub use git_program::belonging::{Ground, Leads, environment_in, without_links};
pub use git_program::complaint::complaint;
pub use git_program::configuration::misreads;
pub use git_program::configuration::{Drivers, Whose};
pub use git_program::digest::sha256;
pub use git_program::git::{Call, Environment, Git, failed, pieces, text};
pub use git_program::programs::needs_trust;
pub use git_program::status::{ARGS as STATUS_ARGS, Change, changes};
pub use git_program::written_refs::{named_by_head, refuse_symbolic, refuse_symbolic_in};
pub use limits::{RESCUES, UNDO_DAYS};
pub use looking::absence::Grounds;
pub use looking::checkout::Checkout;
pub use looking::glance::{Glance, Wanted, glances};
pub use looking::inspect::{Blocker, Head, Inspection, Policy, inspect, operation};
pub use looking::list::{Listed, list};
pub use looking::looker::{Looker, reader};
pub use looking::main_checkout::MainCheckout;
pub use looking::remotes::remote_addresses;
pub use looking::repository::{Repository, Whereabouts, whereabouts};
pub use looking::size::{Size, size};
pub use making::create::{Created, Order, alongside, create, reopen};
pub use making::disclosure::disclosure;
pub use making::hold::{hold, release, repair};
pub use making::include::wanted as included;
pub use making::plan::{Base, Choice, Own, Plan, Stay, check_base, plan};
pub use making::ports::{PORT_END_VARIABLE, PORT_VARIABLE, Ports};
pub use making::scripts::{
    Script, Scripts, adopt_scripts, drop_scripts, end_set_up, has_setup, script_environment, set_up,
};
pub use making::settings::{Defaults, Settings};
pub use nightshift_git_reader::Reader;
pub use removing::clean::{Cleaned, clean, purge};
pub use removing::expiry::{expire_rescues, rescue_ref};
pub use removing::gone::{Doubt, Gone, Lost};
pub use removing::ledger::{Ledger, Phase, Record, Removed, name_session};
pub use removing::named::named;
pub use removing::remove::{Removal, remove};
pub use removing::rescue::copy_index;
pub use removing::undo::undo;
