//! One connection to a host: greeting, follow or watch, lines written, events handed on.

use crate::host_link::limits::{
    FRAME_PATIENCE, LARGE_FRAME_BYTES, LARGE_FRAMES_AT_ONCE, RECORD_BATCH_MAX,
};
use crate::host_link::pulse::{Beat, Pulse, Silent};
use crate::host_link::{Link, blocking, enclosures};
use nightshift_platform::{Peer, ipc};
use nightshift_protocol::enclosure::BYTES_PREFIX;
use nightshift_protocol::{
    FrameDecoder, FrameError, FrameKind, Hello, HostEvent, HostRequest, LaunchKind,
    PROTOCOL_VERSION, Record, Role, encode_bounded, encode_control, understands,
};
use nightshift_supervisor::ports::host_link::{HostLinkEvent, LinkCommand};
use nightshift_supervisor::ports::world::Lane;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};

/// One read from a host: a replay arrives in large pieces.
const READ_BYTES: usize = 64 * 1024;

/// How a connection ended.
pub enum Talked {
    /// The supervisor is ending.
    LoopGone,
    /// The host speaks a protocol that this build does not.
    Foreign {
        why: String,
    },
    Lost {
        connected: bool,
        why: String,
    },
}

/// Why a host's bytes are not read any further.
enum Broken {
    Foreign(String),
    Nonsense(String),
}

fn nonsense(what: impl ToString) -> Broken {
    Broken::Nonsense(what.to_string())
}

/// The two ends of a connection's input: decoded frames and whether it greeted.
struct Input {
    decoder: FrameDecoder,
    greeted: bool,
    /// The turn to collect a large frame, and until when it has to be there.
    large: Option<(SemaphorePermit<'static>, Instant)>,
}

/// Large frames are collected by turns: all links together would take more memory than there is.
static LARGE: Semaphore = Semaphore::const_new(LARGE_FRAMES_AT_ONCE);

impl Input {
    async fn read(&self, reader: &mut OwnedReadHalf, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((_, until)) = self.large else { return reader.read(buffer).await };
        let late = || io::Error::new(io::ErrorKind::TimedOut, "a frame of its host does not end");
        timeout_at(until, reader.read(buffer)).await.map_err(|_elapsed| late())?
    }

    /// Waits for a turn where a large frame has begun, and gives it back where it has ended.
    async fn take_turn(&mut self) {
        if self.decoder.pending() <= LARGE_FRAME_BYTES {
            self.large = None;
        } else if self.large.is_none()
            && let Ok(turn) = LARGE.acquire().await
        {
            self.large = Some((turn, Instant::now() + FRAME_PATIENCE));
        }
    }
}

impl Link {
    pub(crate) async fn talk(&mut self, queue: &mut mpsc::Receiver<LinkCommand>) -> Talked {
        let stream = match connect(Path::new(&self.ready.socket)).await {
            Ok(stream) => stream,
            Err(e) => return Talked::Lost { connected: false, why: e.to_string() },
        };
        let served_by = Peer::of(&stream).ok().and_then(|peer| peer.pid());
        let mut pulse = Pulse::new(self.host(), &self.ready.socket, served_by);
        let (mut reader, mut writer) = stream.into_split();
        if let Err(e) = writer.write_all(&self.opening()).await {
            return Talked::Lost { connected: false, why: e.to_string() };
        }
        let mut input = Input { decoder: FrameDecoder::default(), greeted: false, large: None };
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let due = !input.greeted || self.asked.is_due();
            tokio::select! {
                read = input.read(&mut reader, &mut buffer) => match read {
                    Ok(0) => return Talked::Lost { connected: input.greeted, why: "it closed the connection".into() },
                    Err(e) => return Talked::Lost { connected: input.greeted, why: e.to_string() },
                    Ok(n) => {
                        if pulse.heard() && input.greeted {
                            self.lives().await;
                        }
                        input.decoder.push(&buffer[..n]);
                        if let Err(broken) = self.take_frames(&mut input).await {
                            return match broken {
                                Broken::Foreign(why) => Talked::Foreign { why },
                                Broken::Nonsense(why) => {
                                    Talked::Lost { connected: input.greeted, why }
                                }
                            };
                        }
                        input.take_turn().await;
                    }
                },
                command = queue.recv() => {
                    let Some(command) = command else { return Talked::LoopGone };
                    if matches!(command, LinkCommand::Restore) && pulse.is_a_strangers() {
                        let why = "another program listened at its socket".into();
                        return Talked::Lost { connected: false, why };
                    }
                    let Some(frame) = self.frame_of(command).await else { continue };
                    if let Err(e) = self.write(&mut writer, &frame, &mut pulse).await {
                        return Talked::Lost { connected: input.greeted, why: e.to_string() };
                    }
                }
                () = self.shared.look_asked.notified() => {
                    if let Err(e) = self.look(&mut writer, &mut pulse).await {
                        return Talked::Lost { connected: input.greeted, why: e.to_string() };
                    }
                }
                () = sleep_until(pulse.next()), if pulse.looks(due) => match pulse.beat() {
                    Beat::Nothing => {}
                    Beat::Ask => {
                        let frame = encode_control(&HostRequest::Status);
                        if let Err(e) = self.write(&mut writer, &frame, &mut pulse).await {
                            return Talked::Lost { connected: input.greeted, why: e.to_string() };
                        }
                    }
                    Beat::Silent(silent) => self.silent(silent, &pulse).await,
                }
            }
        }
    }

