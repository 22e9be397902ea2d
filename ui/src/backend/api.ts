/**
 * What the window asks of the rest of Nightshift.
 *
 * Promise: the only door between the UI and the outside; `tauri.ts` and `fake` implement it.
 * Must not know: Tauri, sockets, how any answer is made.
 */
import type {
  Answer,
  BoardEvent,
  commands,
  ConversationEvent,
  Fault,
  FaultCode,
  Reachability,
  SessionView,
  SettingsFile,
  TerminalEvent,
  WorktreeFate,
} from "./generated/bindings";

export type * from "./generated/bindings";
/** A request is on the screen for so long before anything answers it: the supervisor refuses what is faster. */
export { ANSWER_AFTER_MS } from "./generated/bindings";
export { externalUrl } from "./links";

export type TerminalSink = {
  data(bytes: Uint8Array): void;
  event(event: TerminalEvent): void;
};

/** What becomes of a session's worktree: it goes if nothing would be lost, else both stay; it goes with all work in it; it stays. */
export type WorktreeDisposal = "if_clean" | "discard" | "keep";

/** Ends what a follow or listener began. */
export type Off = () => void;

/** Commands that the window calls in another form than they have; `Backend` says in which. */
export const TRANSLATED = [
  "followBoard",
  "followConversation",
  "unfollow",
  "answer",
  "remove",
  "attachTerminal",
  "terminalInput",
  "detachTerminal",
  "setSetting",
  "openExternal",
] as const satisfies readonly (keyof typeof commands)[];

type Commands = Omit<typeof commands, (typeof TRANSLATED)[number]>;
/** A command as it is; one that gives nothing gives no `null` either. */
type Forwarded<Command> = Command extends (...given: infer Given) => Promise<infer Result>
  ? (...given: Given) => Promise<[Result] extends [null] ? void : Result>
  : never;
/** Every other command, as the generated bindings describe it: a new one needs no line here. */
export type ForwardedCommands = { [Name in keyof Commands]: Forwarded<Commands[Name]> };

/** Every method settles when the thing is done and rejects with a `Fault`. */
export interface Backend extends ForwardedCommands {
  /** Ends with the returned function. A snapshot comes first, and again whenever needed. */
  followBoard(on: (event: BoardEvent) => void): Promise<Off>;
  followConversation(session: string, on: (event: ConversationEvent) => void): Promise<Off>;
  onReachability(on: (now: Reachability) => void): Promise<Off>;
  /** A session is to be opened: take it. */
  onOpening(on: () => void): Promise<Off>;
  onQuickShown(on: () => void): Promise<Off>;
  /** `need` was on the screen, for `shownMs` when the key or the button went down. */
  answer(session: string, need: string, answer: Answer, shownMs: number): Promise<SessionView>;
  /** What became of its worktree, if it had one. */
  remove(session: string, disposal?: WorktreeDisposal): Promise<WorktreeFate | null>;
  attachTerminal(session: string, cols: number, rows: number, sink: TerminalSink): Promise<number>;
  /** Arrives in the order it was typed. */
  terminalInput(attachment: number, text: string): Promise<void>;
  detachTerminal(attachment: number): Promise<void>;
  /** Sets one key of the settings file, or takes it out with `null`. */
  setSetting(path: string[], value: unknown): Promise<SettingsFile>;
  openExternal(url: string): Promise<void>;
}

/** Of every code, so that a new one cannot be forgotten here. */
const CODES: Record<FaultCode, true> = {
  invalid: true,
  not_found: true,
  ambiguous: true,
  refused: true,
  limit: true,
  protocol: true,
  unreachable: true,
  io: true,
  internal: true,
};

function isCode(code: string): code is FaultCode {
  return Object.hasOwn(CODES, code);
}

export function fault(code: FaultCode, message: string, hint = ""): Fault {
  return { code, message, hint };
}

/** Whatever was thrown, as a fault that can be shown. */
export function asFault(thrown: unknown): Fault {
  if (typeof thrown === "object" && thrown !== null && "message" in thrown) {
    const { message } = thrown;
    const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
    const hint = "hint" in thrown && typeof thrown.hint === "string" ? thrown.hint : "";
    return fault(isCode(code) ? code : "internal", String(message), hint);
  }
  return fault("internal", String(thrown));
}
