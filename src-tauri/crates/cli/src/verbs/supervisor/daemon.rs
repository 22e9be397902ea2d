//! `nightshift daemon`: the supervisor's own verbs.

use crate::context::Context;
use crate::failure::Failure;
use crate::verbs::supervisor::{
    daemon_install, daemon_logs, daemon_status, daemon_stop, daemon_uninstall,
};
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the supervisor in the foreground.
    Run,
    /// Show whether it runs; exit code 1 when it does not.
    Status,
    /// End it.
    Stop(daemon_stop::Args),
    /// Print its log.
    Logs(daemon_logs::Args),
    /// Let it begin with your login, as a service of your user.
    Install,
    /// Remove the service; sessions keep running.
    Uninstall,
}

impl Args {
    pub fn is_run(&self) -> bool {
        matches!(self.verb, Verb::Run)
    }
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    match args.verb {
        // Has a runtime of its own and is called without this one.
        Verb::Run => crate::verbs::supervisor::daemon_run::run(),
        Verb::Status => daemon_status::run(here).await,
        Verb::Stop(args) => daemon_stop::run(here, args).await,
        Verb::Logs(args) => daemon_logs::run(here, args).await,
        Verb::Install => daemon_install::run(here).await,
        Verb::Uninstall => daemon_uninstall::run(here).await,
    }
}