    /// What is sent for a command, if that is anything and fits.
    async fn frame_of(&mut self, command: LinkCommand) -> Option<Vec<u8>> {
        if matches!(command, LinkCommand::Restore) {
            self.ask_for_socket();
        }
        let request = self.asked.request(command)?;
        let request = self.filled(request).await;
        match encode_bounded(&request) {
            Ok(frame) => Some(frame),
            Err(e) => {
                self.not_sent(&request, &e).await;
                None
            }
        }
    }

    /// What a connection begins with.
    fn opening(&self) -> Vec<u8> {
        let mut opening = encode_control(&Hello::new(Role::Supervisor));
        opening.extend(encode_control(&match self.kind {
            LaunchKind::Pty if self.listens => HostRequest::WatchMarks { after: self.after },
            LaunchKind::Pty => HostRequest::Watch,
            LaunchKind::Pipe => HostRequest::Follow { after: self.after },
        }));
        if let Some(request) = self.asked.again() {
            opening.extend(encode_control(&request));
        }
        opening
    }

    /// Tells of a host that stands still. It is asked for its state: once it goes on it answers, and is heard.
    async fn look(&self, writer: &mut OwnedWriteHalf, pulse: &mut Pulse) -> io::Result<()> {
        let Some(silent) = pulse.look() else { return Ok(()) };
        self.silent(silent, pulse).await;
        self.write(writer, &encode_control(&HostRequest::Status), pulse).await
    }

    /// A host that stands still reads nothing: that is told of while this waits for it.
    async fn write(
        &self,
        writer: &mut OwnedWriteHalf,
        frame: &[u8],
        pulse: &mut Pulse,
    ) -> io::Result<()> {
        let mut writing = std::pin::pin!(writer.write_all(frame));
        loop {
            tokio::select! {
                written = &mut writing => return written,
                () = sleep_until(pulse.next()), if pulse.looks(true) => {
                    if let Beat::Silent(silent) = pulse.beat() {
                        self.silent(silent, pulse).await;
                    }
                }
            }
        }
    }

    async fn silent(&self, Silent { why, way_out }: Silent, pulse: &Pulse) {
        // What a stranger is told reaches no host.
        self.shared.silent.store(!pulse.is_a_strangers(), Ordering::Relaxed);
        self.report.send(HostLinkEvent::Unknown { why, way_out }).await;
    }

    /// After a time of not answering it is known to live again.
    async fn lives(&self) {
        self.shared.silent.store(false, Ordering::Relaxed);
        self.report.send(HostLinkEvent::Answers { pid: self.ready.child_pid }).await;
    }

    /// The host would hang up on it, and on every connection after that.
    async fn not_sent(&mut self, request: &HostRequest, error: &FrameError) {
        let HostRequest::WriteLine { tag, .. } = request else { return };
        if let Some(line) = self.asked.settled(*tag) {
            self.report.send(HostLinkEvent::Refused { line, error: error.to_string() }).await;
        }
    }

