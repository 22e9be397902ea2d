//! Verbs for what a session does by itself.

pub mod cron;
pub mod goal;
pub mod looping;
pub mod routine_outside;
pub mod routines;
pub mod schedules;
pub mod standing;
pub mod tasks;
