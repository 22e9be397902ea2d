//! One turn: wait, take what is ready, in the order that keeps our promises.
//!
//! Promise: child first, then peers that are here, then new ones; a peer that floods gets its share
//! and no more.
//! Must not know: what frames and output mean.

use super::{CONNECTIONS_MAX, Engine, UNFINISHED_MAX_BYTES, UNGREETED_MAX};
use crate::child::ChildIo;
use crate::connection::{Connection, Input, READ_BYTES};
use nightshift_platform::{Peer, clock};
use nightshift_protocol::{Hello, Role};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

/// Read from one peer in one turn, unless somebody new is to be let in.
const READ_TURN_BYTES: usize = 1024 * 1024;

/// Newcomers wait this long when there is no descriptor for them: the listener stays readable, and
/// asking again at once would turn in circles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Who may have something for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Signals,
    Listener,
    Terminal,
    Stdin,
    Stdout,
    Stderr,
    Connection(usize),
    /// A viewer's own terminal.
    Handed(usize),
}

impl Engine {
    pub(super) fn turn(&mut self) -> io::Result<()> {
        let ready = self.wait()?;
        let mut newcomer = false;
        for (source, flags) in &ready {
            match source {
                Source::Signals => self.on_signals(),
                Source::Listener => newcomer = true,
                Source::Terminal => self.on_terminal(*flags),
                Source::Stdin => self.flush_child_input(),
                Source::Stdout => self.on_stdout(),
                Source::Stderr => self.on_stderr(),
                Source::Handed(index) => self.on_handed_terminal(*index, *flags),
                Source::Connection(_) => {}
            }
        }
        let mut all_drained = true;
        for index in 0..self.connections.len() {
            let is_ready = ready.iter().any(|(source, _)| *source == Source::Connection(index));
            let connection = &self.connections[index];
            if newcomer || is_ready || connection.ended || connection.starved {
                all_drained &= self.read_peer(index, newcomer);
            }
        }
        if newcomer && all_drained {
            self.accept();
        }
        self.on_time(clock::monotonic());
        self.settle();
        Ok(())
    }

