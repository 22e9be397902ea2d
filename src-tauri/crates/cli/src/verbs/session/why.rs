//! `nightshift why`: the evidence behind a session's state, oldest first.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::{exact_line, one_line};
use crate::output::table::age;
use crate::output::wrap::Wrap;
use crate::terminal;
use nightshift_model::evidence::HOOKS_LEFT_OUT;
use nightshift_model::{Evidence, Source};
use nightshift_platform::clock;
use nightshift_protocol::calls;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let evidence = client.ask(calls::Why { session: args.session }).await?;
    if here.json {
        print_json(&evidence)?;
    } else {
        let text: String =
            counted(&evidence).iter().map(|(one, times)| line(one, *times)).collect();
        print(&Wrap::new(terminal::columns()).rows(&text))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is noted at each act stands once, where it was noted last, with how often.
fn counted(evidence: &[Evidence]) -> Vec<(&Evidence, usize)> {
    let repeats = |one: &Evidence| one.text == HOOKS_LEFT_OUT;
    let times = evidence.iter().filter(|one| repeats(one)).count();
    let last = evidence.iter().rposition(repeats);
    let shown = evidence.iter().enumerate().filter(|(at, one)| !repeats(one) || Some(*at) == last);
    shown.map(|(_, one)| (one, if repeats(one) { times } else { 1 })).collect()
}

fn line(evidence: &Evidence, times: usize) -> String {
    let ago = age(clock::now().since(evidence.at));
    let source = match evidence.source {
        Source::User => "you",
        Source::Protocol => "protocol",
        Source::Hook => "hook",
        Source::Terminal => "terminal",
        Source::Marker => "marker",
        Source::ClosingQuestion => "closing question",
        Source::Process => "process",
        Source::Supervisor => "supervisor",
    };
    let (state, text) = (one_line(&evidence.state), exact_line(&evidence.text));
    let text = if times > 1 { format!("{text} ({times} times)") } else { text };
    format!("{:>8}  {state:<12}  {source:<16}  {text}\n", format!("{ago} ago"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_model::Millis;

    #[test]
    fn small_truths_what_is_noted_at_each_act_is_shown_once() {
        let seen = |at, text: &str| Evidence {
            at: Millis(at),
            source: Source::Supervisor,
            state: "done".into(),
            text: text.into(),
        };
        let all = [seen(1, HOOKS_LEFT_OUT), seen(2, "x"), seen(3, HOOKS_LEFT_OUT), seen(4, "x")];
        let shown: Vec<_> = counted(&all).into_iter().map(|(one, n)| (one.at.0, n)).collect();
        assert_eq!(shown, [(2, 1), (3, 2), (4, 1)]);
        let text = line(&all[2], 2);
        assert!(text.ends_with("runs none of them (2 times)\n"), "{text}");
        let forged = line(&seen(5, "a\n  1s ago  done"), 1);
        assert!(forged.ends_with("a‹U+000A›  1s ago  done\n"), "{forged}");
    }
}
