/**
 * The backend inside the real window: Tauri commands, channels and events.
 *
 * Promise: translates and decides nothing; every rejection is a `Fault`.
 * Must not know: state, views.
 */
import { Channel } from "@tauri-apps/api/core";
import { asFault, externalUrl, fault } from "./api";
import type { Backend, Off, TerminalEvent, TerminalSink } from "./api";
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

export function tauriBackend(): Backend {
  const keyboards = new Keyboards();
  return {
    followBoard: (on) => follow(commands.followBoard, on),
    onReachability: (on) => events.reachability.listen((event) => on(event.payload)),
    dispatch: (request) => call(commands.dispatch(request)),
    answer: (session, need, answer, shownMs) => call(commands.answer(session, need, answer, Math.round(shownMs))),
    reply: (session, text, enclosures = []) => call(commands.reply(session, text, enclosures)),
    enclose: (name, data) => call(commands.enclose(name, data)),
    readEnclosure: (session, id) => call(commands.readEnclosure(session, id)),
    interrupt: (session) => done(commands.interrupt(session)),
    openAs: (session, surface) => call(commands.openAs(session, surface)),
    stop: (session) => done(commands.stop(session)),
    remove: (session, disposal = "if_clean") =>
      call(commands.remove(session, disposal === "discard", disposal === "keep")),
    rename: (session, name) => done(commands.rename(session, name)),
    choose: (session, option, value) => call(commands.choose(session, option, value)),
    pin: (session, pinned) => done(commands.pin(session, pinned)),
    logs: (session, offset, raw) => call(commands.logs(session, offset, raw)),
    why: (session) => call(commands.why(session)),
    permissions: (act) => call(commands.permissions(act)),
    trust: (act) => call(commands.trust(act)),
    tasks: (session) => call(commands.tasks(session)),
    stopTask: (task) => done(commands.stopTask(task)),
    continueAtReset: (session) => call(commands.continueAtReset(session)),
    cancelContinue: (session) => call(commands.cancelContinue(session)),
    review: (session, act) => call(commands.review(session, act)),
    standing: (session, act) => call(commands.standing(session, act)),
    worktrees: () => call(commands.worktrees()),
    measureWorktree: (which) => call(commands.measureWorktree(which)),
    inspectWorktree: (session) => call(commands.inspectWorktree(session)),
    removeWorktree: (id, discard) => call(commands.removeWorktree(id, discard)),
    cleanWorktrees: () => call(commands.cleanWorktrees()),
    undoRemove: (id) => call(commands.undoRemove(id)),
    agents: () => call(commands.agents()),
    status: () => call(commands.status()),
    defaults: () => call(commands.defaults()),
    places: (near) => call(commands.places(near)),
    followConversation: (session, on) => follow((channel) => commands.followConversation(session, channel), on),
    attachTerminal: (session, cols, rows, sink) =>
      call(commands.attachTerminal(session, cols, rows, terminalChannel(sink))),
    terminalInput: (attachment, text) => keyboards.type(attachment, text),
    terminalResize: (attachment, cols, rows) => done(commands.terminalResize(attachment, cols, rows)),
    terminalAck: (attachment, bytes) => done(commands.terminalAck(attachment, bytes)),
    detachTerminal: (attachment) => {
      keyboards.forget(attachment);
      return done(commands.detachTerminal(attachment));
    },
    settings: () => call(commands.settings()),
    setSetting: (path, value) => call(commands.setSetting(path, value === null ? null : JSON.stringify(value))),
    writeSettings: (text) => call(commands.writeSettings(text)),
    receipts: (limit, before) => call(commands.receipts(limit, before)),
    testNotification: () => call(commands.testNotification()),
    notificationPermission: () => call(commands.notificationPermission()),
    looking: (looking) => done(commands.looking(looking)),
    takeOpening: () => call(commands.takeOpening()),
    onOpening: (on) => events.openRequested.listen(on),
    popOut: (session) => done(commands.popOut(session)),
    putBack: (session) => done(commands.putBack(session)),
    closeWindow: () => done(commands.closeWindow()),
    hideQuick: () => done(commands.hideQuick()),
    onQuickShown: (on) => events.quickShown.listen(on),
    setTitle: (title) => done(commands.setTitle(title)),
    openExternal: async (url) => {
      const allowed = externalUrl(url);
      if (!allowed) throw fault("invalid", "this link is not opened", "only web and mail links open");
      await done(commands.openExternal(allowed));
    },
  };
}
