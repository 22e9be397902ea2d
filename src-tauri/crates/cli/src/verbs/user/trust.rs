//! `nightshift trust`: repositories that may run what they bring along.

use crate::check;
use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::exact_line;
use crate::output::table::age;
use nightshift_client::dispatch_environment;
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode, TrustAct, TrustedRepository, calls};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the repositories that are trusted.
    List,
    /// Print everything that a repository would run, or that would widen what agents may do.
    Show { dir: Option<PathBuf> },
    /// Print it and trust it, exactly as it is.
    Add { dir: Option<PathBuf> },
    /// Trust a repository no longer.
    Revoke { dir: Option<PathBuf> },
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let dir = |dir: Option<PathBuf>| -> Result<String, Failure> {
        let found = check::directory(dir.as_deref());
        let found = found.map_err(|fault| fault.hint("give the directory of a repository"))?;
        Ok(found.to_string_lossy().into_owned())
    };
    match args.what.unwrap_or(What::List) {
        What::List => list(&here).await,
        What::Show { dir: of } => {
            let found = ask(&here, TrustAct::Show { dir: dir(of)? }).await?;
            told(&here, &found, &shown(&found))
        }
        What::Add { dir: of } => {
            let dir = dir(of)?;
            let found = ask(&here, TrustAct::Show { dir: dir.clone() }).await?;
            if !(here.json || found.items.is_empty() && found.current) {
                print(&shown(&found))?;
            }
            let added = ask(&here, TrustAct::Add { dir, hash: found.hash }).await?;
            told(&here, &added, &format!("trusted · {}\n", exact_line(&added.repository)))
        }
        What::Revoke { dir: of } => {
            // It may be gone by now: then its path is all that is needed.
            let named = of.clone().map(|dir| dir.to_string_lossy().into_owned());
            let dir = dir(of).or_else(|gone| named.ok_or(gone))?;
            let revoked = ask(&here, TrustAct::Revoke { dir }).await?;
            told(&here, &revoked, &format!("revoked · {}\n", exact_line(&revoked.repository)))
        }
    }
}

async fn list(here: &Context) -> Result<ExitCode, Failure> {
    let all = call(here, TrustAct::List).await?;
    if here.json {
        print_json(&all)?;
    } else if all.is_empty() {
        print("no repository is trusted to run anything\n")?;
    } else {
        let now = clock::now();
        let line = |one: &TrustedRepository| {
            let since =
                one.since.map_or(String::new(), |at| format!(" · {} ago", age(now.since(at))));
            let items = one
                .items
                .iter()
                .map(|item| format!("  {} ({})\n", exact_line(&item.path), exact_line(&item.does)));
            format!("{}{since}\n{}", exact_line(&one.repository), items.collect::<String>())
        };
        print(&all.iter().map(line).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything in it is to be seen already.
fn shown(found: &TrustedRepository) -> String {
    let repository = exact_line(&found.repository);
    if found.items.is_empty() && found.current {
        let text = &found.text;
        return format!("{text}{repository} brings along nothing that runs or widens rights\n");
    }
    let state = match (found.current, found.since) {
        (true, _) => "trusted as it is",
        (false, Some(_)) => "changed since it was trusted",
        (false, None) => "not trusted",
    };
    format!("{}{repository} is {state}\n", found.text)
}

fn told(here: &Context, found: &TrustedRepository, text: &str) -> Result<ExitCode, Failure> {
    if here.json {
        print_json(found)?;
    } else {
        print(text)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(here: &Context, act: TrustAct) -> Result<TrustedRepository, Failure> {
    let mut all = call(here, act).await?;
    match all.pop() {
        Some(one) => Ok(one),
        None => Err(Fault::new(FaultCode::Protocol, "the supervisor named no repository").into()),
    }
}

async fn call(here: &Context, act: TrustAct) -> Result<Vec<TrustedRepository>, Failure> {
    let call = calls::Trust { act, env: dispatch_environment() };
    Ok(here.client().await?.ask(call).await?)
}