    /// With the files that a line names in it, read beside the loop.
    async fn filled(&self, request: HostRequest) -> HostRequest {
        let HostRequest::WriteLine { tag, line } = request else { return request };
        if !line.contains(BYTES_PREFIX) {
            return HostRequest::WriteLine { tag, line };
        }
        let (dir, unfilled) = (self.dir.clone(), line.clone());
        let filled = blocking::run(Lane::Directories, move || enclosures::fill(&dir, line)).await;
        // Without a thread to read on, the agent hears of a file that it does not get.
        HostRequest::WriteLine { tag, line: filled.unwrap_or(unfilled) }
    }

    async fn take_frames(&mut self, input: &mut Input) -> Result<(), Broken> {
        let mut records = Vec::new();
        while let Some((kind, body)) = input.decoder.next_frame().map_err(nonsense)? {
            match kind {
                FrameKind::Record => {
                    let (record, _) =
                        Record::decode(&body).ok_or_else(|| nonsense("a damaged record"))?;
                    self.after = record.seq;
                    records.push(record);
                    if records.len() >= RECORD_BATCH_MAX {
                        self.report
                            .send(HostLinkEvent::Records(std::mem::take(&mut records)))
                            .await;
                    }
                }
                FrameKind::Control if !input.greeted => {
                    let hello: Hello = serde_json::from_slice(&body)
                        .map_err(|e| nonsense(format!("greeting: {e}")))?;
                    if !understands(hello.protocol) {
                        return Err(Broken::Foreign(self.foreign(&hello)));
                    }
                    input.greeted = true;
                    self.lives().await;
                    // A terminal's journal is not replayed: there is nothing to catch up with.
                    if self.kind == LaunchKind::Pty && !self.listens {
                        self.report.send(HostLinkEvent::CaughtUp).await;
                    }
                }
                FrameKind::Control => {
                    if !records.is_empty() {
                        self.report
                            .send(HostLinkEvent::Records(std::mem::take(&mut records)))
                            .await;
                    }
                    match serde_json::from_slice::<HostEvent>(&body) {
                        Ok(event) => self.take_event(event).await,
                        // A newer host may say more than this build knows.
                        Err(e) => tracing::warn!("host event not understood: {e}"),
                    }
                }
                FrameKind::Data => return Err(nonsense("terminal bytes that nobody asked for")),
            }
        }
        if !records.is_empty() {
            self.report.send(HostLinkEvent::Records(records)).await;
        }
        Ok(())
    }

    fn foreign(&self, hello: &Hello) -> String {
        let pid = self.ready.pid;
        let way_out = if hello.protocol > PROTOCOL_VERSION {
            "update nightshift to reach it again".to_owned()
        } else {
            format!("it keeps running; `kill {pid}` ends it")
        };
        format!(
            "its host (pid {pid}, nightshift {}) speaks protocol {}, this supervisor \
             {PROTOCOL_VERSION}; it is left alone: {way_out}",
            hello.build, hello.protocol
        )
    }

    async fn take_event(&mut self, event: HostEvent) {
        match event {
            HostEvent::CaughtUp { .. } => self.report.send(HostLinkEvent::CaughtUp).await,
            HostEvent::Tried { what } => self.report.send(HostLinkEvent::Tried { what }).await,
            HostEvent::Activity { line } => {
                self.report.send(HostLinkEvent::Activity { line }).await
            }
            HostEvent::Refused { tag, error } => {
                if let Some(line) = self.asked.settled(tag) {
                    self.report.send(HostLinkEvent::Refused { line, error }).await;
                }
            }
            HostEvent::Written { tag, .. } => {
                self.asked.settled(tag);
            }
            // The end is read from the exit record once the host closes the connection; this is for
            // a disk that did not take the record.
            HostEvent::Exited { exit } => self.exit = Some(exit),
            HostEvent::HookTaken
            | HostEvent::HookAnswer { .. }
            | HostEvent::Snapshot { .. }
            | HostEvent::Resized { .. }
            | HostEvent::Detached
            | HostEvent::Status { .. } => {}
        }
    }
}

/// Never waits: a host that stands still lets nobody in, and its queue may be full.
async fn connect(socket: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket).await?;
    if !ipc::peer_is_me(&stream)? {
        return Err(io::Error::other("the socket belongs to another user"));
    }
    Ok(stream)
}
