//! The command line as a whole: which verbs there are. Each verb's own arguments are in its file.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::exact_line;
use crate::suggest;
use crate::verbs;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use serde_json::json;
use std::ffi::OsString;
use std::process::ExitCode;

/// Supervises coding agents and shell jobs that work while you are away.
#[derive(Debug, Parser)]
#[command(
    name = "nightshift",
    version,
    arg_required_else_help = true,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    override_usage = "nightshift --bg [OPTIONS] [PROMPT]\n       nightshift <VERB> [OPTIONS]",
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    after_help = "SESSION is an id, the beginning of one, or a name.\n\
                  NIGHTSHIFT_HOME moves all state and sockets into one directory."
)]
pub struct Cli {
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    dispatch: verbs::session::dispatch::Args,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List sessions, or the agents that can be started.
    Agents(verbs::session::agents::Args),
    /// Open a session; Ctrl+\ detaches and leaves it running.
    Attach(verbs::session::attach::Args),
    /// Print a session's output or conversation.
    Logs(verbs::session::logs::Args),
    /// Send a session another prompt.
    Reply(verbs::session::reply::Args),
    /// Answer a permission request or a question.
    Answer(verbs::session::answer::Args),
    /// List what was allowed or rejected for good, or take it back.
    Permissions(verbs::user::permissions::Args),
    /// Repositories that may run what they bring along: list, show, add, revoke.
    Trust(verbs::user::trust::Args),
    /// See or change a session's mode, model and other options of its agent.
    Set(verbs::session::set::Args),
    /// Go on with a session in its agent's own terminal, or back as a conversation.
    Open(verbs::session::open::Args),
    /// End the current turn; the session stays.
    Interrupt(verbs::session::interrupt::Args),
    /// End a session and every process it started.
    #[command(visible_alias = "kill")]
    Stop(verbs::session::stop::Args),
    /// Start an ended session again: a shell job's command, an agent where it left off.
    Respawn(verbs::session::respawn::Args),
    /// Let a session work until a condition holds.
    Goal(verbs::automation::goal::Args),
    /// Send a session a prompt again and again.
    Loop(verbs::automation::looping::Args),
    /// Send a session prompts at set times.
    Cron(verbs::automation::cron::Args),
    /// Work that starts when nobody is there: list, show, create, run, pause, remove.
    Routines(verbs::automation::routines::Args),
    /// List what runs in the background of sessions and what wakes them, or end one of it.
    Tasks(verbs::automation::tasks::Args),
    /// Show what a session changed since its base.
    Diff(verbs::work::diff::Args),
    /// Commit what a session changed.
    Commit(verbs::work::commit::Args),
    /// Rebase a session's commits onto the branch they began from.
    Rebase(verbs::work::rebase::Args),
    /// Merge a session's commits into the branch they began from.
    Merge(verbs::work::merge::Args),
    /// Push a session's branch and open a pull request.
    Pr(verbs::work::pr::Args),
    /// Throw away what a session has not committed; it can be brought back.
    Discard(verbs::work::discard::Args),
    /// Stop a session and remove its record and output.
    Rm(verbs::session::rm::Args),
    /// List all worktrees, or clean up forgotten ones.
    Worktrees(verbs::work::worktrees::Args),
    /// Bring back what `rm` removed.
    Undo(verbs::session::undo::Args),
    /// Give a session another name.
    Rename(verbs::session::rename::Args),
    /// Keep a session at the top of the list.
    Pin(verbs::session::pin::Args),
    /// Continue a session automatically when its usage limit ends.
    ContinueAtReset(verbs::session::continue_at_reset::Args),
    /// Show why a session is in its state.
    Why(verbs::session::why::Args),
    /// Show alerts and the notification log.
    #[command(alias = "notices")]
    Notifications(verbs::user::notifications::Args),
    /// Show, pause or resume everything that starts on a schedule.
    Schedules(verbs::automation::schedules::Args),
    /// The settings file: where it is, what is wrong in it, what it says.
    Settings(verbs::user::settings::Args),
    /// Print completions for a shell.
    Completions(verbs::user::completions::Args),
    /// Print the manual as roff.
    Man(verbs::user::man::Args),
    /// The background supervisor.
    Daemon(verbs::supervisor::daemon::Args),
    /// Where events from outside come in.
    Intake(verbs::roles::intake::Args),
    /// One session's host.
    #[command(hide = true)]
    Host(verbs::roles::host::Args),
    /// Tools for a session's agent, over the Model Context Protocol on stdin and stdout.
    #[command(hide = true)]
    Mcp(verbs::roles::mcp::Args),
    /// Tells a terminal agent's host what its hooks say.
    #[command(hide = true)]
    Hook(verbs::roles::hook::Args),
    /// Print the version.
    #[command(hide = true)]
    Version,
    /// The built-in agent, speaking the Agent Client Protocol on stdin and stdout.
    #[command(hide = true)]
    RehearsalAgent,
    /// Tells the user what the supervisor wants told.
    #[command(hide = true)]
    Notifier,
}

