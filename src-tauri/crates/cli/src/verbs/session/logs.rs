//! `nightshift logs`: a session's output or conversation, so far or until it ends, and what it asks now.
//!
//! Promise: what `answer` answers can be read here, whole, as `attach` shows it.

use crate::context::{Context, print, print_bytes, print_json};
use crate::failure::Failure;
use crate::output::entry::{has_ended, is_over, open_needs};
use crate::output::plain::clean;
use crate::output::since::since;
use crate::output::table::{how_to_answer, request};
use crate::output::transcript::Transcript;
use crate::output::wrap::Wrap;
use crate::terminal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use nightshift_client::{Client, Follow};
use nightshift_model::Millis;
use nightshift_platform::clock;
use nightshift_protocol::{
    BoardChange, BoardEvent, Fault, FaultCode, LogPage, SessionKind, SessionView, calls,
};
use std::borrow::Cow;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::timeout;

/// Output itself is no event of the board: while following, this is how late it may be seen.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// Follow until the session ends, or is done with nothing left that would continue it.
    #[arg(long, short)]
    follow: bool,
    /// The bytes as they came, control sequences included.
    #[arg(long)]
    raw: bool,
    /// Only what came since then: a span (10m, 2h, 1d12h) or a time (18:00, 2026-11-23T18:00).
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
}

/// What of a log is printed.
#[derive(Clone, Copy, Default)]
pub struct Extent {
    pub follow: bool,
    pub raw: bool,
    pub since: Option<Millis>,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let since = |words: &String| since(words, clock::now(), &TimeZone::system());
    let since = args.since.as_ref().map(since).transpose()?;
    let extent = Extent { follow: args.follow, raw: args.raw, since };
    let client = here.client().await?;
    let view = client.ask(calls::Show { session: args.session }).await?;
    if extent.follow && !extent.raw && !here.json && view.kind == SessionKind::Agent {
        follow_conversation(&here, client, &view, since).await?;
    } else {
        print_log(&here, client, &view, extent).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A conversation changes in the middle too: it is followed as events and not as pages. Goes on
/// with the next supervisor when this one goes away.
async fn follow_conversation(
    here: &Context,
    mut client: Client,
    view: &SessionView,
    since: Option<Millis>,
) -> Result<(), Failure> {
    let mut transcript = Transcript::since(since.unwrap_or_default());
    let mut wrap = Wrap::new(terminal::columns());
    loop {
        match print_conversation(&client, view, &mut transcript, &mut wrap).await {
            Err(failure) if is_lost(&failure) => client = here.client().await?,
            ended => return ended,
        }
    }
}

async fn print_conversation(
    client: &Client,
    view: &SessionView,
    transcript: &mut Transcript,
    wrap: &mut Wrap,
) -> Result<(), Failure> {
    // The board second: what the conversation says up to the end then comes before the end.
    let mut conversation = client.follow_conversation(&view.id).await?;
    let mut board = client.follow_board().await?;
    // That of a session that has ended is read from its journal and may come after the board's.
    print(&wrap.rows(&transcript.apply(conversation.next().await?)))?;
    let mut over = false;
    loop {
        tokio::select! {
            biased;
            event = conversation.next() => print(&wrap.rows(&transcript.apply(event?)))?,
            () = std::future::ready(()), if over => return Ok(()),
            event = board.next() => {
                let event = event?;
                over = over_after(&event, &view.id).unwrap_or(over);
                if let Some(view) = asked(client, &event, &view.id).await? {
                    print(&wrap.rows(&transcript.asked(&open_needs(&view))))?;
                }
            }
        }
    }
}

fn is_lost(failure: &Failure) -> bool {
    matches!(failure, Failure::Fault(fault) if fault.code == FaultCode::Unreachable)
}

/// The session as this event has it.
fn of_session<'a>(event: &'a BoardEvent, id: &str) -> Option<&'a SessionView> {
    match event {
        BoardEvent::Snapshot { sessions, .. } => sessions.iter().find(|view| view.id == id),
        BoardEvent::Change { change: BoardChange::Upsert { view }, .. } => {
            Some(&**view).filter(|view| view.id == id)
        }
        BoardEvent::Change { .. } => None,
    }
}

/// The session as this event has it, with all that it asks; none where the event is not about it.
pub async fn asked<'a>(
    client: &Client,
    event: &'a BoardEvent,
    id: &str,
) -> Result<Option<Cow<'a, SessionView>>, Fault> {
    let view = of_session(event, id);
    let Some(view) = view.filter(|view| view.is_stub()) else { return Ok(view.map(Cow::Borrowed)) };
    // Too much for a row: asked for by its id it comes whole.
    match client.ask(calls::Show { session: id.to_owned() }).await {
        Ok(view) => Ok(Some(Cow::Owned(view))),
        Err(fault) if fault.code == FaultCode::Unreachable => Err(fault),
        Err(_) => Ok(Some(Cow::Borrowed(view))),
    }
}

