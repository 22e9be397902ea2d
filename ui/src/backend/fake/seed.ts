/**
 * What is on the simulated board when the page opens.
 *
 * Promise: each state, each liveness and some hostile text are present.
 * Must not know: how sessions move on.
 */
import type { AgentView, Need, Place, PullRequest, PullState, SessionView, State, Task } from "../api";
import type { World } from "./world";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const AGENTS: AgentView[] = [
  agent("rehearsal", "Rehearsal", true, "0.1.0", "", "", ["ask", "auto"]),
  {
    ...agent("claude", "Claude Code", true, "2.1.330", "ANTHROPIC_API_KEY, or `claude /login`", "", [
      "default",
      "acceptEdits",
      "plan",
      "bypassPermissions",
    ]),
    isDefault: true,
    signedIn: true,
    counterpart: "claude-tui",
  },
  {
    ...agent("codex", "Codex", true, "0.98.0", "OPENAI_API_KEY, or `codex login`", "", ["ask", "auto", "full"]),
    signedIn: false,
  },
  agent("gemini", "Gemini CLI", false, null, "", "npm install -g @google/gemini-cli", ["default", "yolo"]),
  agent("opencode", "OpenCode", false, null, "", "npm install -g opencode-ai", ["build", "plan"]),
  agent("qwen", "Qwen Code", false, null, "", "npm install -g @qwen-code/qwen-code", ["default"]),
  {
    ...agent("claude-tui", "Claude Code (terminal)", true, "2.1.330", "ANTHROPIC_API_KEY, or `claude /login`", "", [
      "default",
      "plan",
    ]),
    signedIn: true,
    surface: "terminal",
    counterpart: "claude",
  },
];

export const PLACES: Place[] = [
  { path: "/home/ada/code/atlas", kind: "repository", branch: "main" },
  { path: "/home/ada/code/atlas/vendor/sextant", kind: "nested", branch: "v2" },
  {
    path: "/home/ada/code/atlas/.claude/worktrees/flaky-sync-test",
    kind: "worktree",
    branch: "worktree-flaky-sync-test",
  },
  { path: "/home/ada/code/ledger", kind: "repository", branch: "main" },
  { path: "/home/ada/code/site", kind: "repository", branch: null },
];

function agent(
  id: string,
  title: string,
  installed: boolean,
  version: string | null,
  signIn: string,
  howTo: string,
  modes: string[],
): AgentView {
  const path = installed ? `/usr/local/bin/${id}` : null;
  return {
    id,
    title,
    installed,
    version,
    path,
    signIn,
    howTo,
    isDefault: false,
    signedIn: null,
    modes,
    surface: "conversation",
    counterpart: null,
  };
}

export function view(world: World, part: Partial<SessionView>, ageMs = 0): SessionView {
  const id = world.freshId();
  const at = Date.now() - ageMs;
  return {
    id,
    sessionId: `${id}-5c1e-4d7a-9b1e-2f6d8a90c3e1`,
    name: "session",
    kind: "agent",
    agent: part.kind === "shell" ? null : "claude",
    model: null,
    permissionMode: null,
    choosing: [],
    agentSessionId: null,
    cwd: "/home/ada/code/atlas",
    prompt: "",
    state: { type: "working" },
    stateSince: at,
    liveness: { type: "alive", pid: 4100 + world.sessions.size, since: at },
    line: "",
    pinned: false,
    createdAt: at,
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
    ...part,
  };
}

function need(part: Partial<Need>, ageMs: number): State {
  const base: Need = {
    id: "seed-need",
    kind: "question",
    question: "",
    detail: "",
    options: [],
    freeText: true,
    since: Date.now() - ageMs,
    unshownBytes: 0,
    answered: null,
  };
  return { type: "needs_input", needs: [{ ...base, ...part }] };
}

const MIGRATION = `I can keep both tables readable during the move, or switch in one step.`;

const RESULT = `Every loose end in the repository, grouped by what it would take:

| where | what | effort |
|-|-|-|
| \`src/sync.rs:88\` | retry with a bound | small |
| \`src/store/rows.rs:14\` | index on \`due_at\` | small |
| \`ui/src/list.ts:203\` | virtual list | a day |

**Three** of the eleven are already fixed and only the comment is left.`;

type Lodging = NonNullable<SessionView["lodging"]>;

