/**
 * What the window asks of the rest of Nightshift.
 *
 * Promise: the only door between the UI and the outside; `tauri.ts` and `fake` implement it.
 * Must not know: Tauri, sockets, how any answer is made.
 */
import type {
  AgentView,
  Answer,
  BoardEvent,
  ConversationEvent,
  DaemonStatus,
  Defaults,
  DispatchRequest,
  Evidence,
  Fault,
  FaultCode,
  LogPage,
  Reachability,
  ReviewAct,
  ReviewResult,
  SessionView,
  Task,
  TerminalEvent,
} from "./generated/bindings";

export type * from "./generated/bindings";

export type TerminalSink = {
  data(bytes: Uint8Array): void;
  event(event: TerminalEvent): void;
};

/** Ends what a follow or listener began. */
export type Off = () => void;

/** Every method settles when the thing is done and rejects with a `Fault`. */
export interface Backend {
  /** Ends with the returned function. A snapshot comes first, and again whenever needed. */
  followBoard(on: (event: BoardEvent) => void): Promise<Off>;
  onReachability(on: (now: Reachability) => void): Promise<Off>;
  dispatch(request: DispatchRequest): Promise<SessionView>;
  answer(session: string, need: string | null, answer: Answer): Promise<SessionView>;
  reply(session: string, text: string): Promise<SessionView>;
  interrupt(session: string): Promise<void>;
  stop(session: string): Promise<void>;
  remove(session: string): Promise<void>;
  rename(session: string, name: string): Promise<void>;
  pin(session: string, pinned: boolean): Promise<void>;
  /** A page from `offset`: plain text, or base64 of the bytes when `raw`. Ask on until `end`. */
  logs(session: string, offset: number, raw: boolean): Promise<LogPage>;
  why(session: string): Promise<Evidence[]>;
  /** What runs beside the turns of one session. */
  tasks(session: string): Promise<Task[]>;
  /** Settles when the task and everything below it is gone. */
  stopTask(task: string): Promise<void>;
  /** Goes on by itself once the usage limit is over. */
  continueAtReset(session: string): Promise<SessionView>;
  cancelContinue(session: string): Promise<SessionView>;
  /** What the session changed, and what becomes of it. */
  review(session: string, act: ReviewAct): Promise<ReviewResult>;
  agents(): Promise<AgentView[]>;
  status(): Promise<DaemonStatus>;
  defaults(): Promise<Defaults>;
  followConversation(session: string, on: (event: ConversationEvent) => void): Promise<Off>;
  attachTerminal(session: string, cols: number, rows: number, sink: TerminalSink): Promise<number>;
  terminalInput(attachment: number, text: string): Promise<void>;
  terminalResize(attachment: number, cols: number, rows: number): Promise<void>;
  /** `bytes` drawn since the attachment began, all told. */
  terminalAck(attachment: number, bytes: number): Promise<void>;
  detachTerminal(attachment: number): Promise<void>;
  setTitle(title: string): Promise<void>;
  openExternal(url: string): Promise<void>;
}

const CODES: ReadonlySet<string> = new Set<FaultCode>([
  "invalid",
  "not_found",
  "ambiguous",
  "refused",
  "limit",
  "protocol",
  "unreachable",
  "io",
  "internal",
]);

export function fault(code: FaultCode, message: string, hint = ""): Fault {
  return { code, message, hint };
}

/** Whatever was thrown, as a fault that can be shown. */
export function asFault(thrown: unknown): Fault {
  if (typeof thrown === "object" && thrown !== null && "message" in thrown) {
    const { message } = thrown;
    const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
    const hint = "hint" in thrown && typeof thrown.hint === "string" ? thrown.hint : "";
    const known = CODES.has(code) ? (code as FaultCode) : "internal";
    return fault(known, String(message), hint);
  }
  return fault("internal", String(thrown));
}

/** Schemes that may leave the window. */
const EXTERNAL_SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);

/** The link as it may be opened outside, or nothing when its scheme is not allowed. */
export function externalUrl(href: string): string | null {
  try {
    const url = new URL(href);
    return EXTERNAL_SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
