//! `nightshift agents`: lists sessions; with `--registry` the agents themselves.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::entry::{Entry, has_ended};
use crate::output::plain::one_line;
use crate::output::table::{Look, table};
use crate::verbs::user::agents_registry;
use crate::{check, terminal};
use nightshift_model::counted::counted;
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode, SessionView, calls};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also those that have ended.
    #[arg(long)]
    all: bool,
    /// Only those that run in this directory or below it.
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// The agents that can be started here, and how to get the others.
    #[arg(long, conflicts_with_all = ["all", "cwd"])]
    registry: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    if args.registry {
        return agents_registry::run(here).await;
    }
    let below = args.cwd.as_deref().map(|dir| check::absolute(Some(dir))).transpose()?;
    let client = here.client().await?;
    let views = client.ask(calls::List {}).await?;
    let is_meant = |v: &SessionView| below.as_ref().is_none_or(|dir| is_below(&v.cwd, dir));
    let hidden = views.iter().filter(|v| !args.all && has_ended(v) && is_meant(v)).count();
    let wanted = |v: &SessionView| (args.all || !has_ended(v)) && is_meant(v);
    if let Some(dir) = below.as_deref().filter(|dir| !dir.is_dir()) {
        // Sessions may have worked in one that is gone by now.
        if !views.iter().any(|view| is_below(&view.cwd, dir)) {
            return Err(no_directory(dir).into());
        }
    }
    let views: Vec<SessionView> = views.into_iter().filter(wanted).collect();
    if here.json {
        print_json(&views.iter().map(Entry::of).collect::<Vec<_>>())?;
    } else {
        print(&for_people(&views, hidden))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn no_directory(dir: &Path) -> Fault {
    let shown = one_line(&dir.to_string_lossy());
    let what = match dir.exists() {
        true => format!("{shown} is no directory"),
        false => format!("there is no directory {shown}"),
    };
    Fault::new(FaultCode::Invalid, what).hint("give another with --cwd, or leave it out for all")
}

/// Through links too: a project may be reached by several paths.
fn is_below(cwd: &str, dir: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    Path::new(cwd).starts_with(dir) || real(Path::new(cwd)).starts_with(real(dir))
}

fn for_people(views: &[SessionView], hidden: usize) -> String {
    let ended = match hidden {
        0 => String::new(),
        1 => "1 session has ended; see it with --all\n".to_owned(),
        n => format!("{} have ended; see them with --all\n", counted(n, "session")),
    };
    if views.is_empty() {
        return match hidden {
            0 => "no sessions; start one with nightshift --bg \"PROMPT\"\n".to_owned(),
            _ => ended,
        };
    }
    let terminal = std::io::stdout().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none();
    let columns = terminal.then(|| usize::from(terminal::size().0));
    table(views, clock::now(), Look { columns, colour }) + &ended
}