/// Whether nothing more will be printed, as far as this event says.
fn over_after(event: &BoardEvent, id: &str) -> Option<bool> {
    match lives_after(event, id)? {
        true => of_session(event, id).map(is_over),
        // Its row may be gone; a session that has ended may have more to come.
        false => Some(of_session(event, id).is_none_or(is_over)),
    }
}

/// Whether the session's process lives, as far as this event says.
fn lives_after(event: &BoardEvent, id: &str) -> Option<bool> {
    match event {
        BoardEvent::Snapshot { sessions, .. } => {
            Some(sessions.iter().any(|view| view.id == id && !has_ended(view)))
        }
        BoardEvent::Change { change: BoardChange::Upsert { view }, .. } if view.id == id => {
            Some(!has_ended(view))
        }
        BoardEvent::Change { change: BoardChange::Removed { id: gone }, .. } if gone == id => {
            Some(false)
        }
        BoardEvent::Change { .. } => None,
    }
}

/// Returns when the session's process is gone, as far as the supervisor knows.
pub async fn until_ended(client: &Client, id: &str) -> Result<(), Fault> {
    let mut board = client.follow_board().await?;
    while lives_after(&board.next().await?, id) != Some(false) {}
    Ok(())
}

/// Prints the log; with `follow` until the session has ended, whatever becomes of the supervisor.
pub async fn print_log(
    here: &Context,
    mut client: Client,
    view: &SessionView,
    extent: Extent,
) -> Result<(), Failure> {
    let mut offset = 0;
    loop {
        match print_pages(here, &client, view, extent, &mut offset).await {
            Err(failure) if extent.follow && is_lost(&failure) => client = here.client().await?,
            Ok(()) if !here.json && !extent.raw => {
                return print_asked(&client, &view.id).await;
            }
            ended => return ended,
        }
    }
}

/// What waits for an answer, as whoever answers it has to read it.
async fn print_asked(client: &Client, id: &str) -> Result<(), Failure> {
    let view = match client.ask(calls::Show { session: id.to_owned() }).await {
        Ok(view) => view,
        // It was removed meanwhile: its log was all there was to print.
        Err(fault) if fault.code == FaultCode::NotFound => return Ok(()),
        Err(fault) => return Err(fault.into()),
    };
    for need in open_needs(&view) {
        // What a session printed need not end with a line's end.
        let mut wrap = Wrap::new(terminal::columns());
        let how = how_to_answer(&view.id, need);
        // A command line is copied: only an id that could say something is kept from the row's beginning.
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let how = if need.id.0.chars().all(plain) { how } else { wrap.rows(&how) };
        print(&format!("\n{}{how}", wrap.rows(&request(need))))?;
    }
    Ok(())
}

async fn print_pages(
    here: &Context,
    client: &Client,
    view: &SessionView,
    extent: Extent,
    offset: &mut u64,
) -> Result<(), Failure> {
    let Extent { follow, raw, since } = extent;
    let id = &view.id;
    // In the output of a job is nothing of ours.
    let columns = terminal::columns().filter(|_| view.kind == SessionKind::Agent);
    let mut wrap = Wrap::new(columns);
    // Begun before the first page: no change between the two can be missed.
    let mut board = match follow {
        true => Some(client.follow_board().await?),
        false => None,
    };
    let mut over = false;
    loop {
        let call = calls::Logs { session: id.clone(), raw, offset: *offset, since };
        let page = client.ask(call).await?;
        print_page(here.json, &page, raw, &mut wrap)?;
        *offset = page.next;
        match &mut board {
            _ if !page.end => {}
            Some(board) if !page.ended && !over => over = wait_for_news(board, id).await?,
            Some(_) | None => return Ok(()),
        }
    }
}

fn print_page(json: bool, page: &LogPage, raw: bool, wrap: &mut Wrap) -> Result<(), Failure> {
    if json {
        return print_json(page);
    }
    if !raw {
        return print(&wrap.rows(&clean(&page.data)));
    }
    let bytes = STANDARD.decode(&page.data).map_err(|e| {
        Fault::new(
            FaultCode::Internal,
            format!("the supervisor sent a page that is no base64: {e}"),
        )
    })?;
    print_bytes(&bytes)
}

/// Returns when something is known to have happened to the session, or after `LOOK_INTERVAL`: whether it is over.
async fn wait_for_news(board: &mut Follow<BoardEvent>, id: &str) -> Result<bool, Fault> {
    let news = async {
        loop {
            if let Some(over) = over_after(&board.next().await?, id) {
                return Ok(over);
            }
        }
    };
    timeout(LOOK_INTERVAL, news).await.unwrap_or(Ok(false))
}
