//! `nightshift attach`: opens a session live, as a terminal or as a conversation.

use crate::context::{Context, print_json};
use crate::failure::Failure;
use crate::verbs::session::attach_terminal::Attached;
use crate::verbs::session::{attach_conversation, attach_terminal, logs};
use nightshift_client::{Client, Viewing};
use nightshift_protocol::{AttachTarget, Fault, SessionView, calls};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::timeout;

/// A supervisor that has not heard of its host's end by then will not hear of it soon.
const END_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ctrl+\\ detaches; the session goes on. A shell job opens as a terminal, an \
                        agent as its conversation: each line typed there is a reply, or the answer \
                        to the request shown last (a number, allow, deny, or text).\n\
                        Signals that can be caught leave the terminal as it was found; after \
                        SIGKILL, type `reset`."
)]
pub struct Args {
    session: String,
    /// Only watch: neither keys nor the terminal's size reach the session.
    #[arg(long)]
    read_only: bool,
    /// Let the session's programs write to your clipboard (OSC 52).
    #[arg(long)]
    clipboard: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let view = client.ask(calls::Show { session: args.session }).await?;
    let target = client.ask(calls::Attach { session: view.id.clone() }).await?;
    if here.json {
        // For programs that connect by themselves.
        print_json(&target)?;
        return Ok(ExitCode::SUCCESS);
    }
    match target {
        AttachTarget::Terminal { socket } => {
            let may = Viewing { read_only: args.read_only, clipboard: args.clipboard };
            match attach_terminal::run(Path::new(&socket), &view, may).await? {
                Attached::Left => {}
                Attached::SawTheEnd => tell_seen(&client, &view).await,
                Attached::NobodyThere(fault) => print_end(&here, client, &view, fault).await?,
            }
            Ok(ExitCode::SUCCESS)
        }
        AttachTarget::Conversation => {
            attach_conversation::run(&here, client, &view, args.read_only).await
        }
        AttachTarget::Ended => {
            logs::print_log(&here, client, &view, logs::Extent::default()).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The job's row need not wait for another look. Untold, it only stays longer.
async fn tell_seen(client: &Client, view: &SessionView) {
    let told = async {
        logs::until_ended(client, &view.id).await?;
        client.ask(calls::Seen { session: view.id.clone() }).await
    };
    timeout(END_TIMEOUT, told).await.ok();
}

/// A host ends a moment before the supervisor knows: then there is a log to print after all.
async fn print_end(
    here: &Context,
    client: Client,
    view: &SessionView,
    fault: Fault,
) -> Result<(), Failure> {
    match timeout(END_TIMEOUT, logs::until_ended(&client, &view.id)).await {
        Ok(ended) => ended?,
        Err(_) => return Err(fault.into()),
    }
    logs::print_log(here, client, view, logs::Extent::default()).await
}
