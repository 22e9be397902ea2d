//! `nightshift notifications receipts` and `test`: what was told to the user outside of the board, what was
//! not, and why.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::one_line;
use crate::output::table::age;
use nightshift_platform::clock;
use nightshift_protocol::{Delivery, NoticeChannel, NotificationAct, Receipt, calls};
use std::process::ExitCode;

/// Receipts listed unless another number is given.
const USUAL: u32 = 20;
/// Most that the supervisor gives at once.
const MOST: i64 = 500;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many, the newest first.
    #[arg(long, value_name = "N", default_value_t = USUAL,
          value_parser = clap::value_parser!(u32).range(1..=MOST))]
    limit: u32,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let act = NotificationAct::Receipts { limit: args.limit, before: None };
    let receipts = ask(&here, act).await?;
    if here.json {
        print_json(&receipts)?;
    } else if receipts.is_empty() {
        print("no notifications yet\n")?;
    } else {
        print(&receipts.iter().map(line).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Sends a notification through every channel; exit code 1 when one did not take it.
pub async fn test(here: Context) -> Result<ExitCode, Failure> {
    let receipts = ask(&here, NotificationAct::Test).await?;
    let delivered = |r: &Receipt| r.delivery == Delivery::Delivered;
    if here.json {
        print_json(&receipts)?;
    } else {
        print(&receipts.iter().map(line).collect::<String>())?;
    }
    let all = !receipts.is_empty() && receipts.iter().all(delivered);
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn ask(here: &Context, act: NotificationAct) -> Result<Vec<Receipt>, Failure> {
    Ok(here.client().await?.ask(calls::Notifications { act }).await?)
}

fn line(receipt: &Receipt) -> String {
    let ago = format!("{} ago", age(clock::now().since(receipt.at)));
    let channel = match receipt.channel {
        NoticeChannel::Desktop => "desktop",
        NoticeChannel::Ntfy => "ntfy",
        NoticeChannel::Webhook => "webhook",
    };
    let became = match &receipt.delivery {
        Delivery::Pending => "sending".to_owned(),
        Delivery::Delivered => "delivered".to_owned(),
        Delivery::Suppressed { text, .. } => format!("not sent: {text}"),
        Delivery::Failed { why } => format!("failed: {why}"),
    };
    let (session, title, became) =
        (one_line(&receipt.session), one_line(&receipt.title), one_line(&became));
    format!("{ago:>8}  {session:<8}  {channel:<7}  {title}  ·  {became}\n")
}
