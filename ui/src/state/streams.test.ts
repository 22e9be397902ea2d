/** Numbered changes: a gap is followed again, never skipped. */
import { expect, test, vi } from "vitest";
import type { Backend, BoardEvent, ConversationEvent, SessionView } from "../backend/api";
import { Board } from "./board.svelte";
import { Conversation } from "./conversation.svelte";

const aView: SessionView = {
  id: "0a1b2c3d",
  sessionId: "0a1b2c3d-0000-4000-8000-000000000000",
  name: "a session",
  kind: "agent",
  agent: "rehearsal",
  model: null,
  permissionMode: null,
  choosing: [],
  agentSessionId: null,
  cwd: "/tmp",
  prompt: "say hello",
  state: { type: "starting" },
  stateSince: 1,
  liveness: { type: "unknown", why: "", way_out: "", since: 1 },
  line: "",
  pinned: false,
  createdAt: 1,
  queued: 0,
  pullRequests: [],
  surface: "conversation",
  exitCode: null,
  continueAt: null,
  usage: null,
  standing: null,
  routine: null,
  lodging: null,
  untrusted: null,
};

function backendWith(part: Partial<Backend>): Backend {
  return part as Backend;
}

test("a gap in the board's changes asks for a new snapshot and old events are ignored", async () => {
  const ons: ((event: BoardEvent) => void)[] = [];
  const off = vi.fn();
  const board = new Board(
    backendWith({
      onReachability: async () => () => undefined,
      followBoard: async (on) => {
        ons.push(on);
        on({ type: "snapshot", seq: 7, sessions: [], notices: [] });
        return off;
      },
    }),
  );
  await board.start();
  const notice = { at: 1, level: "info" as const, text: "hello" };
  ons[0]?.({ type: "change", seq: 8, change: { type: "notice", notice } });
  expect(board.alerts).toHaveLength(1);
  const other = { ...notice, text: "stays" };
  ons[0]?.({ type: "change", seq: 9, change: { type: "notice", notice: other } });
  ons[0]?.({ type: "change", seq: 10, change: { type: "notice_gone", notice } });
  expect(board.alerts).toEqual([other]);
  ons[0]?.({ type: "change", seq: 12, change: { type: "notice", notice } });
  await vi.waitFor(() => expect(ons).toHaveLength(2));
  expect(off).toHaveBeenCalled();
  ons[0]?.({ type: "change", seq: 8, change: { type: "notice", notice } });
  expect(board.alerts).toHaveLength(0);
  expect(board.connection).toBe("connected");
});

test("a command's reply that comes late does not undo the change that overtook it", async () => {
  const view = (state: SessionView["state"]): SessionView => ({ ...aView, state });
  let say: ((event: BoardEvent) => void) | undefined;
  const board = new Board(
    backendWith({
      onReachability: async () => () => undefined,
      followBoard: async (on) => {
        say = on;
        on({ type: "snapshot", seq: 1, sessions: [], notices: [] });
        return () => undefined;
      },
    }),
  );
  await board.start();
  board.learn(view({ type: "starting" }));
  expect(board.sessions.get(aView.id)?.state.type).toBe("starting");
  const completed = view({ type: "completed", result: "done" });
  say?.({ type: "change", seq: 2, change: { type: "upsert", view: completed } });
  board.learn(view({ type: "working" }));
  expect(board.sessions.get(aView.id)?.state.type).toBe("completed");
});

test("the board keeps what a session was called that went away, also while nobody answered", async () => {
  let say: ((event: BoardEvent) => void) | undefined;
  const named = (id: string, name: string): SessionView => ({ ...aView, id, name });
  const snapshot = (seq: number, sessions: SessionView[]): BoardEvent => ({
    type: "snapshot",
    seq,
    sessions,
    notices: [],
  });
  const board = new Board(
    backendWith({
      onReachability: async () => () => undefined,
      followBoard: async (on) => {
        say = on;
        on(snapshot(1, [named("a", "first"), named("b", "second"), named("c", "third")]));
        return () => undefined;
      },
    }),
  );
  await board.start();
  say?.({ type: "change", seq: 2, change: { type: "removed", id: "a" } });
  say?.({ type: "change", seq: 3, change: { type: "removed", id: "unknown" } });
  say?.(snapshot(9, [named("c", "third")]));
  expect([...board.gone]).toEqual([
    ["a", "first"],
    ["b", "second"],
  ]);
  expect([...board.sessions.keys()]).toEqual(["c"]);
});

test("the board says that nobody answers and keeps what it knew", async () => {
  let say: ((now: { reachable: boolean; message: string }) => void) | undefined;
  const followBoard = vi.fn(async (on: (event: BoardEvent) => void) => {
    on({ type: "snapshot", seq: 1, sessions: [], notices: [] });
    return () => undefined;
  });
  const board = new Board(
    backendWith({
      onReachability: async (on) => {
        say = on;
        return () => undefined;
      },
      followBoard,
    }),
  );
  await board.start();
  say?.({ reachable: false, message: "gone" });
  expect(board.connection).toBe("lost");
  expect(board.lostBecause).toBe("gone");
  say?.({ reachable: true, message: "" });
  await vi.waitFor(() => expect(board.connection).toBe("connected"));
  expect(followBoard).toHaveBeenCalledTimes(2);
});

test("a conversation upserts by id, appends, removes and follows again after a gap", async () => {
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => {
    run();
    return 1;
  });
  vi.stubGlobal("cancelAnimationFrame", () => undefined);
  const ons: ((event: ConversationEvent) => void)[] = [];
  const talk = new Conversation(
    backendWith({
      followConversation: async (_session, on) => {
        ons.push(on);
        return () => undefined;
      },
    }),
    "7c5d0a1b",
  );
  await talk.follow();
  const tell = (event: ConversationEvent) => ons.at(-1)?.(event);
  tell({ type: "snapshot", seq: 3, items: [], trimmed: false, configuration: { options: [], commands: [] } });
  tell({ type: "upsert", seq: 4, item: { id: "a", at: 1, body: { type: "agent", text: "Hel" } } });
  tell({ type: "append", seq: 5, id: "a", text: "lo" });
  tell({
    type: "upsert",
    seq: 6,
    item: { id: "q", at: 2, body: { type: "user", text: "x", queued: true, origin: "user", enclosures: [] } },
  });
  expect(talk.items.map((item) => item.value.body)).toEqual([
    { type: "agent", text: "Hello" },
    { type: "user", text: "x", queued: true, origin: "user", enclosures: [] },
  ]);
  tell({ type: "removed", seq: 7, id: "q" });
  expect(talk.items).toHaveLength(1);
  tell({ type: "append", seq: 9, id: "a", text: "!" });
  await vi.waitFor(() => expect(ons).toHaveLength(2));
  vi.unstubAllGlobals();
});
