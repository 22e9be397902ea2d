/**
 * A Nightshift without a supervisor: the whole backend played in the browser.
 *
 * Promise: implements `Backend` fully, so that every view can be developed and tested in a plain
 * browser. Must not know: views, Tauri.
 */
import { waitsForTrust } from "../requests";
import { ANSWER_AFTER_MS, fault } from "../api";
import type {
  Answer,
  Backend,
  DispatchRequest,
  Enclosure,
  Off,
  PermissionRule,
  PermissionVerdict,
  Reachability,
  ReviewAct,
  ReviewResult,
  SessionView,
  Surface,
  Task,
  TrustedRepository,
} from "../api";
import { notificationsOf } from "./notifications";
import { FakeReview } from "./review";
import { FakeSettings, settingsOf } from "./settings";
import { Cancelled, Player } from "./script";
import {
  AGENTS,
  PLACES,
  keepBusy,
  seed,
  seedHostile,
  seedLong,
  seedMany,
  seedPulls,
  seedTasks,
  seedTrust,
  view,
} from "./seed";
import { FakeAutomation } from "./automation";
import { FakeRoutines } from "./routines";
import { FakeTerminal } from "./shell";
import { World } from "./world";
import { FakeWorktrees } from "./worktrees";

/** How many rows `?fake=many` shows: the size that the board must bear. */
const MANY = 1_000;

/** Items of the conversation that `?fake=long` shows. */
const LONG = 10_000;

/** Sessions that change every second with `?fake=busy`. */
const BUSY_A_SECOND = 20;

function seedRules(): PermissionRule[] {
  const rule = (id: string, verdict: PermissionVerdict, what: string) => ({
    id,
    at: Date.now() - 3_600_000,
    session: "5e11c0de",
    agent: "claude",
    project: `${HOME}/code/atlas`,
    identity: null,
    verdict,
    subject: { tool: "execute Bash", what, exactly: what },
  });
  return [rule("a1b2c3d4", "allow", "cargo test -p login"), rule("b2c3d4e5", "reject", "git push --force")];
}

function seedTrusted(): TrustedRepository[] {
  const items = [
    { path: ".mcp.json", does: "MCP servers that an agent starts" },
    { path: ".nightshift/setup", does: "run before a session starts" },
  ];
  const text =
    '.mcp.json (MCP servers that an agent starts)\n  {"mcpServers": {"db": {"command": "npx", "args": ["db-mcp"]}}}\n\n.nightshift/setup (run before a session starts)\n  npm ci\n\n';
  return [{ repository: `${HOME}/code/atlas`, since: Date.now() - 86_400_000, items, text, hash: "1f", current: true }];
}

const VERSION = "0.1.0";
const HOME = "/home/ada";
/** What a conversation takes to come. */
const SOCKET_MS = 20;

class Fake {
  readonly world: World;
  readonly terminals = new Map<string, FakeTerminal>();
  readonly files = new Map<string, string>();
  readonly enclosed = new Map<string, Enclosure>();
  readonly reviews = new Map<string, FakeReview>();
  readonly players = new Map<string, Player>();
  readonly attached = new Map<number, FakeTerminal>();
  readonly listeners = new Set<(now: Reachability) => void>();
  readonly standing = new FakeAutomation((id) => this.world.sessions.get(id)?.standing !== null);
  readonly worktrees: FakeWorktrees;
  readonly routines: FakeRoutines;
  tasks: Task[] = [];
  rules = seedRules();
  trusted = seedTrusted();
  reachable = true;
  readonly given: Given[] = [];
  /** What is asked meanwhile is answered after it. */
  held: Promise<void> = Promise.resolve();
  private turns = 0;
  private attachments = 0;

  constructor(mode: string) {
    const speed = Number(new URLSearchParams(location.search).get("speed") ?? 1) || 1;
    this.world = new World(speed);
    if (mode === "many" || mode === "busy") seedMany(this.world, MANY);
    else if (mode === "hostile") seedHostile(this.world);
    else if (mode === "long") seedLong(this.world, LONG);
    else if (mode !== "empty" && mode !== "unheard") seed(this.world);
    if (mode === "pulls") seedPulls(this.world);
    if (mode === "trust") seedTrust(this.world);
    this.routines = new FakeRoutines(this.world, mode);
    for (const session of this.world.sessions.values()) this.furnish(session);
    this.tasks = seedTasks(this.world);
    this.worktrees = new FakeWorktrees(this.world);
    if (mode === "busy") keepBusy(this.world, BUSY_A_SECOND);
  }

  /** A supervisor that is slow, until what is returned is called. */
  holdBack(): () => void {
    let release = () => {};
    this.held = new Promise((done) => (release = done));
    return release;
  }

