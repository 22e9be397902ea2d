//! Review of real repositories: what is seen, what is done, and that nothing is lost by it.

mod embedded;
mod file_modes;
mod hidden;
mod hostile;
mod left_out;
mod looking;
mod merging;
mod overwriting;
mod own_programs;
mod publishing;
mod remotes;
mod replaced;
mod repo;
mod restoring;
mod saving;
mod signing;
mod symbolic;
