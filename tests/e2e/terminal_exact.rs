//! Attached again after 100 MB of output, the window shows the host's screen, cell by cell (A1;
//! failures 20).

use anyhow::{Context, Result, bail};
use nightshift_client::{AttachEvent, Attachment};
use nightshift_e2e::{Stage, Window, eventually};
use std::fmt::Write as _;
use std::num::NonZeroU16;
use std::path::Path;

const OUTPUT_BYTES: usize = 100 * 1024 * 1024;
/// Prints a screen with every kind of cell, after the flood.
const SCREEN: &str = "\x1b[2J\x1b[H\x1b[1;31mbold red\x1b[0m plain \x1b[3;4;38;5;208mitalic line 208\x1b[0m\r\n\
\x1b[7minverse\x1b[0m \x1b[48;2;10;20;200m\x1b[38;2;250;240;10mrgb on rgb\x1b[0m \x1b[42mgreen ground\x1b[0m\r\n\
wide: 日本語 テスト, combined: e\u{301}, box: ┌─┐│└┘, \x1b[2mdim\x1b[0m\r\n\
\x1b[10;20Hplaced\x1b[12;1Hthe-end ";
/// What the page draws: rows of runs, each with its text and how it looks.
const DRAWN: &str =
    "return [...document.querySelectorAll(\"[data-testid='terminal'] .xterm-rows > div\")]
    .map((row) => [...row.childNodes].map((run) => [run.textContent, run.className ?? '',
        run.style?.color ?? '', run.style?.backgroundColor ?? '']))";
/// xterm.js draws inverted default colours under this number.
const INVERTED_DEFAULT: u16 = 257;

/// One character and how it looks, in words.
type Cell = (String, String);

#[tokio::test]
async fn failures_20_after_100_mb_the_window_shows_the_hosts_screen() -> Result<()> {
    let stage = Stage::new()?;
    let line =
        "\x1b[1;33mwarning\x1b[0m: value is never read \x1b[34m-->\x1b[0m src/file.rs:7:9\r\n";
    std::fs::write(stage.project.join("flood"), line.repeat(OUTPUT_BYTES / line.len()))?;
    std::fs::write(stage.project.join("screen"), SCREEN)?;
    let window = stage.open().await?;
    let job =
        window.dispatch("! stty -echo; echo waits; read x; cat flood screen; exec cat").await?;
    window.row(&job, "working").await?;
    window.attach(&job).await?;
    window.reads("[data-testid='terminal']", "waits").await?;
    window.write("\n").await?;
    // Away while it prints.
    window.element("pane-close").await?.click().await?;
    window.gone("[data-testid='pane']").await?;
    let socket = socket_of(&stage, &job)?;
    eventually("the end of the output", async || {
        let host = hosts_screen(&socket).await?;
        let end = host.iter().flatten().map(|(text, _)| text.as_str()).collect::<String>();
        Ok(if end.contains("the-end") { Ok(()) } else { Err(end) })
    })
    .await?;
    window.attach(&job).await?;
    window.reads("[data-testid='terminal']", "the-end").await?;
    eventually("the same cells in window and host", async || {
        let (host, drawn) = (hosts_screen(&socket).await?, drawn_screen(&window).await?);
        for (text, look) in [("i", "italic underline 208/"), ("本", "/"), ("r", "bold 9/")] {
            let there =
                drawn.iter().flatten().any(|(t, l)| (t.as_str(), l.as_str()) == (text, look));
            anyhow::ensure!(there, "{text} is not drawn as {look}: {drawn:?}");
        }
        Ok(first_difference(&host, &drawn).map_or(Ok(()), Err))
    })
    .await?;
    window.picture("terminal-exact")?;
    window.close_session().await
}

fn socket_of(stage: &Stage, job: &str) -> Result<String> {
    let jobs = stage.processes.home.state().join("jobs");
    let ready = std::fs::read(jobs.join(job).join("ready.json"))?;
    let ready: serde_json::Value = serde_json::from_slice(&ready)?;
    Ok(ready["socket"].as_str().context("ready.json names the socket")?.to_owned())
}

