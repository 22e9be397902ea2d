//! `nightshift permissions`: what was allowed or rejected for good, and taking that back.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::permission::line;
use nightshift_platform::clock;
use nightshift_protocol::{PermissionAct, PermissionRule, calls};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Take a rule away: the next such request is put to you again.
    Revoke {
        /// As `nightshift permissions` prints it, or the beginning of it.
        id: String,
    },
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let (act, lead) = match args.what {
        None => (PermissionAct::List, ""),
        Some(What::Revoke { id }) => (PermissionAct::Revoke { id }, "revoked · "),
    };
    let rules = here.client().await?.ask(calls::Permissions { act }).await?;
    if here.json {
        print_json(&rules)?;
    } else if rules.is_empty() {
        print("nothing was allowed or rejected for good\n")?;
    } else {
        let now = clock::now();
        let text = |rule: &PermissionRule| format!("{lead}{}", line(rule, now));
        print(&rules.iter().map(text).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}