  find(id: string): SessionView {
    if (!this.reachable) throw fault("unreachable", "the supervisor does not answer", "it is being reconnected");
    const found = this.world.sessions.get(id);
    if (!found) throw fault("not_found", `no session ${id}`);
    return found;
  }

  change(id: string, part: Partial<SessionView>): SessionView {
    return this.world.change(this.find(id).id, part) ?? this.find(id);
  }

  dispatch(request: DispatchRequest): SessionView {
    if (!this.reachable) throw fault("unreachable", "the supervisor does not answer", "try again in a moment");
    if (request.cwd.includes("missing")) {
      throw fault("io", `the directory ${request.cwd} does not exist`, "create it or choose another one");
    }
    const shell = request.kind === "shell";
    const made = view(this.world, {
      name: request.name ?? shortName(request.text),
      kind: request.kind,
      agent: shell ? null : (request.agent ?? "rehearsal"),
      permissionMode: request.permissionMode ?? null,
      cwd: request.cwd.replace(/^~/, HOME),
      prompt: request.text,
      line: request.text.split("\n")[0] ?? "",
      state: { type: "starting" },
    });
    this.world.put(made);
    this.world.enter(made.id, { type: "starting" }, "user", "dispatched");
    if (shell) void this.terminal(made.id).start(request.text);
    else void this.turn(made.id, request.text, request.enclosures);
    return made;
  }

  async turn(id: string, text: string, files: readonly string[] = []): Promise<void> {
    this.turns += 1;
    const player = new Player(this.world, id, this.turns);
    this.players.set(id, player);
    const talk = this.world.conversation(id);
    const enclosures = files.flatMap((file) => this.enclosed.get(file) ?? []);
    talk.put(`u${this.turns}`, { type: "user", text, queued: false, origin: "user", enclosures });
    try {
      await player.play(text);
    } catch (thrown) {
      if (!(thrown instanceof Cancelled)) throw thrown;
    }
  }

  answer(id: string, need: string, answer: Answer, shownMs: number): SessionView {
    const session = this.find(id);
    if (session.state.type !== "needs_input") throw fault("refused", `${session.name} asks nothing now`);
    const first = session.state.needs.find((open) => open.id === need);
    if (!first) throw fault("refused", "that request is no longer open");
    if (shownMs < ANSWER_AFTER_MS) throw fault("refused", "the request came up just now; nothing was answered");
    this.given.push({ session: id, need, answer, shownMs });
    const waiting = this.world.waiting.get(`${id}:${first.id}`);
    if (waiting) waiting(answer);
    else {
      const said = answer.type === "option" ? answer.id : answer.type;
      this.world.conversation(id).put(first.id, { type: "request", need: first, answer: said });
      this.world.enter(id, { type: "working" }, "user", "answered", "Going on with the answer");
    }
    return this.find(id);
  }

  async reply(id: string, text: string): Promise<SessionView> {
    const session = this.find(id);
    const [asked, another] = session.state.type === "needs_input" ? session.state.needs : [];
    // As the supervisor does: words that name no request answer the only question, unless that is new.
    if (asked?.freeText && !another && Date.now() - asked.since >= ANSWER_AFTER_MS)
      return this.answer(id, asked.id, { type: "text", text }, ANSWER_AFTER_MS);
    if (session.state.type === "working" || session.state.type === "needs_input") {
      const key = `q${Date.now()}`;
      this.world.conversation(id).put(key, { type: "user", text, queued: true, origin: "user", enclosures: [] });
      return this.world.change(id, { queued: session.queued + 1 }) ?? session;
    }
    void this.turn(id, text);
    return this.find(id);
  }

  review(id: string, act: ReviewAct): Promise<ReviewResult> {
    let found = this.reviews.get(id);
    if (!found) {
      found = new FakeReview(this.find(id));
      this.reviews.set(id, found);
    }
    return found.act(act);
  }

  stop(id: string): void {
    const session = this.find(id);
    this.players.get(id)?.cancel();
    const terminal = this.terminals.get(id);
    if (terminal) terminal.ended = true;
    const at = Date.now();
    this.world.change(id, { liveness: { type: "gone", since: at } });
    const ended = ["completed", "failed", "stopped"].includes(session.state.type);
    if (!ended) this.world.enter(id, { type: "stopped" }, "user", "stopped", "Stopped by you");
  }

  openAs(id: string, surface: Surface): SessionView {
    const session = this.find(id);
    const agent = AGENTS.find((known) => known.id === session.agent)?.counterpart ?? session.agent;
    return this.world.change(id, { agent, surface }) ?? session;
  }

