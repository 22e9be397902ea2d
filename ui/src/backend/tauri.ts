/**
 * The backend inside the real window: Tauri commands, channels and events.
 *
 * Promise: translates and decides nothing; every rejection is a `Fault`.
 * Must not know: state, views.
 */
import { Channel, invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { asFault, externalUrl, fault } from "./api";
import { TypedInOrder } from "./ordered";
import type {
  AgentView,
  Backend,
  BoardEvent,
  ConversationEvent,
  DaemonStatus,
  Defaults,
  Evidence,
  LogPage,
  Off,
  Reachability,
  SessionView,
  TerminalEvent,
  TerminalSink,
} from "./api";

/** First byte of a terminal message: what follows. */
const FRAME_DATA = 0;
const FRAME_EVENT = 1;

async function call<T>(command: string, args: Record<string, unknown> = {}): Promise<T> {
  try {
    return await invoke<T>(command, args);
  } catch (thrown) {
    throw asFault(thrown);
  }
}

async function done(command: string, args: Record<string, unknown>): Promise<void> {
  await call<unknown>(command, args);
}

/** A follow whose events stop the moment it is ended, whatever still arrives. */
async function follow<E>(
  command: string,
  args: Record<string, unknown>,
  on: (event: E) => void,
): Promise<Off> {
  let live = true;
  const channel = new Channel<E>((event) => {
    if (live) on(event);
  });
  const id = await call<unknown>(command, { ...args, channel });
  return () => {
    if (!live) return;
    live = false;
    // The other side forgets a follow with its window too: a failure here loses nothing.
    if (typeof id === "number") void done("unfollow", { follow: id }).catch(() => undefined);
  };
}

function terminalChannel(sink: TerminalSink): Channel<ArrayBuffer> {
  const decoder = new TextDecoder();
  return new Channel<ArrayBuffer>((message) => {
    const bytes = new Uint8Array(message);
    const body = bytes.subarray(1);
    if (bytes[0] === FRAME_DATA) sink.data(body);
    else if (bytes[0] === FRAME_EVENT) sink.event(JSON.parse(decoder.decode(body)) as TerminalEvent);
  });
}

export function tauriBackend(): Backend {
  const keyboards = new Map<number, TypedInOrder>();
  const keyboard = (attachment: number): TypedInOrder => {
    const known = keyboards.get(attachment);
    if (known) return known;
    const made = new TypedInOrder((text) => done("terminal_input", { attachment, text }));
    keyboards.set(attachment, made);
    return made;
  };
  return {
    followBoard: (on) => follow<BoardEvent>("follow_board", {}, on),
    onReachability: (on) => listen<Reachability>("reachability", (event) => on(event.payload)),
    dispatch: (request) => call<SessionView>("dispatch", { request }),
    answer: (session, need, answer) => call<SessionView>("answer", { session, need, answer }),
    reply: (session, text) => call<SessionView>("reply", { session, text }),
    interrupt: (session) => done("interrupt", { session }),
    stop: (session) => done("stop", { session }),
    remove: (session) => done("remove", { session }),
    rename: (session, name) => done("rename", { session, name }),
    pin: (session, pinned) => done("pin", { session, pinned }),
    logs: (session, offset, raw) => call<LogPage>("logs", { session, offset, raw }),
    why: (session) => call<Evidence[]>("why", { session }),
    agents: () => call<AgentView[]>("agents"),
    status: () => call<DaemonStatus>("status"),
    defaults: () => call<Defaults>("defaults"),
    followConversation: (session, on) =>
      follow<ConversationEvent>("follow_conversation", { session }, on),
    attachTerminal: (session, cols, rows, sink) =>
      call<number>("attach_terminal", { session, cols, rows, channel: terminalChannel(sink) }),
    terminalInput: (attachment, text) => keyboard(attachment).type(text),
    terminalResize: (attachment, cols, rows) => done("terminal_resize", { attachment, cols, rows }),
    terminalAck: (attachment, bytes) => done("terminal_ack", { attachment, bytes }),
    detachTerminal: (attachment) => {
      keyboards.delete(attachment);
      return done("detach_terminal", { attachment });
    },
    setTitle: (title) => done("set_title", { title }),
    openExternal: async (url) => {
      const allowed = externalUrl(url);
      if (!allowed) throw fault("invalid", "this link is not opened", "only web and mail links are");
      await done("open_external", { url: allowed });
    },
  };
}
