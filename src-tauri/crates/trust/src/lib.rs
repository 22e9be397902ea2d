//! What a repository would run, or whose rights it would widen, by being worked in; and which of that
//! the user has seen and trusts.
//!
//! `collect` lists it as items, each with its bytes: files that agents take as their settings, programs
//! that such files name, hooks and programs of the repository's git. `Found` compares them by hash,
//! `words` shows them, `Ledger` remembers.
//! Promise: nothing of the repository is run or fetched to find out; what cannot be read is never
//! taken for trusted; what is not in the repository is not shown, and counts by its hash; the hash depends on these items alone, in no order.
//! Must not know: sessions, agents' processes, the database.

mod aliases;
mod callers;
mod catalogue;
mod collect;
mod committed;
mod git_parts;
mod identity;
mod item;
mod known;
mod ledger;
mod limits;
mod looks;
mod named;
mod nested;
mod other_repositories;
mod outside;
mod secrets;
mod to_come;
mod tree;
mod users_own;
pub mod words;

pub use catalogue::instructions;
pub use collect::{Place, collect};
pub use identity::identity;
pub use item::{Found, Group, Item, Part};
pub use ledger::{Entry, Ledger};