/// What a second viewer that touches nothing is shown.
async fn hosts_screen(socket: &str) -> Result<Vec<Vec<Cell>>> {
    let fault = |fault| anyhow::anyhow!("{fault}");
    let mut attached = Attachment::connect(Path::new(socket), 1, 1, true).await.map_err(fault)?;
    let AttachEvent::Snapshot { cols, rows } = attached.next().await else { bail!("no snapshot") };
    let AttachEvent::Data(paint) = attached.next().await else { bail!("no painting") };
    let size = NonZeroU16::new(rows).zip(NonZeroU16::new(cols)).context("an empty screen")?;
    let mut parser = vt100::Parser::new(size.0, size.1, 0);
    parser.process(&paint);
    let screen = parser.screen();
    let row = |row| {
        let cells = (0..cols).filter_map(|col| screen.cell(row, col));
        let shown = cells.filter(|cell| !cell.is_wide_continuation());
        trimmed(shown.map(|cell| (text_of(cell), look_of(cell))).collect())
    };
    Ok((0..rows).map(row).collect())
}

fn text_of(cell: &vt100::Cell) -> String {
    if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() }
}

fn look_of(cell: &vt100::Cell) -> String {
    let (mut fg, mut bg) = (number(cell.fgcolor()), number(cell.bgcolor()));
    if cell.inverse() {
        std::mem::swap(&mut fg, &mut bg);
        let inverted = |colour: String| match colour.as_str() {
            "" => INVERTED_DEFAULT.to_string(),
            _ => colour,
        };
        (fg, bg) = (inverted(fg), inverted(bg));
    }
    // Bold text in one of the eight first colours is drawn in its bright form.
    if let (true, Ok(colour @ 0..8)) = (cell.bold(), fg.parse::<u8>()) {
        fg = (colour + 8).to_string();
    }
    words(cell.bold(), cell.dim(), cell.italic(), cell.underline(), &fg, &bg)
}

fn number(colour: vt100::Color) -> String {
    match colour {
        vt100::Color::Default => String::new(),
        vt100::Color::Idx(n) => n.to_string(),
        vt100::Color::Rgb(r, g, b) => format!("rgb({r}, {g}, {b})"),
    }
}

fn words(bold: bool, dim: bool, italic: bool, underline: bool, fg: &str, bg: &str) -> String {
    let flags = [(bold, "bold"), (dim, "dim"), (italic, "italic"), (underline, "underline")];
    let mut out = String::new();
    for (_, word) in flags.iter().filter(|(on, _)| *on) {
        write!(out, "{word} ").expect("a string takes all");
    }
    write!(out, "{fg}/{bg}").expect("a string takes all");
    out
}

async fn drawn_screen(window: &Window<'_>) -> Result<Vec<Vec<Cell>>> {
    let rows = window.client.execute(DRAWN, Vec::new()).await?;
    let rows: Vec<Vec<[String; 4]>> = serde_json::from_value(rows)?;
    Ok(rows.into_iter().map(|runs| trimmed(runs.iter().flat_map(cells_of).collect())).collect())
}

fn cells_of([text, classes, colour, ground]: &[String; 4]) -> Vec<Cell> {
    let has = |class: &str| classes.split_whitespace().any(|c| c == class);
    let of = |prefix: &str, style: &str| {
        let class = classes.split_whitespace().find_map(|c| c.strip_prefix(prefix));
        class.map_or_else(|| style.to_owned(), str::to_owned)
    };
    let (fg, bg) = (of("xterm-fg-", colour), of("xterm-bg-", ground));
    let underline = has("xterm-underline-1");
    let look = words(has("xterm-bold"), has("xterm-dim"), has("xterm-italic"), underline, &fg, &bg);
    let mut cells: Vec<Cell> = Vec::new();
    for c in text.replace('\u{a0}', " ").chars() {
        match cells.last_mut() {
            // A combining mark belongs to the character before it.
            Some((last, _)) if ('\u{300}'..'\u{370}').contains(&c) => last.push(c),
            _ => cells.push((c.to_string(), look.clone())),
        }
    }
    cells
}

/// Without the blanks behind the last thing to be seen.
fn trimmed(mut cells: Vec<Cell>) -> Vec<Cell> {
    while cells.last().is_some_and(|(text, look)| text == " " && look == "/") {
        cells.pop();
    }
    cells
}

fn first_difference(host: &[Vec<Cell>], drawn: &[Vec<Cell>]) -> Option<String> {
    if host.len() != drawn.len() {
        return Some(format!("{} rows in the host, {} drawn", host.len(), drawn.len()));
    }
    let rows = host.iter().zip(drawn).enumerate();
    rows.filter(|(_, (host, drawn))| host != drawn)
        .map(|(row, (host, drawn))| format!("row {row}: host {host:?}, drawn {drawn:?}"))
        .next()
}
