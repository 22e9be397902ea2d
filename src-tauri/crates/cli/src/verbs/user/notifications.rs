//! `nightshift notifications`: what the user should know that belongs to no live session.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::one_line;
use crate::output::table::age;
use crate::verbs::user::notifications_receipts;
use nightshift_client::Client;
use nightshift_platform::clock;
use nightshift_protocol::{BoardEvent, Fault, Notice, NoticeLevel};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List notifications that were sent, those that were not, and why.
    Receipts(notifications_receipts::Args),
    /// Send a notification through every channel; exit code 1 when one did not take it.
    Test,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    match args.what {
        Some(What::Receipts(args)) => return notifications_receipts::run(here, args).await,
        Some(What::Test) => return notifications_receipts::test(here).await,
        None => {}
    }
    let client = here.client().await?;
    let notices = notices(&client).await?;
    if here.json {
        print_json(&notices)?;
    } else if notices.is_empty() {
        print("no notifications\n")?;
    } else {
        print(&notices.iter().map(line).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The board's notices, as the beginning of a follow tells them.
pub async fn notices(client: &Client) -> Result<Vec<Notice>, Fault> {
    let mut board = client.follow_board().await?;
    loop {
        if let BoardEvent::Snapshot { notices, .. } = board.next().await? {
            return Ok(notices);
        }
    }
}

fn line(notice: &Notice) -> String {
    let level = match notice.level {
        NoticeLevel::Info => "info",
        NoticeLevel::Warning => "warning",
        NoticeLevel::Error => "error",
    };
    let ago = age(clock::now().since(notice.at));
    format!("{:>8}  {level:<7}  {}\n", format!("{ago} ago"), one_line(&notice.text))
}
