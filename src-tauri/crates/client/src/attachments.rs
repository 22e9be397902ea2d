//! Terminals that a window has open: each is a connection straight to its host.
//!
//! Promise: output is never held here beyond one batch; what a pane has not drawn stays with the
//! host, which skips to a fresh snapshot instead of queueing.
//! Must not know: how panes are told.

use crate::attach::{AttachEvent, AttachReader, AttachWriter, Attachment};
use nightshift_protocol::{Fault, FaultCode};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Far more panes than a screen can show.
const ATTACHMENTS_MAX: usize = 64;
/// Output handed over at once: many small pieces are slow, huge ones stall a frame.
const BATCH_BYTES: usize = 256 * 1024;

/// Where one terminal's events go; false when nobody is there any more.
pub type Pane = Box<dyn Fn(AttachEvent) -> bool + Send>;

#[derive(Default)]
pub struct Attachments {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u32,
    open: HashMap<u32, Open>,
}

struct Open {
    writer: Arc<tokio::sync::Mutex<Writer>>,
    pump: JoinHandle<()>,
}

struct Writer {
    host: AttachWriter,
    acknowledged: u64,
}

impl Attachments {
    /// Connects to the host at `socket` and passes all it says on to `pane`.
    pub async fn open(
        &self,
        socket: &Path,
        cols: u16,
        rows: u16,
        pane: Pane,
    ) -> Result<u32, Fault> {
        if self.lock().open.len() >= ATTACHMENTS_MAX {
            let fault = Fault::new(FaultCode::Limit, "too many open terminals");
            return Err(fault.hint("close some panes"));
        }
        let (reader, writer) = Attachment::connect(socket, cols, rows, false).await?.split();
        let pump = tokio::spawn(pump(reader, pane));
        let writer = Writer { host: writer, acknowledged: 0 };
        let mut inner = self.lock();
        inner.next += 1;
        let id = inner.next;
        inner.open.insert(id, Open { writer: Arc::new(tokio::sync::Mutex::new(writer)), pump });
        Ok(id)
    }

    pub async fn send(&self, id: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.writer(id)?.lock().await.host.send(bytes).await
    }

    pub async fn resize(&self, id: u32, cols: u16, rows: u16) -> Result<(), Fault> {
        self.writer(id)?.lock().await.host.resize(cols, rows).await
    }

    /// `bytes` drawn since the attachment began, all told.
    pub async fn ack(&self, id: u32, bytes: u64) -> Result<(), Fault> {
        let writer = self.writer(id)?;
        let mut writer = writer.lock().await;
        // Calls of a window may overtake each other; what was drawn stays drawn.
        if bytes <= writer.acknowledged {
            return Ok(());
        }
        writer.acknowledged = bytes;
        writer.host.ack(bytes).await
    }

    pub fn end(&self, id: u32) {
        if let Some(open) = self.lock().open.remove(&id) {
            open.pump.abort();
        }
    }

    pub fn end_all(&self) {
        self.lock().open.drain().for_each(|(_, open)| open.pump.abort());
    }

    fn writer(&self, id: u32) -> Result<Arc<tokio::sync::Mutex<Writer>>, Fault> {
        let inner = self.lock();
        let open = inner.open.get(&id);
        open.map(|open| Arc::clone(&open.writer))
            .ok_or_else(|| Fault::new(FaultCode::NotFound, "this terminal is closed"))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until the host or the pane is gone. Output that is there already goes in one piece.
async fn pump(mut reader: AttachReader, pane: Pane) {
    let mut ahead = None;
    loop {
        let event = match ahead.take() {
            Some(event) => event,
            None => reader.next().await,
        };
        let last = matches!(event, AttachEvent::Exited(_) | AttachEvent::Lost);
        let event = match event {
            AttachEvent::Data(mut bytes) => {
                ahead = gather(&mut reader, &mut bytes).await;
                AttachEvent::Data(bytes)
            }
            event => event,
        };
        if !pane(event) || last {
            return;
        }
    }
}

/// Adds output that has already arrived; gives the first event that is something else.
async fn gather(reader: &mut AttachReader, bytes: &mut Vec<u8>) -> Option<AttachEvent> {
    while bytes.len() < BATCH_BYTES {
        match tokio::time::timeout(Duration::ZERO, reader.next()).await {
            Ok(AttachEvent::Data(more)) => bytes.extend(more),
            Ok(other) => return Some(other),
            Err(_) => return None,
        }
    }
    None
}
