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
  Enclosure,
  Evidence,
  Fault,
  FaultCode,
  LogPage,
  PermissionAct,
  PermissionRule,
  Place,
  Looking,
  NotificationPermission,
  Reachability,
  Receipt,
  ReviewAct,
  ReviewResult,
  SessionView,
  Surface,
  SettingsFile,
  StandingAct,
  StandingResult,
  Task,
  TerminalEvent,
  TrustAct,
  TrustedRepository,
  WhichWorktree,
  WorktreeFate,
  WorktreeList,
  WorktreeMeasure,
  WorktreesCleaned,
  WorktreeState,
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

/** Every method settles when the thing is done and rejects with a `Fault`. */
export interface Backend {
  /** Ends with the returned function. A snapshot comes first, and again whenever needed. */
  followBoard(on: (event: BoardEvent) => void): Promise<Off>;
  onReachability(on: (now: Reachability) => void): Promise<Off>;
  dispatch(request: DispatchRequest): Promise<SessionView>;
  /** `need` was on the screen, for `shownMs` when the key or the button went down. */
  answer(session: string, need: string, answer: Answer, shownMs: number): Promise<SessionView>;
  /** `enclosures`: ids of files that go with it. */
  reply(session: string, text: string, enclosures?: string[]): Promise<SessionView>;
  /** Keeps a file (`data` is base64) for the dispatch or reply that will name it by its id. */
  enclose(name: string, data: string): Promise<Enclosure>;
  /** The bytes, in base64, of a file that went with a prompt. */
  readEnclosure(session: string, id: string): Promise<string>;
  interrupt(session: string): Promise<void>;
  /** Switches between the conversation and the agent's own terminal. */
  openAs(session: string, surface: Surface): Promise<SessionView>;
  stop(session: string): Promise<void>;
  /** What became of its worktree, if it had one. */
  remove(session: string, disposal?: WorktreeDisposal): Promise<WorktreeFate | null>;
  rename(session: string, name: string): Promise<void>;
  pin(session: string, pinned: boolean): Promise<void>;
  /** One of the options of the session's agent, by ids; the agent takes it as soon as it can. */
  choose(session: string, option: string, value: string): Promise<SessionView>;
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
  /** What goes on by itself in a session: goals, loops, cron tasks. */
  standing(session: string, act: StandingAct): Promise<StandingResult>;
  /** Every worktree, without what takes time to find out. */
  worktrees(): Promise<WorktreeList>;
  measureWorktree(which: WhichWorktree): Promise<WorktreeMeasure>;
  /** What is in the worktree of a session, on the board or not any more. */
  inspectWorktree(session: string): Promise<WorktreeState>;
  /** Of a session that is not on the board any more. */
  removeWorktree(id: string, discard: boolean): Promise<WorktreeFate | null>;
  cleanWorktrees(): Promise<WorktreesCleaned>;
  /** Brings back what a removal took; its path. */
  undoRemove(id: string): Promise<string>;
  agents(): Promise<AgentView[]>;
  /** What was allowed or rejected for good; or the rule that was taken back. */
  permissions(act: PermissionAct): Promise<PermissionRule[]>;
  /** Repositories that are trusted; or the one that was shown, trusted or revoked. */
  trust(act: TrustAct): Promise<TrustedRepository[]>;
  status(): Promise<DaemonStatus>;
  defaults(): Promise<Defaults>;
  /** Repositories and worktrees around these directories, nearest first. */
  places(near: string[]): Promise<Place[]>;
  followConversation(session: string, on: (event: ConversationEvent) => void): Promise<Off>;
  attachTerminal(session: string, cols: number, rows: number, sink: TerminalSink): Promise<number>;
  terminalInput(attachment: number, text: string): Promise<void>;
  terminalResize(attachment: number, cols: number, rows: number): Promise<void>;
  /** `bytes` drawn since the attachment began, all told. */
  terminalAck(attachment: number, bytes: number): Promise<void>;
  detachTerminal(attachment: number): Promise<void>;
  settings(): Promise<SettingsFile>;
  /** Sets one key of the settings file, or takes it out with `null`. */
  setSetting(path: string[], value: unknown): Promise<SettingsFile>;
  /** Replaces the whole text of the settings file. */
  writeSettings(text: string): Promise<SettingsFile>;
  /** The notification log, the newest first; `before` pages on. */
  receipts(limit: number, before: number | null): Promise<Receipt[]>;
  /** Settles when every channel has taken or refused it. */
  testNotification(): Promise<Receipt[]>;
  /** Whether this desktop shows notifications; settles within seconds. */
  notificationPermission(): Promise<NotificationPermission>;
  /** What the window shows, and whether somebody uses it. */
  looking(looking: Looking): Promise<void>;
  /** The session that was to be opened before the page was there. */
  takeOpening(): Promise<string | null>;
  /** A session is to be opened: take it. */
  onOpening(on: () => void): Promise<Off>;
  /** A session in a window of its own, which comes in front if there is one. */
  popOut(session: string): Promise<void>;
  /** Of such a window: opens its session in the board's window and closes. */
  putBack(session: string): Promise<void>;
  /** Of such a window: it goes away, its session goes on. */
  closeWindow(): Promise<void>;
  hideQuick(): Promise<void>;
  onQuickShown(on: () => void): Promise<Off>;
  setTitle(title: string): Promise<void>;
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
