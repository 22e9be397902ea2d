//! The words of a notification: the real question or result, cut to what a bubble shows, harmless.
//!
//! Promise: what is invisible is shown by its number; what was cut is marked and known to have been cut,
//! so that nobody allows what was not shown.

use nightshift_model::foreign::MARK;
use nightshift_model::naming::one_line;
use nightshift_model::visible::{visible, visible_line};
use nightshift_model::{Answer, Need, NeedKind};
use nightshift_protocol::NotificationButton;
use std::borrow::Cow;

/// Most servers show less.
const TITLE_MAX_CHARS: usize = 100;
/// What a bubble shows without becoming a page.
const BODY_MAX_CHARS: usize = 400;
const BODY_MAX_LINES: usize = 8;
/// More choices than this do not fit beside each other.
const CHOICES_MAX: usize = 3;
const LABEL_MAX_CHARS: usize = 24;

/// Text, and whether it is all there was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    pub text: String,
    pub whole: bool,
}

/// The session's name and what is with it.
pub fn title(name: &str, what: &str) -> String {
    let name = one_line(name, TITLE_MAX_CHARS);
    if what.is_empty() { name } else { format!("{name} {what}") }
}

pub fn asks(need: &Need) -> &'static str {
    match need.kind {
        NeedKind::Permission => "needs permission",
        NeedKind::Question => "asks",
    }
}

/// The question, what there is to read before answering, and the choices.
pub fn need(need: &Need) -> Body {
    let mut text = need.question.clone();
    // A command that the question names whole is not told twice.
    if !need.question.trim().ends_with(need.detail.trim()) {
        // None of its lines can be taken for the choices below.
        let lines = need.detail.lines().filter(|line| !line.trim().is_empty());
        let marked: String = lines.map(|line| format!("\n{MARK}{line}")).collect();
        text.push_str(&marked);
    }
    if need.kind == NeedKind::Question && !need.options.is_empty() {
        let labels: Vec<_> = need.options.iter().map(|o| visible_line(&o.label)).collect();
        text = format!("{text}\n{}", labels.join(" · "));
    }
    let body = cut(&text, |line| visible(line.trim_end()));
    Body { whole: body.whole && need.is_whole(), ..body }
}

/// Lines with nothing invisible, empty ones left out, cut to what is shown.
pub fn body(text: &str) -> Body {
    cut(text, |line| one_line(line, usize::MAX).into())
}

/// The lines of `text` as `shown` has them, cut to what a bubble shows.
fn cut(text: &str, shown: impl Fn(&str) -> Cow<'_, str>) -> Body {
    let mut lines: Vec<String> = Vec::new();
    let mut left = BODY_MAX_CHARS;
    let mut whole = true;
    for line in text.split('\n') {
        let clean = shown(line);
        if clean.trim().is_empty() {
            continue;
        }
        if lines.len() == BODY_MAX_LINES || left == 0 {
            whole = false;
            break;
        }
        let chars = clean.chars().count();
        whole &= chars <= left;
        lines.push(match chars <= left {
            true => clean.into_owned(),
            false => clean.chars().take(left.saturating_sub(1)).chain(['…']).collect(),
        });
        left = left.saturating_sub(chars);
    }
    let mut text = lines.join("\n");
    if !whole && !text.ends_with('…') {
        text.push('…');
    }
    Body { text, whole }
}