impl Cli {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Some(verb) = self.verb else {
            return Context::new(self.json)?
                .run(|here| verbs::session::dispatch::run(here, self.dispatch));
        };
        match verb {
            Verb::Host(args) => return Ok(verbs::roles::host::run(&args)),
            Verb::Hook(args) => return Ok(verbs::roles::hook::run(&args)),
            Verb::Mcp(args) => return Ok(verbs::roles::mcp::run(&args)),
            Verb::Completions(args) => return verbs::user::completions::run(&args, self.json),
            Verb::Man(args) => return verbs::user::man::run(&args, self.json),
            Verb::Notifier => return verbs::roles::notifier::run(),
            Verb::Intake(args) if args.is_process() => return verbs::roles::intake::process(),
            Verb::RehearsalAgent => return Ok(nightshift_rehearsal::main()),
            Verb::Version => return version(self.json),
            Verb::Daemon(args) if args.is_run() => return verbs::supervisor::daemon_run::run(),
            _ => {}
        }
        let here = Context::new(self.json)?;
        match verb {
            Verb::Agents(args) => here.run(|here| verbs::session::agents::run(here, args)),
            Verb::Attach(args) => here.run(|here| verbs::session::attach::run(here, args)),
            Verb::Logs(args) => here.run(|here| verbs::session::logs::run(here, args)),
            Verb::Reply(args) => here.run(|here| verbs::session::reply::run(here, args)),
            Verb::Answer(args) => here.run(|here| verbs::session::answer::run(here, args)),
            Verb::Permissions(args) => here.run(|here| verbs::user::permissions::run(here, args)),
            Verb::Trust(args) => here.run(|here| verbs::user::trust::run(here, args)),
            Verb::Set(args) => here.run(|here| verbs::session::set::run(here, args)),
            Verb::Open(args) => here.run(|here| verbs::session::open::run(here, args)),
            Verb::Interrupt(args) => here.run(|here| verbs::session::interrupt::run(here, args)),
            Verb::Stop(args) => here.run(|here| verbs::session::stop::run(here, args)),
            Verb::Respawn(args) => here.run(|here| verbs::session::respawn::run(here, args)),
            Verb::Goal(args) => here.run(|here| verbs::automation::goal::run(here, args)),
            Verb::Loop(args) => here.run(|here| verbs::automation::looping::run(here, args)),
            Verb::Cron(args) => here.run(|here| verbs::automation::cron::run(here, args)),
            Verb::Routines(args) => here.run(|here| verbs::automation::routines::run(here, args)),
            Verb::Tasks(args) => here.run(|here| verbs::automation::tasks::run(here, args)),
            Verb::Diff(args) => here.run(|here| verbs::work::diff::run(here, args)),
            Verb::Commit(args) => here.run(|here| verbs::work::commit::run(here, args)),
            Verb::Rebase(args) => here.run(|here| verbs::work::rebase::run(here, args)),
            Verb::Merge(args) => here.run(|here| verbs::work::merge::run(here, args)),
            Verb::Pr(args) => here.run(|here| verbs::work::pr::run(here, args)),
            Verb::Discard(args) => here.run(|here| verbs::work::discard::run(here, args)),
            Verb::Rm(args) => here.run(|here| verbs::session::rm::run(here, args)),
            Verb::Worktrees(args) => here.run(|here| verbs::work::worktrees::run(here, args)),
            Verb::Undo(args) => here.run(|here| verbs::session::undo::run(here, args)),
            Verb::Rename(args) => here.run(|here| verbs::session::rename::run(here, args)),
            Verb::Pin(args) => here.run(|here| verbs::session::pin::run(here, args)),
            Verb::ContinueAtReset(args) => {
                here.run(|here| verbs::session::continue_at_reset::run(here, args))
            }
            Verb::Settings(args) => verbs::user::settings::run(&here, &args),
            Verb::Why(args) => here.run(|here| verbs::session::why::run(here, args)),
            Verb::Notifications(args) => {
                here.run(|here| verbs::user::notifications::run(here, args))
            }
            Verb::Schedules(args) => here.run(|here| verbs::automation::schedules::run(here, args)),
            Verb::Intake(args) => here.run(|here| verbs::roles::intake::run(here, args)),
            Verb::Daemon(args) => here.run(|here| verbs::supervisor::daemon::run(here, args)),
            // These have returned above.
            Verb::Host(_)
            | Verb::Hook(_)
            | Verb::Mcp(_)
            | Verb::RehearsalAgent
            | Verb::Version
            | Verb::Notifier
            | Verb::Completions(_)
            | Verb::Man(_) => Ok(ExitCode::SUCCESS),
        }
    }
}

