/**
 * A reply that a person would likely give, made by rule from what the agent asked last.
 *
 * Promise: pure, no model call; nothing is suggested where a guess would be rude or dangerous: never
 * a permission. Must not know: the DOM, how a suggestion is shown.
 */
import type { Need, SessionView } from "../backend/api";
import { oneLine } from "./text";

/** A longer question is an essay; a guess at its answer would be noise. */
const QUESTION_MAX_CHARS = 400;
/** A longer choice is no choice between words. */
const CHOICE_MAX_CHARS = 60;

/** Questions that a yes answers, with what follows as the thing agreed to. */
const OFFERS = [
  /^(?:shall|should|can|may|could) (?:i|we) (?:also |now |then |please )?(.+)\?$/i,
  /^(?:do|would) you (?:want|like) (?:me|us) to (.+)\?$/i,
  /^(?:want|ok|okay)(?: for)? me to (.+)\?$/i,
];
const YES_NO = /^(?:is|are|does|do|did|was|were|has|have|will|would|ok|okay|right|correct|agreed)\b/i;
const CHOICE =
  /^(?:.*?\b(?:prefer|want|use|choose|pick|keep|be|rather|like|:|,)\s+)?(?:either\s+)?(.+?),? or (?:rather |instead )?(.+?)\?$/i;

export function suggestedReply(view: SessionView): string {
  const { state } = view;
  if (view.kind !== "agent") return "";
  switch (state.type) {
    case "needs_input": {
      const need = state.needs[0];
      return need && need.freeText && !need.answered ? answerTo(need) : "";
    }
    case "failed":
      return state.trouble === null ? "Try again." : "";
    case "idle":
    case "stopped":
      // One that wakes by itself needs no push.
      return view.standing === null ? "Continue where you left off." : "";
    case "completed":
      return offered(closingQuestion(state.result));
    default:
      return "";
  }
}

function answerTo(need: Need): string {
  const recommended = need.options.find((option) => /\brecommended\b/i.test(option.label));
  const option = recommended ?? need.options[0];
  if (option) return oneLine(option.label.replace(/\s*\(?recommended\)?\s*/i, " "));
  return offered(closingQuestion(need.question) || closingQuestion(need.detail));
}

/** The last sentence, if it asks something. */
export function closingQuestion(text: string): string {
  const plain = oneLine(text.replace(/[*_`#>]/g, "")).replace(/\s+/g, " ");
  if (!plain.endsWith("?")) return "";
  const from = Math.max(
    ...[". ", "! ", "? ", ": "]
      .map((end) => plain.lastIndexOf(end, plain.length - 2) + end.length)
      .filter((at) => at > 1),
    0,
  );
  const question = plain.slice(from).trim();
  return question.length > QUESTION_MAX_CHARS ? "" : question;
}

function offered(question: string): string {
  if (question === "") return "";
  const choice = CHOICE.exec(question);
  if (choice?.[1] && choice[1].length <= CHOICE_MAX_CHARS && !OFFERS.some((offer) => offer.test(question))) {
    return capital(lastWords(choice[1]));
  }
  for (const offer of OFFERS) {
    const what = offer.exec(question)?.[1];
    if (what) return `Yes, ${what.replace(/,? or (?:not|leave it|something else)$/i, "").split(/,? or /)[0] ?? what}.`;
  }
  return YES_NO.test(question) ? "Yes." : "";
}

/** `Should it be red` names `red`. */
function lastWords(text: string): string {
  return text
    .replace(/^(?:should|shall|do|would|which|what|is|are)\b.*\b(?:be|use|prefer|keep|want|the)\s+/i, "")
    .trim();
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
