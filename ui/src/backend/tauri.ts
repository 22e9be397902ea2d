/**
 * The backend inside the real window: Tauri commands, channels and events.
 *
 * Promise: translates and decides nothing; every rejection is a `Fault`.
 * Must not know: state, views.
 */
import { Channel } from "@tauri-apps/api/core";
import { asFault, externalUrl, fault, TRANSLATED } from "./api";
import type { Backend, ForwardedCommands, Off, TerminalEvent, TerminalSink } from "./api";
import { commands, events, TERMINAL_DATA, TERMINAL_EVENT } from "./generated/bindings";
import { TypedInOrder } from "./ordered";

/** What a command gives, or its fault as one. */
async function call<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (thrown) {
    throw asFault(thrown);
  }
}

async function done(command: Promise<unknown>): Promise<void> {
  await call(command);
}

/** A follow whose events stop the moment it is ended, whatever still arrives. */
async function follow<E>(begin: (channel: Channel<E>) => Promise<number>, on: (event: E) => void): Promise<Off> {
  let live = true;
  const channel = new Channel<E>((event) => {
    if (live) on(event);
  });
  const id = await call(begin(channel));
  return () => {
    if (!live) return;
    live = false;
    // The other side forgets a follow with its window too: a failure here loses nothing.
    void done(commands.unfollow(id)).catch(() => undefined);
  };
}

function terminalChannel(sink: TerminalSink): Channel<ArrayBuffer> {
  const decoder = new TextDecoder();
  return new Channel<ArrayBuffer>((message) => {
    const bytes = new Uint8Array(message);
    const body = bytes.subarray(1);
    if (bytes[0] === TERMINAL_DATA) sink.data(body);
    else if (bytes[0] === TERMINAL_EVENT) sink.event(JSON.parse(decoder.decode(body)) as TerminalEvent);
  });
}

/** One queue of keystrokes for each attachment. */
class Keyboards {
  private readonly known = new Map<number, TypedInOrder>();

  type(attachment: number, text: string): Promise<void> {
    let keyboard = this.known.get(attachment);
    if (!keyboard) {
      keyboard = new TypedInOrder((typed) => done(commands.terminalInput(attachment, typed)));
      this.known.set(attachment, keyboard);
    }
    return keyboard.type(text);
  }

  forget(attachment: number): void {
    this.known.delete(attachment);
  }
}

/** All commands that are called as they are. */
function forwarded(): ForwardedCommands {
  const translated: readonly string[] = TRANSLATED;
  const entries = Object.entries(commands).filter(([name]) => !translated.includes(name));
  const calls = entries.map(([name, command]) => {
    const invoke = command as (...given: unknown[]) => Promise<unknown>;
    return [name, (...given: unknown[]) => call(invoke(...given))];
  });
  return Object.fromEntries(calls) as ForwardedCommands;
}

export function tauriBackend(): Backend {
  const keyboards = new Keyboards();
  return {
    ...forwarded(),
    followBoard: (on) => follow(commands.followBoard, on),
    followConversation: (session, on) => follow((channel) => commands.followConversation(session, channel), on),
    onReachability: (on) => events.reachability.listen((event) => on(event.payload)),
    onOpening: (on) => events.openRequested.listen(on),
    onQuickShown: (on) => events.quickShown.listen(on),
    answer: (session, need, answer, shownMs) => call(commands.answer(session, need, answer, Math.round(shownMs))),
    remove: (session, disposal = "if_clean") =>
      call(commands.remove(session, disposal === "discard", disposal === "keep")),
    attachTerminal: (session, cols, rows, sink) =>
      call(commands.attachTerminal(session, cols, rows, terminalChannel(sink))),
    terminalInput: (attachment, text) => keyboards.type(attachment, text),
    detachTerminal: (attachment) => {
      keyboards.forget(attachment);
      return done(commands.detachTerminal(attachment));
    },
    setSetting: (path, value) => call(commands.setSetting(path, value === null ? null : JSON.stringify(value))),
    openExternal: async (url) => {
      const allowed = externalUrl(url);
      if (!allowed) throw fault("invalid", "cannot open this link", "only web and email links can be opened");
      await done(commands.openExternal(allowed));
    },
  };
}
