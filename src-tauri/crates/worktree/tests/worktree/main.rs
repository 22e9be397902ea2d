//! Worktrees in real repositories with the real git: making, looking, removing, bringing back.

mod confined;
mod failures;
mod gone;
mod hidden;
mod hostile;
mod listing;
mod lost;
mod making;
mod property;
mod reading;
mod removing;
mod repo;
mod rescuing;
mod scripts;
mod symbolic;
mod unreadable;
