//! `nightshift answer`: answers a permission request or a question.

use crate::check;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::entry::Entry;
use crate::output::plain::{exact_line, one_line};
use crate::output::table::not_whole;
use nightshift_client::dispatch_environment;
use nightshift_model::answering::{Unmeant, meant};
use nightshift_model::need::ALLOW_WORD;
use nightshift_model::{Answer, Need, NeedId, NeedKind, State};
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode, calls};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// An option's number (from 1), `allow`, `deny`, or the answer itself.
    #[arg(value_name = "NUMBER|allow|deny|TEXT", allow_hyphen_values = true)]
    answer: String,
    /// The request that this answers, as `agents --json` names it in `pending.id`. Without it the session
    /// must ask one thing only, and not only just now.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let words = check::text(&args.answer, "answer")?;
    let client = here.client().await?;
    let view = client.ask(calls::Show { session: args.session }).await?;
    let named = args.request.map(NeedId);
    let (need, answer, question) = match &view.state {
        State::NeedsInput { needs } if !is_gone(needs, named.as_ref()) => {
            let need = asked(&view.id, needs, named.as_ref())?;
            (Some(need.id.clone()), understand(need, &words)?, Some(exact_line(&need.question)))
        }
        // The supervisor says what became of the request.
        _ => (named, Answer::Text { text: words }, None),
    };
    // By its id from here on: a name may change meanwhile.
    let session = view.id.clone();
    // What waits for trust starts with the answer.
    let env = dispatch_environment();
    let call = calls::Answer { session, need: need.clone(), answer, shown_ms: None, env };
    let answered = client.ask(call).await;
    let view = answered.map_err(|fault| unheard(fault, &view.id, need.as_ref()))?;
    let line = match question {
        Some(question) => format!("answered · {} · {} · {question}", view.id, one_line(&view.name)),
        None => format!("answered · {} · {}", view.id, one_line(&view.name)),
    };
    here.say(&Entry::of(&view), &line)
}

/// Where nobody knows whether the answer counted: the next request must not get it.
fn unheard(fault: Fault, session: &str, need: Option<&NeedId>) -> Fault {
    match need {
        Some(NeedId(need)) if fault.code == FaultCode::Unreachable => {
            let hint = format!(
                "check with `nightshift why {session}`; if it does not have the answer, repeat it with \
                 `--request {need}`: then no other request can get it"
            );
            fault.hint(hint)
        }
        Some(_) | None => fault,
    }
}

/// What is meant is not open any more.
fn is_gone(needs: &[Need], named: Option<&NeedId>) -> bool {
    meant(needs, named, None, clock::now()) == Err(Unmeant::Gone)
}

/// The request that is meant: what a number counts depends on it, so it is named from here on.
fn asked<'a>(session: &str, needs: &'a [Need], named: Option<&NeedId>) -> Result<&'a Need, Fault> {
    let found = meant(needs, named, None, clock::now()).map(|index| needs.get(index));
    found.and_then(|need| need.ok_or(Unmeant::Gone)).map_err(|unmeant| {
        Fault::new(FaultCode::Refused, unmeant.message(session)).hint(unmeant.hint(session))
    })
}

/// What the words mean for this request. The supervisor checks whether it can be answered so.
pub fn understand(need: &Need, words: &str) -> Result<Answer, Fault> {
    let words = words.trim();
    if let Ok(number) = words.parse::<usize>()
        // `01` or `+1` is no number that stands beside an option.
        && number.to_string() == words
        && !need.options.is_empty()
    {
        let option =
            number.checked_sub(1).and_then(|at| need.options.get(at)).ok_or_else(|| {
                let count = need.options.len();
                let message = format!("this {} has no option {number}", need.noun());
                Fault::new(FaultCode::Invalid, message).hint(format!("choose 1 to {count}"))
            })?;
        if !need.quick(option) {
            let hint = "read it in its conversation first (`nightshift logs`); to deny it, `deny`";
            return Err(Fault::new(FaultCode::Refused, not_whole(need)).hint(hint));
        }
        return Ok(Answer::Option { id: option.id.clone() });
    }
    Ok(match (need.kind, words) {
        // Typed, it is more than a key that was pressed.
        (NeedKind::Permission, ALLOW_WORD) if !need.is_whole() => {
            Answer::Text { text: words.to_owned() }
        }
        (NeedKind::Permission, "allow") => Answer::Allow,
        (NeedKind::Permission, "deny") => Answer::Deny,
        (NeedKind::Permission | NeedKind::Question, _) => Answer::Text { text: words.to_owned() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_model::{Millis, NeedOption, OptionKind};

    fn need(kind: NeedKind, options: &[&str]) -> Need {
        let option = |label: &&str| NeedOption {
            id: format!("id-{label}"),
            label: (*label).to_owned(),
            kind: OptionKind::Choice,
        };
        Need {
            id: NeedId("1".into()),
            kind,
            question: "?".into(),
            detail: String::new(),
            options: options.iter().map(option).collect(),
            free_text: true,
            since: Millis(0),
            unshown_bytes: 0,
            answered: None,
        }
    }

    #[test]
    fn security_04_no_number_allows_what_is_not_shown_whole() {
        let mut part = need(NeedKind::Permission, &["Yes", "No"]);
        part.options[0].kind = OptionKind::AllowOnce;
        part.options[1].kind = OptionKind::RejectOnce;
        part.free_text = false;
        let part = part.missing(9);
        let fault = understand(&part, "1").unwrap_err();
        assert_eq!(fault.code, FaultCode::Refused);
        assert!(fault.to_string().contains("9 bytes"), "{fault}");
        let no = Answer::Option { id: "id-No".into() };
        assert_eq!(understand(&part, "2").unwrap(), no);
        let typed = understand(&part, "allow").unwrap();
        assert_eq!(part.resolve(&typed), Ok(Answer::Option { id: "id-Yes".into() }));
        assert_eq!(part.resolve(&understand(&part, "deny").unwrap()), Ok(no));
        for words in ["yes", "Yes", "ALWAYS", "1 "] {
            let refused = understand(&part, words).and_then(|answer| {
                part.resolve(&answer).map_err(|why| Fault::new(FaultCode::Refused, why))
            });
            assert!(refused.is_err(), "{words}");
        }
    }

    #[test]
    fn numbers_count_options_from_one_and_words_depend_on_the_kind() {
        let option = |id: &str| Some(Answer::Option { id: id.into() });
        let text = |text: &str| Some(Answer::Text { text: text.into() });
        let permission = need(NeedKind::Permission, &["Yes", "No"]);
        let question = need(NeedKind::Question, &["Red", "Blue"]);
        let open = need(NeedKind::Question, &[]);
        for (need, words, expected) in [
            (&permission, "1", option("id-Yes")),
            (&permission, " 2 ", option("id-No")),
            (&permission, "0", None),
            (&permission, "01", text("01")),
            (&permission, "+1", text("+1")),
            (&permission, "3", None),
            (&permission, "allow", Some(Answer::Allow)),
            (&permission, "deny", Some(Answer::Deny)),
            (&permission, "Yes", text("Yes")),
            (&question, "2", option("id-Blue")),
            (&question, "allow", text("allow")),
            (&open, "42", text("42")),
        ] {
            assert_eq!(understand(need, words).ok(), expected, "{words}");
        }
    }
}
