//! Those who follow the journal: live from memory when they keep up, else paced from the disk.
//!
//! Promise: a slow follower costs a bounded queue and never a record; each record comes once and
//! in order.
//! Must not know: what the records mean.

use super::Engine;
use crate::connection::{Connection, Follower};
use crate::journal::{self, Appended, Writer};
use nightshift_protocol::{FrameKind, HostEvent, RecordKind};

/// Records from disk to one follower in one turn: others get their turn too.
const RECORDS_PER_TURN: usize = 256;

impl Engine {
    pub(super) fn follow(&mut self, index: usize, after: u64, marks_only: bool) {
        let reader = journal::read(&self.dir, after);
        self.connections[index].follower =
            Some(Follower { after, live: false, marks_only, told: false, reader });
    }

    /// A new record: to those who have all before it and read what they get.
    pub(super) fn hand_to_followers(&mut self, appended: &Appended) {
        for connection in &mut self.connections {
            let room = connection.follower_has_room();
            let Some(follower) = &mut connection.follower else { continue };
            if follower.live && room && follower.after + 1 == appended.seq {
                follower.after = appended.seq;
                if follower.marks_only && !is_mark(appended.kind) {
                    continue;
                }
                connection.send(FrameKind::Record, &appended.encoded);
            }
        }
    }

    /// More records from disk to those who are behind and have room.
    pub(super) fn pump_followers(&mut self) {
        for connection in &mut self.connections {
            connection.flush();
            pump(connection, &self.dir, &self.journal);
        }
    }

    /// Some follower is behind although it has room: the next turn must not wait.
    pub(super) fn follower_waits(&self) -> bool {
        let last = self.journal.last_seq();
        self.connections.iter().any(|connection| {
            let behind = connection.follower.as_ref().is_some_and(|f| f.after < last);
            behind && connection.follower_has_room()
        })
    }
}

/// What a follower of marks gets beside nothing else: they are few, a terminal's output is much.
fn is_mark(kind: RecordKind) -> bool {
    matches!(kind, RecordKind::Mark | RecordKind::In)
}

fn pump(connection: &mut Connection, dir: &std::path::Path, journal: &Writer) {
    let last = journal.last_seq();
    let Some(mut follower) = connection.follower.take() else { return };
    // Live records went by without this reader: it has to find its place again.
    if follower.live && follower.after < last {
        follower.reader = journal::read(dir, follower.after);
        follower.live = false;
    }
    for _ in 0..RECORDS_PER_TURN {
        if follower.after >= last || !connection.follower_has_room() {
            break;
        }
        match follower.reader.next() {
            // It came from memory while it waited for the disk.
            Some(record) if record.seq <= follower.after => {}
            Some(record) => {
                follower.after = record.seq;
                if !follower.marks_only || is_mark(record.kind) {
                    connection.send(FrameKind::Record, &record.encode());
                }
            }
            None => match journal.waiting_after(follower.after) {
                Some(waiting) => {
                    follower.after = waiting.seq;
                    if !follower.marks_only || is_mark(waiting.kind) {
                        connection.send(FrameKind::Record, &waiting.encoded);
                    }
                }
                // The rest is lost; waiting for it would be for ever.
                None => follower.after = last,
            },
        }
    }
    follower.live = follower.after >= last;
    if follower.live && !follower.told {
        follower.told = true;
        connection.send_event(&HostEvent::CaughtUp { seq: last });
    }
    connection.follower = Some(follower);
}
