//! The reader with real child processes and real repositories, friendly and hostile ones.

mod bombs;
mod doubts;
mod facts;
mod formats;
mod hostile;
mod property;
mod quiet;
mod repo;
