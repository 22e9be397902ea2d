//! Making anew what was deleted under a running host: its directory, documents, journal, socket.
//!
//! Promise: only what is missing is made; the session itself notices nothing. What the disk no longer
//! has and nobody holds open is lost and stays lost.
//! Must not know: who deleted it, who asks.

use super::{Engine, reserve_exit};
use nightshift_platform::files::write_durably;
use nightshift_platform::ipc;
use nightshift_protocol::launch::{LAUNCH_FILE, READY_FILE};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

type Step = fn(&mut Engine) -> io::Result<()>;

impl Engine {
    /// Does what it can; what it cannot do is in the log, and may be asked for again.
    pub(super) fn restore(&mut self) {
        let steps: [(&str, Step); 5] = [
            ("directory", Engine::restore_directory),
            ("journal", |engine| engine.journal.restore()),
            (LAUNCH_FILE, Engine::restore_launch),
            ("socket", Engine::restore_socket),
            // Last: whoever sees it takes the rest for complete.
            (READY_FILE, Engine::restore_ready),
        ];
        for (what, step) in steps {
            if let Err(error) = step(self) {
                crate::log(&format!("{}: {what} not restored: {error}", self.dir.display()));
                return;
            }
        }
    }

    fn restore_directory(&mut self) -> io::Result<()> {
        if self.dir.exists() {
            return Ok(());
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        reserve_exit(&self.dir);
        Ok(())
    }

    fn restore_launch(&mut self) -> io::Result<()> {
        let path = self.dir.join(LAUNCH_FILE);
        if path.exists() {
            return Ok(());
        }
        write_durably(&path, &serde_json::to_vec_pretty(&self.launch)?)
    }

    fn restore_socket(&mut self) -> io::Result<()> {
        let path = Path::new(&self.launch.socket);
        if ipc::socket_id(path).is_ok_and(|id| id == self.socket) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        let (listener, socket) = crate::listen(&self.launch.socket)?;
        self.listener = listener;
        self.socket = socket;
        Ok(())
    }

    fn restore_ready(&mut self) -> io::Result<()> {
        if self.dir.join(READY_FILE).exists() {
            return Ok(());
        }
        crate::write_ready(&self.dir, self)
    }
}
