//! The words of a notification: the real question or result, cut to what a bubble shows, harmless.
//!
//! Promise: no control or invisible format character is left; what was cut is marked and known to
//! have been cut, so that nobody allows what was not shown.

use nightshift_model::naming::one_line;
use nightshift_model::{Answer, Need, NeedKind};
use nightshift_protocol::NotificationButton;

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
        text = format!("{text}\n{}", need.detail);
    }
    if need.kind == NeedKind::Question && !need.options.is_empty() {
        let labels: Vec<&str> = need.options.iter().map(|o| o.label.as_str()).collect();
        text = format!("{text}\n{}", labels.join(" · "));
    }
    body(&text)
}

/// Lines without control characters, empty ones left out, cut to what is shown.
pub fn body(text: &str) -> Body {
    let mut lines = Vec::new();
    let mut left = BODY_MAX_CHARS;
    let mut whole = true;
    for line in text.lines() {
        let clean = one_line(line, usize::MAX);
        if clean.is_empty() {
            continue;
        }
        if lines.len() == BODY_MAX_LINES || left == 0 {
            whole = false;
            break;
        }
        let cut = one_line(&clean, left);
        left = left.saturating_sub(cut.chars().count());
        whole &= cut == clean;
        lines.push(cut);
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
            ("\u{1b}[31mred\u{7}\r\nx", "[31mred\nx".to_owned(), true),
            ("\u{202e}evil\u{200b}", "evil".to_owned(), true),
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
        assert_eq!(need(&permission("make all")).text, "Run: make\nmake all");
        assert_eq!(need(&permission(" make ")).text, "Run: make");
        assert_eq!(labels(&permission(&"; rm -rf ~ ".repeat(60))), "Deny");
        let mut unanswerable = permission("");
        unanswerable.options.clear();
        assert_eq!(labels(&unanswerable), "");
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
