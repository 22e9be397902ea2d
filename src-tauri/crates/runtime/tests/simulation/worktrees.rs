//! A machine without a repository: sessions work in plain directories.

use nightshift_protocol::{
    Environment, Fault, FaultCode, Reply, TrustedRepository, WhichWorktree, WorktreeFate,
    WorktreeList, WorktreeMeasure, WorktreeState, WorktreesCleaned,
};
use nightshift_supervisor::ports::worktrees::{
    Dweller, Leave, MainCheckout, RepositoryTrust, Wanted, Worktrees,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub struct NoRepositories;

fn none<T>() -> Result<T, Fault> {
    Err(Fault::new(FaultCode::NotFound, "there is no repository here"))
}

impl RepositoryTrust for NoRepositories {
    fn leaves_out(&self, _: &Path, _: &Environment) -> bool {
        false
    }

    fn trusts_loop_file(&self, _: &Path, _: Vec<u8>) -> bool {
        false
    }

    fn trusted_repositories(&self) -> Result<Vec<TrustedRepository>, Fault> {
        Ok(Vec::new())
    }

    fn show_trust(
        &self,
        _: &Path,
        _: &Wanted,
        _: &Environment,
    ) -> Result<TrustedRepository, Fault> {
        none()
    }

    fn add_trust(
        &self,
        _: &Path,
        _: &str,
        _: &Wanted,
        _: &Environment,
    ) -> Result<TrustedRepository, Fault> {
        none()
    }

    fn revoke_trust(&self, _: &Path, _: &Environment) -> Result<TrustedRepository, Fault> {
        none()
    }
}

impl Worktrees for NoRepositories {
    fn look(&self, _: &Path) -> Option<MainCheckout> {
        None
    }

    fn check_base(&self, _: &Path, _: &str, _: &Environment) -> Result<(), Fault> {
        Ok(())
    }

    fn leave(
        &self,
        _: &str,
        _: Option<&str>,
        _: Leave,
        _: &[Dweller],
        _: &Environment,
    ) -> Option<WorktreeFate> {
        None
    }

    fn named(&self, _: &str) -> Result<String, Fault> {
        none()
    }

    fn inspect(&self, _: &str, _: &[Dweller]) -> Result<WorktreeState, Fault> {
        none()
    }

    fn list(
        &self,
        _: &BTreeSet<String>,
        _: &BTreeSet<PathBuf>,
        _: bool,
    ) -> Result<WorktreeList, Fault> {
        none()
    }

    fn measure(&self, _: &WhichWorktree, _: &BTreeSet<PathBuf>) -> Result<WorktreeMeasure, Fault> {
        none()
    }

    fn clean(&self, _: &[Dweller]) -> Result<WorktreesCleaned, Fault> {
        none()
    }

    fn undo(&self, _: &str) -> Result<Reply, Fault> {
        none()
    }
}