const OWN_WORKTREE: Extract<Lodging, { type: "worktree" }> = {
  type: "worktree",
  path: "/home/ada/code/atlas/.claude/worktrees/flaky-sync-test",
  directory: "/home/ada/code/atlas/.claude/worktrees/flaky-sync-test",
  branch: "worktree-flaky-sync-test",
  mainCheckout: "/home/ada/code/atlas",
  base: "main",
  baseCommit: "9b1e2f6d8a",
  upstream: "origin/main",
  behind: 3,
  absent: [],
  absentCount: 0,
  firstPort: 41_000,
  lastPort: 41_009,
  disclosure: "You work in a git worktree of your own, on branch worktree-flaky-sync-test.",
  settingUp: false,
  changedMeanwhile: ["Cargo.lock"],
  remoteHosts: [],
};

function pull(number: number, state: PullState, ageMs: number): PullRequest {
  return { url: `https://github.com/ada/site/pull/${number}`, number, state, since: Date.now() - ageMs };
}

type Add = (part: Partial<SessionView>, ageMs: number) => SessionView;

function adder(world: World): Add {
  return (part, ageMs) => {
    const made = view(world, part, ageMs);
    world.sessions.set(made.id, made);
    world.evidence.set(made.id, [
      { at: made.createdAt, source: "user", state: "starting", text: "dispatched" },
      { at: made.createdAt + 900, source: "process", state: "working", text: `process ${4100} started` },
      { at: made.stateSince, source: "protocol", state: made.state.type, text: "stop reason end_turn" },
    ]);
    return made;
  };
}

/** Sessions whose work became pull requests. */
export function seedPulls(world: World): void {
  const add = adder(world);
  const gone = { type: "gone" as const, since: Date.now() - HOUR };
  add(
    {
      name: "cache the price list",
      agent: "claude",
      cwd: "/home/ada/code/site",
      line: "Opened a pull request; the checks are green",
      state: { type: "completed", result: "Opened #128. The checks are green." },
      pullRequests: [pull(128, "open", 20 * MINUTE)],
      lodging: {
        ...OWN_WORKTREE,
        path: "/home/ada/code/site/.claude/worktrees/cache-the-price-list",
        branch: "worktree-cache-the-price-list",
        mainCheckout: "/home/ada/code/site",
        changedMeanwhile: [],
      },
    },
    24 * MINUTE,
  );
  add(
    {
      name: "drop the old API",
      line: "Merged; nothing else to do",
      liveness: gone,
      state: { type: "completed", result: "Merged." },
      pullRequests: [pull(121, "merged", 20 * HOUR)],
    },
    30 * HOUR,
  );
  add(
    {
      name: "try the new parser",
      line: "A draft to talk about",
      liveness: gone,
      state: { type: "completed", result: "A draft." },
      pullRequests: [pull(97, "draft", 90 * HOUR)],
    },
    100 * HOUR,
  );
}

const BROUGHT_ALONG = `.claude/settings.json (settings of Claude Code: hooks, programs, permissions)
  {
    "permissions": { "allow": ["Bash(npm run *)"] },
    "hooks": {
      "SessionStart": [
        { "hooks": [{ "type": "command", "command": "\\"$CLAUDE_PROJECT_DIR\\"/tools/start.sh --quiet" }] }
      ]
    }
  }

.mcp.json (MCP servers that an agent starts)
  { "mcpServers": { "tracker": { "command": "npx", "args": ["-y", "tracker-mcp@2"], "env": { "TRACKER_TOKEN": "‹not shown›" } } } }

.nightshift/setup (run before a session starts)
  #!/bin/sh
  set -e
  npm ci --no-audit
  npx prisma generate

tools/start.sh (named by what is listed here)
  #!/bin/sh
  # Prints what changed since yesterday.
  git log --oneline --since=yesterday | head -20

`;

