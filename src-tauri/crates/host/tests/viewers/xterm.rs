//! The window's terminal in a process of its own, asked what it shows.
//!
//! Must not know: what is drawn.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct Xterm {
    child: Child,
    asks: ChildStdin,
    says: BufReader<ChildStdout>,
}

/// What a terminal shows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Shown {
    /// Rows of text and look; what a wide cell covers is left out.
    pub cells: Vec<Vec<(String, String)>>,
    /// Row and column, from 0. Behind the last column when the next character wraps.
    pub cursor: (u16, u16),
    pub modes: Value,
    /// What it answered to questions.
    pub answers: String,
}

impl Xterm {
    pub fn start() -> Xterm {
        let ui = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../ui");
        let mut child = Command::new("node")
            .arg("tests/viewer.mjs")
            .current_dir(ui)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node and the UI's packages are needed; `cargo xtask` installs them");
        let asks = child.stdin.take().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        Xterm { child, asks, says }
    }

    /// What a terminal of this size shows that was just reset and then got `bytes`.
    pub fn draw(&mut self, (cols, rows): (u16, u16), bytes: &[u8]) -> Shown {
        let asked = json!({ "cols": cols, "rows": rows, "data": STANDARD.encode(bytes) });
        writeln!(self.asks, "{asked}").unwrap();
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    }
}

impl Drop for Xterm {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Shown {
    pub fn text(&self) -> Vec<String> {
        let row = |cells: &Vec<(String, String)>| {
            cells.iter().map(|(text, _)| text.as_str()).collect::<String>().trim_end().to_owned()
        };
        let mut rows: Vec<String> = self.cells.iter().map(row).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    /// Without what the host's cells cannot hold.
    pub fn kept(&self) -> Shown {
        let mut kept = self.clone();
        for (_, look) in kept.cells.iter_mut().flatten() {
            *look = look.replace("blink ", "").replace("invisible ", "");
        }
        kept
    }

    /// The first thing that is seen of one and not of the other, in words.
    pub fn difference(&self, other: &Shown) -> Option<String> {
        for (y, (a, b)) in self.cells.iter().zip(&other.cells).enumerate() {
            if let Some(x) = (0..a.len().max(b.len())).find(|&x| a.get(x) != b.get(x)) {
                return Some(format!("row {y}, cell {x}: {:?} and {:?}", a.get(x), b.get(x)));
            }
        }
        if self.cursor != other.cursor {
            return Some(format!("cursor {:?} and {:?}", self.cursor, other.cursor));
        }
        (self.modes != other.modes).then(|| format!("modes {} and {}", self.modes, other.modes))
    }
}
