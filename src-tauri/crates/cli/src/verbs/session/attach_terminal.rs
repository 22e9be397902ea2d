//! Attaching to a shell job: the user's terminal is handed to the session's host, which reads keys
//! from it and draws on it, so that this process stands in nobody's way. What is left to do here is
//! raw mode, sizes, signals, and putting the terminal in order at the end.

use crate::failure::Failure;
use crate::terminal::{RawTerminal, size};
use nightshift_client::{AttachEvent, Attachment, Viewing};
use nightshift_protocol::{Exited, Fault, FaultCode, SessionView};
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl+\ as a byte, and as terminals with the extended keyboard protocol send it.
const DETACH_KEYS: [&str; 2] = ["\x1c", "\x1b[92;5u"];
/// A host that does not give the terminal back within this time will not do so at all.
const GIVE_BACK_TIMEOUT: Duration = Duration::from_millis(500);

/// How attaching went.
pub enum Attached {
    Left,
    /// The session has ended before the user's eyes.
    SawTheEnd,
    /// Nothing was shown: there is no host to take the terminal.
    NobodyThere(Fault),
}

/// Why the attachment ended.
enum End {
    Detached,
    Exited(Exited),
    Refused(String),
    Lost,
}

pub async fn run(socket: &Path, view: &SessionView, may: Viewing) -> Result<Attached, Failure> {
    let signals = Signals::new()?;
    let terminal = RawTerminal::enter()?;
    let attached =
        Attachment::hand_over(socket, size(), may, terminal.device(), &DETACH_KEYS).await;
    let end = match attached {
        Ok(attachment) => watch(attachment, &terminal, signals).await,
        Err(fault) => {
            drop(terminal);
            return match fault.code {
                FaultCode::Unreachable => Ok(Attached::NobodyThere(fault)),
                _ => Err(fault.into()),
            };
        }
    };
    let id = &view.id;
    match end {
        End::Detached => terminal.leave(&format!("detached · nightshift attach {id}")),
        End::Exited(exit) => {
            terminal.leave(&format!("ended · {}", how(&exit)));
            return Ok(Attached::SawTheEnd);
        }
        End::Refused(why) => {
            drop(terminal);
            let message = format!("session {id} cannot be attached: {why}");
            return Err(Fault::new(FaultCode::Refused, message)
                .hint(format!("read it with `nightshift logs {id} --follow`"))
                .into());
        }
        End::Lost => {
            drop(terminal);
            return Err(Fault::new(FaultCode::Unreachable, format!("the host of {id} is gone"))
                .hint(format!("see `nightshift why {id}`"))
                .into());
        }
    }
    Ok(Attached::Left)
}

fn how(exit: &Exited) -> String {
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no exit code".to_owned(),
    }
}

struct Signals {
    resized: Signal,
    continued: Signal,
    terminated: Signal,
    hung_up: Signal,
    interrupted: Signal,
    quit: Signal,
}

impl Signals {
    fn new() -> Result<Signals, Fault> {
        let watch = |kind| {
            signal(kind).map_err(|e| Fault::new(FaultCode::Io, format!("watching signals: {e}")))
        };
        Ok(Signals {
            resized: watch(SignalKind::window_change())?,
            continued: watch(SignalKind::from_raw(nightshift_platform::signals::SIGCONT))?,
            terminated: watch(SignalKind::terminate())?,
            hung_up: watch(SignalKind::hangup())?,
            interrupted: watch(SignalKind::interrupt())?,
            quit: watch(SignalKind::quit())?,
        })
    }
}

/// Until the terminal is ours again.
async fn watch(mut attachment: Attachment, terminal: &RawTerminal, mut signals: Signals) -> End {
    loop {
        let resized = tokio::select! {
            event = attachment.next() => {
                if let Some(end) = end_of(event) {
                    return end;
                }
                false
            }
            _ = signals.resized.recv() => true,
            _ = signals.continued.recv() => terminal.make_raw().is_ok(),
            _ = signals.terminated.recv() => return take_back(attachment).await,
            _ = signals.hung_up.recv() => return take_back(attachment).await,
            _ = signals.interrupted.recv() => return take_back(attachment).await,
            _ = signals.quit.recv() => return take_back(attachment).await,
        };
        if resized {
            let (cols, rows) = size();
            // A host that is gone is heard of as the next event.
            attachment.resize(cols, rows).await.ok();
        }
    }
}

fn end_of(event: AttachEvent) -> Option<End> {
    match event {
        // The host draws by itself.
        AttachEvent::Snapshot { .. } | AttachEvent::Data(_) | AttachEvent::Resized { .. } => None,
        AttachEvent::Detached => Some(End::Detached),
        AttachEvent::Refused(why) => Some(End::Refused(why)),
        AttachEvent::Exited(exit) => Some(End::Exited(exit)),
        AttachEvent::Lost => Some(End::Lost),
    }
}

/// Asks for the terminal and waits until the host leaves it alone, but not for ever.
async fn take_back(mut attachment: Attachment) -> End {
    let taken = async {
        if attachment.take_back().await.is_err() {
            return End::Detached;
        }
        loop {
            if let Some(end) = end_of(attachment.next().await) {
                return end;
            }
        }
    };
    match tokio::time::timeout(GIVE_BACK_TIMEOUT, taken).await {
        Ok(End::Lost) | Err(_) => End::Detached,
        Ok(end) => end,
    }
}
