//! Sessions for people: the table of `agents`, and the question that a session asks.

use crate::output::entry::{has_ended, open_need, state_word, trouble};
use crate::output::plain::{exact, exact_line, fit, one_line, width};
use nightshift_model::counted::{are, counted};
use nightshift_model::foreign::marked;
use nightshift_model::need::ALLOW_WORD;
use nightshift_model::{Millis, Need, NeedKind, PullState, State, shell};
use nightshift_protocol::SessionView;
use std::fmt::Write;

/// Widest a name gets while a line needs room too.
const NAME_COLUMNS: usize = 28;
/// Between two columns.
const GAP: &str = "  ";
/// Stands before the last words of a session whose agent takes up nothing of its repository.
const UNTRUSTED: &str = "untrusted";
const HEADER: [&str; 6] = ["ID", "STATE", "AGENT", "AGE", "NAME", "LAST WORDS"];

/// How the table may look where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns of the terminal; none cuts nothing.
    pub columns: Option<usize>,
    pub colour: bool,
}

/// The sessions as an aligned table; those that need input first, then the newest.
pub fn table(views: &[SessionView], now: Millis, look: Look) -> String {
    let mut sorted: Vec<&SessionView> = views.iter().collect();
    sorted.sort_by_key(|v| (!v.pinned, group(&v.state), std::cmp::Reverse(v.created_at)));
    let rows: Vec<[String; 6]> = sorted.iter().map(|v| row(v, now)).collect();
    let mut widths = HEADER.map(width);
    for row in &rows {
        for (at, cell) in row.iter().enumerate() {
            widths[at] = widths[at].max(width(cell));
        }
    }
    widths[4] = widths[4].min(NAME_COLUMNS);
    let before: usize = widths[..5].iter().sum::<usize>() + GAP.len() * 5;
    widths[5] = look.columns.map_or(usize::MAX, |columns| columns.saturating_sub(before));
    let mut out = String::new();
    push_row(&mut out, &HEADER.map(str::to_owned), &widths, None);
    for (view, row) in sorted.iter().zip(&rows) {
        push_row(&mut out, row, &widths, look.colour.then(|| colour(&view.state)));
    }
    out
}

fn push_row(out: &mut String, row: &[String; 6], widths: &[usize; 6], colour: Option<&str>) {
    let mut line = String::new();
    for (at, cell) in row.iter().enumerate() {
        let cell = fit(cell, widths[at]);
        let pad = match at {
            5 => 0,
            _ => widths[at] - width(&cell) + GAP.len(),
        };
        match colour {
            Some(colour) if at == 1 => line.push_str(&format!("{colour}{cell}\x1b[0m")),
            _ => line.push_str(&cell),
        }
        line.push_str(&" ".repeat(pad));
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

fn row(view: &SessionView, now: Millis) -> [String; 6] {
    [
        view.id.clone(),
        state_word(&view.state).to_owned(),
        one_line(view.agent.as_deref().unwrap_or("shell")),
        age(now.since(view.created_at)),
        exact_line(&view.name),
        last_words(view, now),
    ]
}

fn last_words(view: &SessionView, now: Millis) -> String {
    if let Some(trouble) = trouble(view) {
        let line = one_line(&view.line);
        let ends = trouble.resets.map(|at| format!("resets in {}", until(at, now)));
        let goes_on = view.continue_at.map(|at| format!("continues in {}", until(at, now)));
        let parts: Vec<String> = ends.into_iter().chain(goes_on).chain([line]).collect();
        return parts.join(" · ");
    }
    let line = match (open_need(view), &view.state) {
        (Some(need), _) => exact_line(&need.question),
        (None, State::Failed { error, .. }) => one_line(error),
        (None, _) => one_line(&view.line),
    };
    let untrusted = is_untrusted(view).then(|| UNTRUSTED.to_owned());
    let pulls = view.pull_requests.iter().filter(|pull| pull.state != PullState::Closed);
    let pulls = pulls.map(|pull| format!("#{} {}", pull.number, pull_word(pull.state)));
    untrusted
        .into_iter()
        .chain(pulls)
        .chain([line])
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" · ")
}

/// Whether its agent works without what its repository brings along.
pub fn is_untrusted(view: &SessionView) -> bool {
    view.untrusted.is_some() && !has_ended(view)
}

fn pull_word(state: PullState) -> &'static str {
    match state {
        PullState::Open => "open",
        PullState::Draft => "draft",
        PullState::Merged => "merged",
        PullState::Closed => "closed",
    }
}

/// Order of the board's groups.
fn group(state: &State) -> u8 {
    match state {
        State::NeedsInput { .. } => 0,
        State::Starting | State::Working => 1,
        State::Idle | State::Completed { .. } | State::Failed { .. } | State::Stopped => 2,
    }
}

fn colour(state: &State) -> &'static str {
    match state {
        State::Starting | State::Working => "\x1b[36m",
        State::NeedsInput { .. } => "\x1b[33m",
        State::Completed { .. } => "\x1b[32m",
        State::Failed { .. } => "\x1b[31m",
        State::Idle | State::Stopped => "\x1b[2m",
    }
}