    /// Waits until something is ready or a deadline comes.
    fn wait(&self) -> io::Result<Vec<(Source, PollFlags)>> {
        let mut fds = Vec::with_capacity(6 + self.connections.len());
        let mut sources = Vec::with_capacity(6 + self.connections.len());
        let mut add = |source, fd, flags| {
            sources.push(source);
            fds.push(PollFd::from_borrowed_fd(fd, flags));
        };
        add(Source::Signals, self.signals.fd(), PollFlags::IN);
        if self.accept_at.is_none() {
            add(Source::Listener, self.listener.as_fd(), PollFlags::IN);
        }
        let waits = self.child_input_waits();
        match &self.child.io {
            ChildIo::Pty(pty) => {
                if let Some(master) = pty.master().filter(|_| !pty.ended) {
                    let out = if waits { PollFlags::OUT } else { PollFlags::empty() };
                    add(Source::Terminal, master.as_fd(), PollFlags::IN | out);
                }
            }
            ChildIo::Pipe(pipe) => {
                if let Some(stdin) = pipe.stdin.as_ref().filter(|_| waits) {
                    add(Source::Stdin, stdin.as_fd(), PollFlags::OUT);
                }
                for (source, from) in
                    [(Source::Stdout, &pipe.stdout), (Source::Stderr, &pipe.stderr)]
                {
                    if let Some(fd) = from.fd.as_ref().filter(|_| !self.output_waits()) {
                        add(source, fd.as_fd(), PollFlags::IN);
                    }
                }
            }
        }
        for (index, connection) in self.connections.iter().enumerate() {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, !connection.ended && !self.is_blocked(index));
            flags.set(PollFlags::OUT, connection.has_output());
            // A peer that we neither read nor write must not be in the set at all: its hang-up
            // would wake us again and again.
            if !flags.is_empty() {
                add(Source::Connection(index), connection.stream.as_fd(), flags);
            }
            if let Some(terminal) = &connection.terminal {
                let mut flags = PollFlags::empty();
                // Read even while the child reads no keys: one of them may be the detach key.
                flags.set(PollFlags::IN, true);
                flags.set(PollFlags::OUT, !terminal.out.is_empty());
                add(Source::Handed(index), terminal.fd(), flags);
            }
        }
        let timeout = self.timeout().map(timespec);
        match poll(&mut fds, timeout.as_ref()) {
            Err(rustix::io::Errno::INTR) => return Ok(Vec::new()),
            other => other?,
        };
        let revents = fds.iter().map(PollFd::revents);
        Ok(sources.into_iter().zip(revents).filter(|(_, flags)| !flags.is_empty()).collect())
    }

    /// How long to wait at most; none: for ever.
    fn timeout(&self) -> Option<Duration> {
        let served = |index: usize| self.connections[index].starved && !self.is_blocked(index);
        if self.follower_waits() || (0..self.connections.len()).any(served) {
            return Some(Duration::ZERO);
        }
        let deadlines = [
            self.ending.deadline(),
            self.activity.deadline(),
            self.draw_at,
            self.accept_at,
            self.store_at,
            self.listening.enter_at(),
        ];
        let greetings = self.connections.iter().filter(|c| !c.greeted).map(|c| c.greets_by);
        let next = deadlines.into_iter().flatten().chain(greetings).min()?;
        Some(next.saturating_sub(clock::monotonic()))
    }

    /// Reads a peer and handles its frames; true when everything it had sent was taken.
    fn read_peer(&mut self, index: usize, everything: bool) -> bool {
        let mut read = 0;
        let mut buffer = std::mem::take(&mut self.scratch);
        let drained = loop {
            self.handle_frames(index);
            let blocked = self.is_blocked(index);
            let connection = &mut self.connections[index];
            if connection.closed {
                break true;
            }
            if connection.ended {
                // Whatever could be handled was; the rest waits for the child to read its input.
                connection.closed = !blocked;
                break true;
            }
            if blocked {
                break true;
            }
            if read >= READ_TURN_BYTES && !everything {
                break false;
            }
            match connection.fill(&mut buffer[..READ_BYTES]) {
                Input::More => read += READ_BYTES,
                Input::Drained => break true,
                Input::Ended => connection.ended = true,
            }
        };
        self.scratch = buffer;
        drained
    }

    fn accept(&mut self) {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => {
                    crate::log(&format!("nobody can be let in now: {error}"));
                    self.accept_at = Some(clock::monotonic() + ACCEPT_PAUSE);
                    return;
                }
            };
            let peer = Peer::of(&stream).ok().filter(Peer::is_me);
            let welcome = stream.set_nonblocking(true).is_ok() && self.has_place();
            let Some(peer) = peer.filter(|_| welcome) else { continue };
            let caller = self.kin.caller(&peer, None);
            let mut connection = Connection::new(stream, caller);
            connection.send_hello(&Hello::new(Role::Host));
            connection.flush();
            self.connections.push(connection);
        }
    }

    /// Whether one more can be let in. The oldest that has not greeted goes for it.
    fn has_place(&mut self) -> bool {
        let silent = |connection: &Connection| !connection.greeted;
        let crowded = self.connections.iter().filter(|c| silent(c)).count() >= UNGREETED_MAX;
        if (crowded || self.connections.len() >= CONNECTIONS_MAX)
            && let Some(oldest) = self.connections.iter().position(silent)
        {
            self.connections.remove(oldest);
        }
        self.connections.len() < CONNECTIONS_MAX
    }

    /// Those go who said nothing for too long, and those whose unfinished frames are too much together.
    fn close_silent(&mut self) {
        let now = clock::monotonic();
        for connection in &mut self.connections {
            connection.closed |= !connection.greeted && now >= connection.greets_by;
        }
        let mut unfinished: usize =
            self.connections.iter().filter(|c| !c.closed).map(Connection::unfinished).sum();
        for connection in self.connections.iter_mut().filter(|c| !c.closed) {
            if unfinished <= UNFINISHED_MAX_BYTES {
                return;
            }
            // Many small ones are no reason to close them.
            if connection.unfinished() > UNFINISHED_MAX_BYTES / CONNECTIONS_MAX {
                unfinished -= connection.unfinished();
                connection.closed = true;
            }
        }
    }

    /// Ends the turn: pictures that are owed, records that are owed, bytes that can go out.
    fn settle(&mut self) {
        self.send_owed_snapshots();
        self.pump_followers();
        for connection in &mut self.connections {
            connection.flush();
        }
        self.close_silent();
        self.forget_closed_hooks();
        self.connections.retain(|connection| !connection.closed);
    }
}

pub(super) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
