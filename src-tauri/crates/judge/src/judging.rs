//! One judgement: the question framed, asked, read, asked once more if it could not be read, and set
//! against the checks.

use crate::answer;
use crate::call::Call;
use crate::evaluator::{Ask, Completion, Evaluator, Provider, Repair};
use crate::fixed;
use crate::frame::{self, Prompt};
use crate::question::Question;
use crate::trouble::{Trouble, TroubleKind};
use crate::usage::Usage;
use crate::verdict::{Verdict, by_checks, decide};

/// A verdict and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Never met while a check has failed.
    pub verdict: Verdict,
    pub provider: Provider,
    pub model: String,
    pub usage: Usage,
    /// Entries of the transcript that the judge did not see.
    pub left_out: usize,
    /// The first answer could not be read.
    pub repaired: bool,
}

/// A goal without words is judged by its checks, and needs no evaluator. None when it has words, or
/// no checks.
pub fn judge_by_checks(question: &Question) -> Option<Judgement> {
    let has_words = !question.condition.trim().is_empty();
    let verdict = by_checks(&question.checks).filter(|_| !has_words)?;
    Some(by_rules(verdict, Provider::Checks, question))
}

fn by_rules(verdict: Verdict, provider: Provider, question: &Question) -> Judgement {
    Judgement {
        verdict: decide(verdict, &question.checks),
        provider,
        model: "rules".to_owned(),
        usage: Usage { cost_usd_micros: Some(0), ..Usage::default() },
        left_out: 0,
        repaired: false,
    }
}

/// What was understood, after how many tries.
pub(crate) struct Understood<T> {
    pub value: T,
    pub usage: Usage,
    pub repaired: bool,
}

/// Judges. Blocks until there is a verdict or a trouble, the call's deadline at the latest.
pub fn judge(
    evaluator: &Evaluator,
    question: &Question,
    call: &Call<'_>,
) -> Result<Judgement, Trouble> {
    if question.condition.trim().is_empty() {
        let nothing =
            || Trouble::new(TroubleKind::Refused, "the goal has neither words nor checks");
        let verdict = by_checks(&question.checks).ok_or_else(nothing)?;
        return Ok(by_rules(verdict, Provider::Checks, question));
    }
    if evaluator.is_fixed() {
        return Ok(by_rules(fixed::judge(question), evaluator.provider(), question));
    }
    let window = evaluator.window_tokens();
    let mut spent = Usage::default();
    let mut prompt = frame::verdict(question, window)?;
    let mut understood = consult(evaluator, &prompt, answer::verdict, call);
    if let Err(trouble) = &understood
        && trouble.kind == TroubleKind::ContextOverflow
    {
        // The window was taken for larger than it is: once more with half of it.
        spent += trouble.usage;
        prompt = frame::verdict(question, window / 2)?;
        understood = consult(evaluator, &prompt, answer::verdict, call);
    }
    match understood {
        Ok(Understood { value, usage, repaired }) => {
            spent += usage;
            Ok(Judgement {
                verdict: decide(value, &question.checks),
                provider: evaluator.provider(),
                model: evaluator.model().to_owned(),
                usage: spent,
                left_out: prompt.left_out,
                repaired,
            })
        }
        Err(mut trouble) => {
            spent += trouble.usage;
            trouble.usage = spent;
            Err(trouble)
        }
    }
}

/// Asks; an answer that cannot be read is asked for again once, and never more.
pub(crate) fn consult<T>(
    evaluator: &Evaluator,
    prompt: &Prompt,
    read: impl Fn(&str) -> Result<T, String>,
    call: &Call<'_>,
) -> Result<Understood<T>, Trouble> {
    let mut usage = Usage::default();
    let first = ask(evaluator, prompt, None, call, &mut usage)?;
    let why = match read(&first.text) {
        Ok(value) => return Ok(Understood { value, usage, repaired: false }),
        Err(why) => why,
    };
    let repair = Repair { answer: first.text, why };
    let second = ask(evaluator, prompt, Some(&repair), call, &mut usage)?;
    match read(&second.text) {
        Ok(value) => Ok(Understood { value, usage, repaired: true }),
        Err(why) => {
            let why = second.stopped.unwrap_or(&why);
            let message = format!(
                "{} ({}) twice gave no answer that could be read: {why}",
                evaluator.provider().id(),
                evaluator.model()
            );
            let mut trouble = Trouble::new(TroubleKind::NotUnderstood, message);
            trouble.usage = usage;
            Err(trouble)
        }
    }
}

fn ask(
    evaluator: &Evaluator,
    prompt: &Prompt,
    repair: Option<&Repair>,
    call: &Call<'_>,
    usage: &mut Usage,
) -> Result<Completion, Trouble> {
    call.left()?;
    match evaluator.complete(&Ask { prompt, repair }, call) {
        Ok(completion) => {
            *usage += completion.usage;
            Ok(completion)
        }
        Err(mut trouble) => {
            *usage += trouble.usage;
            trouble.usage = *usage;
            Err(trouble)
        }
    }
}