/** Sessions in repositories that nobody has trusted yet. */
export function seedTrust(world: World): void {
  const add = adder(world);
  const gone = { type: "gone" as const, since: Date.now() - MINUTE };
  const options: Need["options"] = [
    { id: "trust", label: "Trust it as it is and start", kind: "allow_always" },
    { id: "without", label: "Start without it, once", kind: "reject_once" },
  ];
  const asks = (part: Partial<Need>) => need({ kind: "permission", options, freeText: false, ...part }, MINUTE);
  const files = ".claude/settings.json, .mcp.json, .nightshift/setup, tools/start.sh";
  const question = `Trust /home/ada/code/tracker? It brings along programs or rights: ${files}`;
  add(
    {
      name: "sort the backlog",
      cwd: "/home/ada/code/tracker",
      line: "waits for trust in /home/ada/code/tracker",
      liveness: gone,
      state: asks({ id: "trust-0f3a", question, detail: BROUGHT_ALONG }),
    },
    MINUTE,
  );
  const long = `Not all of it is shown here. \`nightshift trust show /home/ada/code/mono\` shows it, \`nightshift trust add /home/ada/code/mono\` trusts it.\n\n${BROUGHT_ALONG}`;
  add(
    {
      name: "bump the toolchain",
      cwd: "/home/ada/code/mono",
      line: "waits for trust in /home/ada/code/mono",
      liveness: gone,
      state: asks({
        id: "trust-77c1",
        question: question.replace("tracker?", "mono?"),
        detail: long,
        unshownBytes: 28_204,
      }),
    },
    MINUTE,
  );
  add(
    {
      name: "read the parser",
      cwd: "/home/ada/code/parser",
      line: "Reading src/grammar.rs",
      untrusted: "started without trust in /home/ada/code/parser: no scripts run, Claude Code takes up nothing of it",
    },
    4 * MINUTE,
  );
}

export function seed(world: World): void {
  const add = adder(world);
  const gone = { type: "gone" as const, since: Date.now() - HOUR };
  add(
    { name: "release notes 0.9", pinned: true, line: "Reading the merged pull requests since 0.8", queued: 1 },
    26 * MINUTE,
  );
  add(
    {
      name: "tighten login limits",
      line: "Run: cargo test -p auth",
      state: need(
        {
          kind: "permission",
          question: "Run: cargo test -p auth",
          detail: "cargo test -p auth -- --nocapture limits::",
          freeText: false,
          options: [
            { id: "a", label: "Allow once", kind: "allow_once" },
            { id: "b", label: "Always allow `cargo test`", kind: "allow_always" },
            { id: "c", label: "Reject", kind: "reject_once" },
          ],
        },
        3 * MINUTE,
      ),
    },
    3 * MINUTE,
  );
  add(
    {
      name: "move sessions table",
      agent: "codex",
      cwd: "/home/ada/code/ledger",
      line: "Keep both tables during the move?",
      state: need(
        {
          question: "Keep both tables during the move?",
          detail: MIGRATION,
          options: [
            { id: "both", label: "Keep both for one release", kind: "choice" },
            { id: "once", label: "Switch in one step", kind: "choice" },
          ],
        },
        14 * MINUTE,
      ),
    },
    14 * MINUTE,
  );
  add(
    {
      name: "flaky sync test",
      line: "Edit tests/sync.rs: wait on the condition, not on a timer",
      lodging: OWN_WORKTREE,
    },
    6 * MINUTE,
  );
  add(
    {
      name: "cargo watch -x check",
      kind: "shell",
      line: "Finished `dev` profile in 2.31s",
      prompt: "cargo watch -x check",
    },
    2 * HOUR,
  );
  add(
    {
      name: "map the importer",
      agent: "gemini",
      cwd: "/home/ada/code/ledger",
      line: "Looking at how rows are batched",
      state: { type: "starting" },
    },
    4_000,
  );
  add(
    {
      name: "long migration",
      kind: "shell",
      line: "host does not answer; its process is still there",
      liveness: { type: "unknown", why: "the host does not answer", way_out: "", since: Date.now() - 5 * MINUTE },
    },
    5 * HOUR,
  );
  add(
    {
      name: "list every loose end",
      line: "Every loose end in the repository, grouped by what it would take",
      state: { type: "completed", result: RESULT },
    },
    41 * MINUTE,
  );
  add(
    {
      name: "npm run lint",
      kind: "shell",
      cwd: "/home/ada/code/site",
      line: "4 problems (4 errors, 0 warnings)",
      state: { type: "failed", error: "exited 1", trouble: null },
      liveness: gone,
      exitCode: 1,
    },
    55 * MINUTE,
  );
  add(
    {
      name: "translate the manual",
      agent: "claude",
      line: "You have reached your usage limit",
      state: {
        type: "failed",
        error: "You have reached your usage limit",
        trouble: { kind: "usage_limit", resets: Date.now() + 43 * MINUTE },
      },
    },
    12 * MINUTE,
  );
  add(
    {
      name: "watch the nightly build",
      pinned: true,
      line: "All green; looking again later",
      state: { type: "idle" },
      standing: {
        goal: null,
        loop: {
          runs: 12,
          nextAt: Date.now() + 4 * MINUTE + 20_000,
          selfPaced: true,
          reason: "the build takes a quarter of an hour",
        },
        crons: 1,
        nextCronAt: Date.now() + 2 * HOUR,
        wakeupAt: null,
        monitors: 1,
      },
    },
    11 * MINUTE,
  );
  add(
    { name: "draft the changelog", agentSessionId: "7b1c", line: "Cancelled by you", state: { type: "idle" } },
    80 * MINUTE,
  );
  add(
    {
      name: "npm test",
      kind: "shell",
      line: "Tests 30 passed (30)",
      prompt: "npm test",
      state: { type: "completed", result: "exited 0" },
      liveness: gone,
      exitCode: 0,
    },
    2 * HOUR,
  );
  add({ name: "rename the crate", line: "Stopped by you", state: { type: "stopped" }, liveness: gone }, 3 * HOUR);
  const finished = [
    "bump dependencies",
    "explain the lock order",
    "shrink the image",
    "document the wire",
    "split render.rs",
    "find the slow query",
    "sort imports",
  ];
  finished.forEach((name, index) =>
    add(
      { name, line: "Done; nothing else changed", liveness: gone, state: { type: "completed", result: "Done." } },
      (4 + index * 7) * HOUR,
    ),
  );
  world.notices = [];
}