  terminal(id: string): FakeTerminal {
    let found = this.terminals.get(id);
    if (!found) {
      found = new FakeTerminal(this.world, id);
      this.terminals.set(id, found);
    }
    return found;
  }

  attach(terminal: FakeTerminal): number {
    this.attachments += 1;
    this.attached.set(this.attachments, terminal);
    return this.attachments;
  }

  setReachable(reachable: boolean): void {
    this.reachable = reachable;
    const message = reachable ? "" : "the supervisor does not answer";
    for (const on of this.listeners) on({ reachable, message });
  }

  /** Gives a seeded session something to show when it is opened. */
  private furnish(session: SessionView): void {
    if (session.kind === "shell") {
      const terminal = this.terminal(session.id);
      terminal.output = `\x1b[2m$ ${session.prompt || session.name}\x1b[0m\r\n\x1b[32m✓\x1b[0m ${session.line}\r\n`;
      terminal.ended = session.liveness.type === "gone";
      return;
    }
    // One that waits for trust has not said a word, and what it asks is on the board only.
    if (waitsForTrust(session)) return;
    const talk = this.world.conversation(session.id);
    talk.put(
      "u0",
      { type: "user", text: session.prompt || session.name, queued: false, origin: "user", enclosures: [] },
      session.createdAt,
    );
    talk.put("s0", { type: "thought", text: "The request is clear; I look at the layout first." }, session.createdAt);
    const result =
      session.state.type === "completed"
        ? session.state.result
        : `I'll begin with **${session.name}**.\n\n${session.line}.`;
    talk.put("s1", { type: "agent", text: result }, session.createdAt);
    if (session.state.type === "needs_input") {
      for (const need of session.state.needs) talk.put(need.id, { type: "request", need, answer: null });
    }
  }
}

function shortName(text: string): string {
  const words = (text.split("\n")[0] ?? "").replace(/^(say|ask|run)\s+/, "").split(/\s+/);
  return words.slice(0, 5).join(" ").slice(0, 48);
}

/** An answer that was taken. */
type Given = { session: string; need: string; answer: Answer; shownMs: number };

/** Lets a test cut and restore the connection, and see what left the page. */
declare global {
  interface Window {
    __fake?: {
      setReachable(reachable: boolean): void;
      loseTerminals(): void;
      /** Links that were opened outside. */
      opened: string[];
      /** What terminals were given, as one string. */
      typed: string;
      given: Given[];
      /** Dispatches and conversations come only once this is called. */
      holdBack: () => () => void;
    };
  }
}