/// What `--version` prints, also as JSON.
fn version(json: bool) -> Result<ExitCode, Failure> {
    let (name, version) = (env!("CARGO_BIN_NAME"), env!("CARGO_PKG_VERSION"));
    match json {
        true => print_json(&json!({"name": name, "version": version}))?,
        false => print(&format!("{name} {version}\n"))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// `--json` before a verb is as good as behind it: it goes there, where it is looked for.
pub fn arranged(mut args: Vec<OsString>) -> Vec<OsString> {
    let first = args.iter().skip(1).position(|arg| arg != "--json").map(|at| at + 1);
    args = as_options(args, first);
    let Some(first) = first.filter(|first| *first > 1) else { return args };
    let mut command = Cli::command();
    let mut end = first;
    // Behind the verb of a verb, too: some take no option in between.
    while let Some(verb) = args.get(end).and_then(|arg| command.find_subcommand(arg)).cloned() {
        command = verb;
        end += 1;
    }
    args[1..end].rotate_left(first - 1);
    args
}

/// `help`, `help stop` and `version` as other programs have them: options here.
fn as_options(mut args: Vec<OsString>, first: Option<usize>) -> Vec<OsString> {
    let Some(first) = first else { return args };
    let word = args.get(first).and_then(|word| word.to_str()).unwrap_or_default();
    let asks = |arg: &OsString| arg == "--help" || arg == "-h";
    match word {
        "help" => {
            args.remove(first);
            args.retain(|arg| !asks(arg));
            args.push("--help".into());
        }
        "--version" | "-V" if args.iter().any(|arg| arg == "--json") => {
            args[first] = "version".into();
        }
        _ => {}
    }
    args
}

/// The words behind `help` that no verb has, from the first such on.
pub fn unknown_help(args: &[OsString]) -> Option<String> {
    let said = args.iter().skip(1).filter(|arg| *arg != "--json");
    let mut words = said.skip_while(|arg| *arg == "--help" || *arg == "-h").peekable();
    words.next_if(|word| *word == "help")?;
    let mut command = Cli::command();
    for word in words.filter(|word| !word.to_string_lossy().starts_with('-')) {
        let Some(verb) = command.find_subcommand(word).cloned() else {
            return Some(exact_line(&word.to_string_lossy()));
        };
        command = verb;
    }
    None
}

/// The verb that an unknown word may have meant.
pub fn meant(word: &str) -> Option<String> {
    let command = Cli::command();
    let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    suggest::verb(word, shown.map(clap::Command::get_name)).map(str::to_owned)
}

/// Says that there is no verb of that name to tell about, and ends the process with exit code 2.
pub fn no_help(word: &str) -> ! {
    let meant = meant(word).map(|verb| format!("; did you mean `nightshift help {verb}`?"));
    let message = format!("no help for unknown verb `{word}`{}", meant.unwrap_or_default());
    usage_error(ErrorKind::InvalidSubcommand, message)
}

/// Prints `message` with the usage and ends the process with exit code 2.
pub fn usage_error(kind: ErrorKind, message: String) -> ! {
    Cli::command().error(kind, message).exit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn json_before_a_verb_is_json_behind_it() {
        for (given, expected) in [
            ("n --json agents", "n agents --json"),
            ("n --json agents --all", "n agents --json --all"),
            ("n --json --json worktrees clean", "n worktrees clean --json --json"),
            ("n --json kill x -- --json", "n kill --json x -- --json"),
            ("n --json --bg agents", "n --json --bg agents"),
            ("n --bg --json agents", "n --bg --json agents"),
            ("n --json nonsense", "n --json nonsense"),
            ("n --json", "n --json"),
            ("n agents --json", "n agents --json"),
            ("n", "n"),
            ("n help", "n --help"),
            ("n help stop", "n stop --help"),
            ("n help daemon stop", "n daemon stop --help"),
            ("n help --help", "n --help"),
            ("n --json help stop", "n stop --json --help"),
            ("n version", "n version"),
            ("n --json version", "n version --json"),
            ("n --version", "n --version"),
            ("n --version --json", "n version --json"),
            ("n --json -V", "n version --json"),
            ("n --bg help", "n --bg help"),
            ("n --bg version", "n --bg version"),
            ("n version x", "n version x"),
        ] {
            let got = arranged(given.split(' ').map(OsString::from).collect());
            assert_eq!(got, Vec::from_iter(expected.split(' ').map(OsString::from)), "{given}");
        }
        let cli = Cli::try_parse_from(arranged(vec!["n".into(), "--json".into(), "agents".into()]));
        assert!(cli.is_ok_and(|cli| cli.json && cli.verb.is_some()));
    }

    #[test]
    fn small_truths_help_is_for_verbs_that_there_are() {
        for (given, unknown) in [
            ("n help nope", Some("nope")),
            ("n --json help nope", Some("nope")),
            ("n help stop nope", Some("nope")),
            ("n help daemon nope", Some("nope")),
            ("n help nope --help", Some("nope")),
            ("n help stop", None),
            ("n help kill", None),
            ("n help daemon stop", None),
            ("n help --help", None),
            ("n help", None),
            ("n stop help", None),
            ("n --bg help nope", None),
            ("n", None),
        ] {
            let args: Vec<OsString> = given.split(' ').map(OsString::from).collect();
            assert_eq!(unknown_help(&args).as_deref(), unknown, "{given}");
        }
    }

    #[test]
    fn a_prompt_may_look_like_a_verb() {
        let cli = Cli::try_parse_from(["nightshift", "--bg", "--", "stop"]).unwrap();
        assert_eq!(cli.dispatch.prompt.as_deref(), Some("stop"));
        assert!(cli.verb.is_none());
    }
}
