//! Attaching to an agent: its conversation as it streams, and what is asked beside it; typed lines are replies
//! and answers.
//!
//! The terminal stays in its normal mode, so that lines can be edited as everywhere.

use crate::context::{Context, print};
use crate::failure::Failure;
use crate::output::entry::open_needs;
use crate::output::plain::one_line;
use crate::output::transcript::Transcript;
use crate::output::wrap::Wrap;
use crate::verbs::session::{answer, logs};
use crate::{check, terminal};
use nightshift_client::{Client, Follow, dispatch_environment};
use nightshift_model::NeedId;
use nightshift_platform::clock;
use nightshift_protocol::{BoardEvent, Command, ConversationEvent, Fault, FaultCode, SessionView};
use std::io::BufRead;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Lines typed ahead while one is being sent.
const LINES_MAX: usize = 16;

pub async fn run(
    here: &Context,
    client: Client,
    view: &SessionView,
    read_only: bool,
) -> Result<ExitCode, Failure> {
    let mut attached = Attached {
        lines: (!read_only).then(typed_lines),
        leave: Leave::new()?,
        transcript: Transcript::default(),
        wrap: Wrap::new(terminal::columns()),
        client,
        id: view.id.clone(),
        asked: None,
    };
    loop {
        let mut follow = attached.client.follow_conversation(&view.id).await?;
        let mut board = attached.client.follow_board().await?;
        // At least one look, even when stdin is at its end already.
        let ended = match attached.first(&mut follow, &mut board).await? {
            Some(fault) => Some(fault),
            None => attached.follow(&mut follow, &mut board).await?,
        };
        match ended {
            None => {
                print(&format!("\n-- detached · nightshift attach {}\n", view.id))?;
                return Ok(ExitCode::SUCCESS);
            }
            Some(fault) if fault.code == FaultCode::Unreachable => {
                print("\n-- the supervisor went away; connecting again\n")?;
                attached.client = here.client().await?;
            }
            Some(fault) => return Err(fault.into()),
        }
    }
}

struct Attached {
    /// None when only watching.
    lines: Option<mpsc::Receiver<Typed>>,
    leave: Leave,
    transcript: Transcript,
    wrap: Wrap,
    client: Client,
    id: String,
    /// The open request on the screen and since when (monotonic) it is there.
    asked: Option<(NeedId, Duration)>,
}

/// A line and when (monotonic) it was entered: what came on the screen later it does not mean.
struct Typed {
    line: String,
    at: Duration,
}

impl Attached {
    /// What has been so far, and what is asked; why there is none.
    async fn first(
        &mut self,
        follow: &mut Follow<ConversationEvent>,
        board: &mut Follow<BoardEvent>,
    ) -> Result<Option<Fault>, Failure> {
        match follow.next().await {
            Ok(event) => self.show(event)?,
            Err(fault) => return Ok(Some(fault)),
        }
        match board.next().await {
            Ok(event) => self.look(&event).await.map(|()| None),
            Err(fault) => Ok(Some(fault)),
        }
    }

    /// Until the user leaves (none) or the follow ends (why).
    async fn follow(
        &mut self,
        follow: &mut Follow<ConversationEvent>,
        board: &mut Follow<BoardEvent>,
    ) -> Result<Option<Fault>, Failure> {
        loop {
            tokio::select! {
                event = follow.next() => match event {
                    Ok(event) => self.show(event)?,
                    Err(fault) => return Ok(Some(fault)),
                },
                event = board.next() => match event {
                    Ok(event) => self.look(&event).await?,
                    Err(fault) => return Ok(Some(fault)),
                },
                line = next_line(&mut self.lines) => match line {
                    Some(typed) => self.send(&typed).await?,
                    None => return Ok(None),
                },
                () = self.leave.wanted() => return Ok(None),
            }
        }
    }

    fn show(&mut self, event: ConversationEvent) -> Result<(), Failure> {
        let text = self.transcript.apply(event);
        print(&self.wrap.rows(&text))?;
        self.note_open();
        Ok(())
    }

    /// What its conversation does not have is on the board only.
    async fn look(&mut self, event: &BoardEvent) -> Result<(), Failure> {
        if let Some(asked) = logs::asked(&self.client, event, &self.id).await? {
            let text = self.transcript.asked(&open_needs(&asked));
            print(&self.wrap.rows(&text))?;
            self.note_open();
        }
        Ok(())
    }

    fn note_open(&mut self) {
        let open = self.transcript.open_request().map(|need| &need.id);
        if open != self.asked.as_ref().map(|(id, _)| id) {
            self.asked = open.map(|id| (id.clone(), clock::monotonic()));
        }
    }

    /// A line answers the open request or is a reply. What is refused is said; attaching goes on.
    async fn send(&mut self, typed: &Typed) -> Result<(), Failure> {
        if typed.line.trim().is_empty() {
            return Ok(());
        }
        let sent = match self.command(typed) {
            Ok(command) => self.client.call(command).await.map(drop),
            Err(fault) => Err(fault),
        };
        match sent {
            Ok(()) => Ok(()),
            Err(fault) => print(&format!("!! {}\n", one_line(&fault.to_string()))),
        }
    }

    fn command(&self, typed: &Typed) -> Result<Command, Fault> {
        let text = check::text(&typed.line, "reply")?;
        let session = self.id.clone();
        Ok(match self.transcript.open_request() {
            Some(need) => {
                let answer = answer::understand(need, &text)?;
                let since = self.asked.as_ref().filter(|(id, _)| *id == need.id);
                let shown = since.map_or(Duration::ZERO, |(_, at)| typed.at.saturating_sub(*at));
                let shown_ms = u64::try_from(shown.as_millis()).ok();
                let env = dispatch_environment();
                Command::Answer { session, need: Some(need.id.clone()), answer, shown_ms, env }
            }
            None => {
                let (env, enclosures) = (dispatch_environment(), Vec::new());
                Command::Reply { session, text, env, enclosures }
            }
        })
    }
}

/// The next typed line; none at the end of stdin; never when only watching.
async fn next_line(lines: &mut Option<mpsc::Receiver<Typed>>) -> Option<Typed> {
    match lines {
        Some(lines) => lines.recv().await,
        None => std::future::pending().await,
    }
}

/// Reads stdin on a thread of its own: a read from a terminal cannot be interrupted, so the thread
/// ends with the process.
fn typed_lines() -> mpsc::Receiver<Typed> {
    let (sender, lines) = mpsc::channel(LINES_MAX);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(Typed { line, at: clock::monotonic() }).is_err() {
                return;
            }
        }
    });
    lines
}

/// Ctrl+C and Ctrl+\ leave the session, they do not end it.
struct Leave {
    interrupted: Signal,
    quit: Signal,
    terminated: Signal,
    hung_up: Signal,
}

impl Leave {
    fn new() -> Result<Leave, Fault> {
        let watch = |kind| {
            signal(kind).map_err(|e| Fault::new(FaultCode::Io, format!("watching signals: {e}")))
        };
        Ok(Leave {
            interrupted: watch(SignalKind::interrupt())?,
            quit: watch(SignalKind::quit())?,
            terminated: watch(SignalKind::terminate())?,
            hung_up: watch(SignalKind::hangup())?,
        })
    }

    async fn wanted(&mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.quit.recv() => {}
            _ = self.terminated.recv() => {}
            _ = self.hung_up.recv() => {}
        }
    }
}