/** Names and lines as an attacker would choose them. */
export function seedHostile(world: World): void {
  const lines = [
    `<img src=x onerror="window.__pwned=1">`,
    `</button><script>window.__pwned=1</script>`,
    `\u202egnp.exe \u0007\u001b[31mred\u001b[0m`,
    "a".repeat(240),
    `[click](javascript:window.__pwned=1) <svg onload=window.__pwned=1>`,
  ];
  for (const line of lines) {
    const made = view(world, {
      name: line.slice(0, 64),
      line,
      state: {
        type: "completed",
        result: `${line}\n\n[a](javascript:window.__pwned=1) ![x](https://example.invalid/x.png)\n\n<iframe src="https://example.invalid"></iframe>`,
      },
    });
    world.sessions.set(made.id, made);
  }
}

/** One conversation of many items, of every height. */
export function seedLong(world: World, count: number): void {
  const made = view(world, { name: "long conversation", line: "Reading on", state: { type: "idle" } }, 3 * HOUR);
  world.sessions.set(made.id, made);
  const talk = world.conversation(made.id);
  for (let index = 1; index < count; index += 1) {
    const id = `m${index}`;
    if (index % 5 === 0)
      talk.put(id, { type: "user", text: `question ${index}`, queued: false, origin: "user", enclosures: [] });
    else if (index % 7 === 0) talk.put(id, { type: "thought", text: `thought ${index}` });
    else if (index % 11 === 0)
      talk.put(id, { type: "agent", text: `answer ${index}\n\n\`\`\`rust\nfn number() -> u32 { ${index} }\n\`\`\`` });
    else talk.put(id, { type: "agent", text: `answer ${index}. ${"Words that fill some lines. ".repeat(index % 9)}` });
  }
}

/** What runs beside the turns of a session that works. */
export function seedTasks(world: World): Task[] {
  const working = [...world.sessions.values()].find((known) => known.name === "flaky sync test");
  if (!working) return [];
  const at = Date.now();
  return [
    {
      id: "p-5150-1",
      session: working.id,
      kind: "process",
      title: "cargo test --test sync -- --nocapture",
      since: at - 4 * MINUTE,
      stoppable: true,
      usage: { pid: 5150, cpuMs: 41_300, memoryKib: 214_000 },
      lastLines: [],
    },
    {
      id: "t-call-7",
      session: working.id,
      kind: "tool",
      title: "Run the sync tests fifty times",
      since: at - 4 * MINUTE,
      stoppable: false,
      usage: null,
      lastLines: ["run 17 of 50 passed"],
    },
  ];
}

export function seedMany(world: World, count: number): void {
  const states: State[] = [
    { type: "working" },
    { type: "completed", result: "Done." },
    { type: "failed", error: "exited 1", trouble: null },
    { type: "idle" },
  ];
  for (let index = 0; index < count; index += 1) {
    const state = states[index % states.length] ?? { type: "working" };
    const made = view(
      world,
      { name: `session ${index + 1}`, line: `line of session ${index + 1}`, state },
      index * MINUTE,
    );
    world.sessions.set(made.id, made);
  }
}

/** Lines of so many sessions change every second, each at its own moment. */
export function keepBusy(world: World, perSecond: number): void {
  const ids = [...world.sessions.keys()];
  let turn = 0;
  setInterval(() => {
    const id = ids[(turn * 37) % ids.length];
    turn += 1;
    if (id) world.change(id, { line: `line ${turn}` });
  }, 1_000 / perSecond);
}