export function fakeBackend(mode: string): Backend {
  const fake = new Fake(mode);
  const { world } = fake;
  window.__fake = {
    setReachable: (reachable) => fake.setReachable(reachable),
    loseTerminals: () => fake.terminals.forEach((terminal) => terminal.lose()),
    opened: [],
    typed: "",
    given: fake.given,
    holdBack: () => fake.holdBack(),
  };
  const seen = window.__fake;
  if (mode === "down") fake.reachable = false;
  return {
    ...reads(fake),
    followBoard: async (on) => {
      if (!fake.reachable) throw fault("unreachable", "the supervisor does not answer");
      return world.follow(on);
    },
    onReachability: async (on): Promise<Off> => {
      fake.listeners.add(on);
      return () => fake.listeners.delete(on);
    },
    dispatch: async (request) => {
      await fake.held;
      return fake.dispatch(request);
    },
    answer: async (session, need, answer, shownMs) => fake.answer(session, need, answer, shownMs),
    reply: (session, text) => fake.reply(session, text),
    enclose: async (name, data) => {
      const id = `file-${Date.now()}`;
      fake.files.set(id, data);
      const kept = {
        id,
        name,
        mediaType: /\.png$/.test(name) ? "image/png" : "text/plain",
        bytes: Math.floor((data.length * 3) / 4),
      };
      fake.enclosed.set(id, kept);
      return kept;
    },
    readEnclosure: async (_, id) => fake.files.get(id) ?? "",
    interrupt: async (session) => {
      fake.players.get(session)?.cancel();
      world.enter(session, { type: "idle" }, "user", "interrupted", "Interrupted by you");
      world.conversation(session).put(`i${Date.now()}`, { type: "note", level: "info", text: "Interrupted" });
    },
    openAs: async (session, surface) => fake.openAs(session, surface),
    stop: async (session) => {
      fake.stop(session);
      return fake.find(session);
    },
    remove: async (session, disposal = "if_clean") => {
      fake.stop(session);
      const fate = fake.worktrees.leave(session, disposal);
      world.drop(session);
      return fate;
    },
    worktrees: async () => fake.worktrees.list(),
    measureWorktree: (which) => fake.worktrees.measure(which),
    inspectWorktree: async (session) => fake.worktrees.inspect(session),
    removeWorktree: async (id, discard) => fake.worktrees.remove(id, discard),
    cleanWorktrees: async () => fake.worktrees.clean(),
    undoRemove: async (id) => fake.worktrees.undo(id),
    rename: async (session, name) => fake.change(session, { name }),
    pin: async (session, pinned) => fake.change(session, { pinned }),
    permissions: async (act) => {
      if (act.type === "list") return structuredClone(fake.rules);
      const revoked = fake.rules.filter((rule) => rule.id === act.id);
      fake.rules = fake.rules.filter((rule) => rule.id !== act.id);
      return revoked;
    },
    trust: async (act) => {
      if (act.type === "list") return fake.trusted.map((one) => ({ ...one, text: "", hash: "", current: false }));
      const found = fake.trusted.filter((one) => one.repository === act.dir);
      if (found.length === 0) throw fault("not_found", `${act.dir} is not trusted`);
      if (act.type === "revoke") fake.trusted = fake.trusted.filter((one) => one.repository !== act.dir);
      return structuredClone(found);
    },
    choose: async (session, option, value) => {
      const view = fake.find(session);
      world.conversation(view.id).choose(option, value);
      if (option === "mode") world.change(session, { permissionMode: value });
      return fake.find(session);
    },
    tasks: async (session) =>
      structuredClone(fake.tasks.filter((task) => session === null || task.session === fake.find(session).id)),
    stopTask: async (task) => {
      fake.tasks = fake.tasks.filter((known) => known.id !== task);
      const [session = "", kind, id = ""] = task.split(".");
      if (kind === "monitor") fake.standing.endMonitor(session, id);
    },
    continueAtReset: async (session) => {
      const { state } = fake.find(session);
      const resets = state.type === "failed" ? (state.trouble?.resets ?? null) : null;
      if (resets === null) throw fault("refused", "nothing says when this limit ends", "reply once it is over");
      world.change(session, { continueAt: resets + 60_000 });
      return fake.find(session);
    },
    cancelContinue: async (session) => {
      world.change(session, { continueAt: null });
      return fake.find(session);
    },
    standing: async (session, act) => fake.standing.act(fake.find(session).id, act),
    review: (session, act) => fake.review(session, act),
    followConversation: async (session, on) => {
      const talk = world.conversation(fake.find(session).id);
      // As over a socket: the pane is there before its conversation.
      await new Promise((come) => setTimeout(come, SOCKET_MS));
      await fake.held;
      return talk.follow(on);
    },
    attachTerminal: async (session, cols, rows, sink) => {
      const terminal = fake.terminal(fake.find(session).id);
      const key = fake.attach(terminal);
      terminal.attach(key, cols, rows, sink);
      return key;
    },
    terminalInput: async (attachment, text) => {
      seen.typed += text;
      fake.attached.get(attachment)?.input(text);
    },
    terminalResize: async () => undefined,
    terminalAck: async () => undefined,
    detachTerminal: async (attachment) => {
      fake.attached.get(attachment)?.detach(attachment);
      fake.attached.delete(attachment);
    },
    ...fake.routines.calls(),
    ...settingsOf(new FakeSettings()),
    ...notificationsOf(mode),
    setTitle: async (title) => {
      document.title = title;
    },
    openExternal: async (url) => void seen.opened.push(url),
  };
}

type Reads = Pick<Backend, "logs" | "why" | "agents" | "status" | "defaults" | "places">;

function reads(fake: Fake): Reads {
  return {
    logs: async (session, offset, raw) => {
      const terminal = fake.terminals.get(fake.find(session).id);
      const output = (terminal?.output ?? "").slice(offset);
      const bytes = String.fromCharCode(...new TextEncoder().encode(output));
      const data = raw ? btoa(bytes) : output.replace(/\x1b\[[0-9;]*m|\r/g, "");
      return { data, next: offset + output.length, end: true, ended: terminal?.ended ?? true };
    },
    why: async (session) => structuredClone(fake.world.evidence.get(session) ?? []),
    agents: async () => structuredClone(AGENTS),
    status: async () => ({
      pid: 4021,
      version: VERSION,
      protocol: 1,
      socket: "",
      sessions: fake.world.sessions.size,
      connected: fake.world.sessions.size,
      unknown: 0,
      gone: 0,
      startedAt: Date.now(),
      notices: 0,
      schedulesPaused: fake.routines.allPaused,
      heartbeatAt: Date.now(),
      nextDue: null,
      memoryKib: 8192,
    }),
    defaults: async () => ({ cwd: "~/code/atlas", home: HOME, version: VERSION }),
    places: async () => structuredClone(PLACES),
  };
}
