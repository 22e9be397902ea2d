//! `nightshift diff`: what a session changed since its base.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::changes::{summary, text};
use crate::output::plain::exact_line;
use crate::verbs::work::review::{other, review};
use nightshift_client::Client;
use nightshift_protocol::review::{ChangedFile, Changes, FilePage};
use nightshift_protocol::{Fault, FaultCode, ReviewAct, ReviewResult};
use std::io::IsTerminal;
use std::process::ExitCode;

/// Beginnings of one file's pages, when an agent writes it meanwhile.
const TRIES: u32 = 5;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// Only this file, relative to the checkout.
    #[arg(conflicts_with = "stat")]
    file: Option<String>,
    /// Only which files changed.
    #[arg(long)]
    stat: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let changes = match review(&client, &args.session, ReviewAct::Changes).await? {
        ReviewResult::Changes { changes } => changes,
        result => return Err(other(&result)),
    };
    let files: Vec<&ChangedFile> = match &args.file {
        Some(path) => vec![named(&changes, path)?],
        None if here.json => {
            print_json(&changes)?;
            return Ok(ExitCode::SUCCESS);
        }
        None => changes.files.iter().collect(),
    };
    if args.file.is_none() {
        print(&summary(&changes))?;
    }
    if args.stat {
        return Ok(ExitCode::SUCCESS);
    }
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for file in files.into_iter().filter(|file| !file.unnameable) {
        let page = whole(&client, &args.session, file).await?;
        match here.json {
            true => print_json(&page)?,
            false => print(&text(file, &page, colour))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn named<'a>(changes: &'a Changes, path: &str) -> Result<&'a ChangedFile, Failure> {
    changes.files.iter().find(|file| file.path == path).ok_or_else(|| {
        let message = format!("{} is not among the changed files", exact_line(path));
        Fault::new(FaultCode::NotFound, message).hint("list them with `--stat`").into()
    })
}

/// All pages of a file as one.
async fn whole(client: &Client, session: &str, file: &ChangedFile) -> Result<FilePage, Failure> {
    let page = async |from| {
        let (path, old_path) = (file.path.clone(), file.old_path.clone());
        match review(client, session, ReviewAct::File { path, old_path, from }).await? {
            ReviewResult::File { page } => Ok(page),
            result => Err(other(&result)),
        }
    };
    'again: for _ in 0..TRIES {
        let mut all: FilePage = page(0).await?;
        while all.rows.len() < all.total as usize {
            let next = page(u32::try_from(all.rows.len()).unwrap_or(u32::MAX)).await?;
            if next.version != all.version || next.rows.is_empty() {
                continue 'again;
            }
            all.rows.extend(next.rows);
        }
        return Ok(all);
    }
    let message = format!("{} changes faster than it can be read", exact_line(&file.path));
    Err(Fault::new(FaultCode::Refused, message).hint("wait until the agent is done").into())
}