/// The buttons that answer `need`. What cannot be read in full can be denied and not allowed.
pub fn buttons(need: &Need) -> Vec<NotificationButton> {
    let whole = self::need(need).whole;
    let button = |label: &str, answer: Answer| NotificationButton {
        label: one_line(label, LABEL_MAX_CHARS),
        answer,
    };
    let wanted = match need.kind {
        NeedKind::Permission => {
            let allow = whole.then(|| button("Allow", Answer::Allow));
            allow.into_iter().chain([button("Deny", Answer::Deny)]).collect()
        }
        NeedKind::Question if whole && need.options.len() <= CHOICES_MAX => {
            let choice = |o: &nightshift_model::NeedOption| {
                button(&o.label, Answer::Option { id: o.id.clone() })
            };
            need.options.iter().map(choice).collect()
        }
        NeedKind::Question => Vec::new(),
    };
    wanted.into_iter().filter(|b: &NotificationButton| need.resolve(&b.answer).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_model::{Millis, NeedId, NeedOption, OptionKind};

    fn permission(detail: &str) -> Need {
        let option = |id: &str, kind| NeedOption { id: id.into(), label: id.into(), kind };
        Need {
            id: NeedId("need-1".into()),
            kind: NeedKind::Permission,
            question: "Run: make".into(),
            detail: detail.into(),
            options: vec![
                option("yes", OptionKind::AllowOnce),
                option("no", OptionKind::RejectOnce),
            ],
            free_text: false,
            since: Millis(1),
            unshown_bytes: 0,
            answered: None,
        }
    }

    #[test]
    fn hostile_text_becomes_short_plain_lines() {
        let long = "x".repeat(500);
        let many = "line\n".repeat(20);
        for (text, expected, whole) in [
            ("fine\n\n  two ", "fine\ntwo".to_owned(), true),
            ("\u{1b}[31mred\u{7}\r\nx", "‹U+001B›[31mred‹U+0007›\nx".to_owned(), true),
            ("\u{202e}evil\u{200b}", "‹U+202E›evil‹U+200B›".to_owned(), true),
            ("<b>not bold</b> &amp;", "<b>not bold</b> &amp;".to_owned(), true),
            (&long, format!("{}…", "x".repeat(399)), false),
            (&many, format!("{}…", ["line"; 8].join("\n")), false),
            ("", String::new(), true),
        ] {
            assert_eq!(body(text), Body { text: expected, whole }, "{text:?}");
        }
    }

    #[test]
    fn nobody_allows_what_was_not_shown() {
        let labels =
            |need: &Need| buttons(need).into_iter().map(|b| b.label).collect::<Vec<_>>().join(" ");
        assert_eq!(labels(&permission("make all")), "Allow Deny");
        assert_eq!(need(&permission("make all")).text, "Run: make\n│ make all");
        assert_eq!(need(&permission(" make ")).text, "Run: make");
        assert_eq!(labels(&permission(&"; rm -rf ~ ".repeat(60))), "Deny");
        let mut unanswerable = permission("");
        unanswerable.options.clear();
        assert_eq!(labels(&unanswerable), "");
    }

    #[test]
    fn security_04_a_part_is_never_allowed_from_a_notification() {
        let labels = |need: &Need| Vec::from_iter(buttons(need).into_iter().map(|b| b.label));
        assert_eq!(labels(&permission("make").missing(1)), ["Deny"]);
        let choice = NeedOption { id: "a".into(), label: "A".into(), kind: OptionKind::Choice };
        let question =
            Need { kind: NeedKind::Question, options: vec![choice], ..permission("make") };
        assert_eq!(labels(&question), ["A"]);
        assert_eq!(labels(&question.missing(1)), [""; 0]);
        // Every line counts, and so does every blank within one.
        assert_eq!(labels(&permission(&"x\n".repeat(BODY_MAX_LINES))), ["Deny"]);
        assert_eq!(need(&permission("echo  'a  b'")).text, "Run: make\n│ echo  'a  b'");
    }

    #[test]
    fn security_16_what_is_invisible_is_shown_in_a_notification_and_takes_room() {
        let hidden = need(&permission("rm \u{202e}x\r"));
        assert_eq!(hidden.text, "Run: make\n│ rm ‹U+202E›x");
        let many = permission(&"\u{200b}".repeat(60));
        assert!(!need(&many).whole && buttons(&many).len() == 1);
        assert_eq!(title("a\u{2066}b", "asks"), "a‹U+2066›b asks");
    }

    #[test]
    fn imitation_no_line_of_a_request_passes_for_its_choices() {
        let choice = |label: &str| NeedOption {
            id: label.into(),
            label: label.into(),
            kind: OptionKind::Choice,
        };
        let question = Need {
            kind: NeedKind::Question,
            options: vec![choice("Red\nBlue"), choice("Green")],
            ..permission("Blue · Green\n\n  x")
        };
        let expected = "Run: make\n│ Blue · Green\n│   x\nRed‹U+000A›Blue · Green";
        assert_eq!(need(&question).text, expected);
    }

    #[test]
    fn a_few_choices_become_buttons() {
        let choice = |label: &str| NeedOption {
            id: format!("id-{label}"),
            label: label.into(),
            kind: OptionKind::Choice,
        };
        let mut question = Need { kind: NeedKind::Question, ..permission("") };
        question.question = "Which colour?".into();
        question.options = vec![choice("Red"), choice("Blue")];
        let buttons_of = buttons(&question);
        assert_eq!(buttons_of[1].answer, Answer::Option { id: "id-Blue".into() });
        assert_eq!(need(&question).text, "Which colour?\nRed · Blue");
        question.options = ["a", "b", "c", "d"].map(choice).into();
        assert_eq!(buttons(&question), []);
    }
}