/// The time until `at`, counted down to the second.
pub fn until(at: Millis, now: Millis) -> String {
    let seconds = at.since(now).div_ceil(1000);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// The largest whole unit of a span of time.
pub fn age(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A request with its numbered options, as `answer` counts them. What allows a request that is not shown
/// whole has no number.
pub fn request(need: &Need) -> String {
    let mut out = format!("? {}\n", exact_line(&need.question));
    // A detail that only says again what the question says is no help.
    let said = need.question.contains(need.detail.trim());
    let detail = if said { String::new() } else { exact(&need.detail) };
    if !detail.trim_ascii_end().is_empty() {
        out.push_str(&marked("  ", detail.trim_end_matches('\n')));
    }
    for (at, option) in need.options.iter().enumerate() {
        let number = if need.quick(option) { (at + 1).to_string() } else { "-".to_owned() };
        // Writing to a string cannot fail.
        writeln!(out, "  {number} {}", exact_line(&option.label)).ok();
    }
    if !need.is_whole() {
        writeln!(out, "  {}", not_whole(need)).ok(); // As above.
    }
    out
}

/// The command line that answers a request of `session`, below it.
pub fn how_to_answer(session: &str, need: &Need) -> String {
    let words = match (need.kind, need.options.is_empty(), need.is_whole()) {
        _ if need.asks_for_trust() && !need.is_whole() => "NUMBER|deny",
        (NeedKind::Permission, _, true) => "NUMBER|allow|deny",
        (NeedKind::Permission, _, false) => "allow|deny",
        (NeedKind::Question, false, true) if !need.free_text => "NUMBER",
        (NeedKind::Question, false, true) => "NUMBER|TEXT",
        (NeedKind::Question, ..) => "TEXT",
    };
    let request = exact_line(&shell::word(&need.id.0));
    format!("  answer: nightshift answer {session} --request {request} {words}\n")
}

/// How a request that is not shown whole can be answered.
pub fn not_whole(need: &Need) -> String {
    let (bytes, noun) = (need.unshown_bytes, need.noun());
    match need.kind {
        _ if need.asks_for_trust() => {
            format!(
                "{} of it {} not shown: only `nightshift trust add` trusts it",
                counted(bytes, "byte"),
                are(bytes)
            )
        }
        NeedKind::Permission => format!(
            "{} of this {noun} {} not shown: only the word `{ALLOW_WORD}` allows it, typed",
            counted(bytes, "byte"),
            are(bytes)
        ),
        NeedKind::Question => {
            format!(
                "{} of this {noun} {} not shown: type your answer",
                counted(bytes, "byte"),
                are(bytes)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_model::{Liveness, NeedId, NeedOption, OptionKind};
    use nightshift_protocol::SessionKind;

    fn view(id: &str, name: &str, state: State, line: &str, age_s: u64) -> SessionView {
        SessionView {
            id: id.into(),
            session_id: id.into(),
            name: name.into(),
            kind: SessionKind::Shell,
            agent: None,
            surface: Default::default(),
            model: None,
            permission_mode: None,
            choosing: Vec::new(),
            agent_session_id: None,
            cwd: "/".into(),
            lodging: None,
            untrusted: None,
            prompt: String::new(),
            state,
            state_since: Millis(0),
            liveness: Liveness::Gone { since: Millis(0) },
            line: line.into(),
            pull_requests: Vec::new(),
            pinned: false,
            created_at: Millis(1_000_000_000 - age_s * 1000),
            queued: 0,
            exit_code: None,
            continue_at: None,
            usage: None,
            standing: None,
            routine: None,
        }
    }

    #[test]
    fn imitation_a_request_cannot_show_options_that_it_has_not() {
        let option = |label: &str| NeedOption {
            id: label.into(),
            label: label.into(),
            kind: OptionKind::AllowOnce,
        };
        let need = Need {
            id: NeedId("1".into()),
            kind: NeedKind::Permission,
            question: "Watch: a\n  1 Deny".into(),
            detail: "a\n  1 Deny\n  2 Allow\r\n\n? Run: ls\n".into(),
            options: vec![option("Yes"), option("No\n  1 Yes"), option("  3 Yes")],
            free_text: false,
            since: Millis(0),
            unshown_bytes: 0,
            answered: None,
        };
        let expected = "\
? Watch: a‹U+000A›  1 Deny
  │ a
  │   1 Deny
  │   2 Allow
  │
  │ ? Run: ls
  1 Yes
  2 No‹U+000A›  1 Yes
  3 3 Yes
";
        assert_eq!(request(&need), expected);
    }

    #[test]
    fn the_table_is_aligned_ordered_and_harmless() {
        let need = Need {
            id: NeedId("1".into()),
            kind: NeedKind::Question,
            question: "Which\ncolour?".into(),
            detail: String::new(),
            options: Vec::new(),
            free_text: true,
            since: Millis(0),
            unshown_bytes: 0,
            answered: None,
        };
        let views = [
            view("00000001", "日本", State::Working, "\x1b[31mhalf way through a long line", 90),
            view("00000002", "b", State::NeedsInput { needs: vec![need] }, "", 7_300),
            view("00000003", "c", State::failed("no disk"), "x", 200_000),
        ];
        let look = Look { columns: Some(60), colour: false };
        let expected = "\
ID        STATE    AGENT  AGE  NAME  LAST WORDS
00000002  blocked  shell  2h   b     Which‹U+000A›colour?
00000001  working  shell  1m   日本  ‹U+001B›[31mhalf way t…
00000003  failed   shell  2d   c     no disk
";
        assert_eq!(table(&views, Millis(1_000_000_000), look), expected);
    }
}
