/**
 * Routines, played: a few of every health, runs that become sessions, a form that is checked.
 *
 * Promise: what is saved is what was typed; mistakes are told by field, as the supervisor tells them.
 * Must not know: views.
 */
import { fault } from "../api";
import type {
  Backend,
  RecentRun,
  RoutineDetail,
  RoutineEdit,
  RoutineForm,
  RoutineSaved,
  RoutineView,
  RunStarted,
  RunView,
  SchedulePreview,
  TriggerForm,
} from "../api";
import { previewOf, upcomingOf } from "./schedules";
import { view } from "./seed";
import type { World } from "./world";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PLACE = "/home/ada/.config/nightshift/routines";

const FORM: RoutineForm = {
  description: "",
  agent: null,
  model: null,
  mode: null,
  repository: null,
  base: "default",
  worktree: "per-run",
  timezone: null,
  triggers: [],
  missed: "once",
  overlap: "skip",
  deadline: "2h",
  retries: 2,
  maxPerDay: 24,
  turns: null,
  minutes: null,
  allow: [],
  otherwise: "deny",
  setup: null,
  precheck: null,
  goal: null,
  check: null,
  notify: "problems",
  prompt: "",
};

type Kept = {
  view: RoutineView;
  form: RoutineForm;
  runs: RunView[];
};

function trigger(text: string): TriggerForm {
  const { kind, value, words } = previewOf(text, null);
  return { kind, value, words };
}

function run(routine: string, n: number, at: number, part: Partial<RunView>): RunView {
  const state = part.state ?? "finished";
  return {
    id: `run_${routine}_${n}`,
    routine,
    trigger: { kind: "schedule", due_at: at, replays: null, event: null },
    state,
    reason: null,
    late_cause: null,
    outcome: state === "finished" ? "met" : null,
    outcome_reason: state === "finished" ? "each failure is named with its cause" : null,
    session: null,
    due_at: at,
    claimed_at: at,
    started_at: at + 4_000,
    finished_at: at + 310_000,
    attempt: 0,
    error: null,
    denials: [],
    words: "finished, met: each failure is named with its cause",
    events: [
      { at, text: "due" },
      { at: at + 1_000, text: "session 5e11c0de was made for it" },
      { at: at + 4_000, text: "the agent has begun" },
      { at: at + 310_000, text: "finished, met: each failure is named with its cause" },
    ],
    ...part,
  };
}

const recent = ({ id, state, outcome, due_at, words }: RunView): RecentRun => ({
  id,
  state,
  outcome,
  at: due_at,
  words,
});

function kept(name: string, form: Partial<RoutineForm>, part: Partial<RoutineView>, runs: RunView[]): Kept {
  const whole = { ...FORM, ...form };
  const zone = whole.timezone ?? "UTC";
  return {
    form: whole,
    runs,
    view: {
      id: `trig_${name}`,
      name,
      description: whole.description,
      enabled: true,
      paused: false,
      note: null,
      health: "on_time",
      health_reason: "the last run did what it was for",
      next_run_at: null,
      timezone: zone,
      triggers: [],
      last_run: runs[0] ?? null,
      recent: [],
      problems: [],
      remarks: [],
      ...part,
    },
  };
}

function seeded(at: number): Kept[] {
  const nightly = Array.from({ length: 12 }, (_, n) => {
    const due = at - n * DAY_MS - 3 * HOUR_MS;
    if (n === 3)
      return run("nightly-triage", n, due, {
        state: "skipped",
        reason: "previous_running",
        words: "skipped: the previous run was still going",
        started_at: null,
      });
    if (n === 5)
      return run("nightly-triage", n, due, {
        outcome: "not_met",
        outcome_reason: "two failures are listed without a cause",
        denials: ["Bash: git push origin main"],
        words: "finished, not met: two failures are listed without a cause",
      });
    return run("nightly-triage", n, due, {});
  });
  const failing = Array.from({ length: 3 }, (_, n) =>
    run("dependency-update", n, at - n * 7 * DAY_MS, {
      state: "failed",
      error: { type: "no_start", message: "the agent did not start: codex is not signed in" },
      words: "failed (the agent did not start)",
    }),
  );
  return [
    kept(
      "dependency-update",
      {
        description: "Dependencies up to date",
        agent: "codex",
        repository: "~/code/site",
        triggers: [trigger("0 6 * * 1")],
      },
      {
        health: "failing",
        health_reason: "3 runs in a row failed: codex is not signed in",
        remarks: [
          "it has no outcome.goal, so its runs are not judged and never green; say what must be true when it is done",
        ],
      },
      failing,
    ),
    kept(
      "morning-digest",
      {
        description: "Yesterday on one page",
        timezone: "Europe/Berlin",
        prompt: "Write a digest of yesterday.",
        goal: "there is a digest of at most one page",
        notify: "always",
        triggers: [trigger("every weekday at 8:30")],
      },
      { paused: true, note: "on holiday", health: "paused", health_reason: "on holiday" },
      [],
    ),
    kept(
      "nightly-triage",
      {
        description: "Why did the night fail?",
        agent: "claude",
        repository: "~/code/atlas",
        timezone: "Europe/Berlin",
        prompt: "Look at what failed since yesterday evening. For each failure say what broke.\n\nChange nothing.",
        goal: "each failure of the night is named with its cause",
        allow: ["Bash(npm test:*)", "Read"],
        triggers: [trigger("every day at 7:00")],
      },
      {},
      nightly,
    ),
    kept(
      "release-notes",
      { description: "Draft of the release notes", prompt: "Write the draft." },
      {
        health: "never_ran",
        health_reason: "it has not run yet",
        problems: [
          { line: 4, column: 12, message: "`Mars/Base` is no time zone; write an IANA name such as `Europe/Berlin`" },
        ],
      },
      [],
    ),
  ];
}

type Routines = Pick<
  Backend,
  | "routines"
  | "routine"
  | "routineRuns"
  | "previewSchedule"
  | "saveRoutine"
  | "enableRoutine"
  | "pauseRoutine"
  | "resumeRoutine"
  | "runRoutine"
  | "removeRoutine"
  | "editRoutine"
  | "openSchedule"
  | "pauseSchedules"
>;

export class FakeRoutines {
  allPaused = false;
  private readonly all = new Map<string, Kept>();
  private ids = 0;

  constructor(
    private readonly world: World,
    mode: string,
  ) {
    if (mode === "empty" || mode === "many" || mode === "unheard") return;
    for (const one of seeded(Date.now())) this.all.set(one.view.name, one);
    if (mode === "routines") this.seedSessions();
  }

  /** Runs are sessions: one that asks, one with a problem, and one that has left the board. */
  private seedSessions(): void {
    const add = (n: number, archived: boolean, part: Parameters<typeof view>[1]): void => {
      const found = this.all.get("nightly-triage")?.runs[n];
      if (!found) return;
      const mark = { id: "trig_nightly-triage", name: "nightly-triage", occurrence: found.id, archived };
      const made = view(this.world, { agent: "claude", routine: mark, ...part }, (n + 1) * 60_000);
      this.world.put(made);
      found.session = made.id;
    };
    add(0, true, {
      name: "nightly-triage-0",
      state: { type: "completed", result: "All is well." },
      line: "All is well",
    });
    add(5, false, {
      name: "nightly-triage-5",
      state: { type: "completed", result: "Two open." },
      line: "Two are open",
    });
  }

  calls(): Routines {
    return {
      routines: async () => ({ routines: [...this.all.values()].map((one) => this.shown(one)), problems: [] }),
      routine: async (name) => this.detail(this.find(name)),
      routineRuns: async (name, before, limit) => {
        const { runs } = this.find(name);
        const from = before ?? 0;
        const next = from + limit < runs.length ? from + limit : null;
        return structuredClone({ runs: runs.slice(from, from + limit), next });
      },
      previewSchedule: async (schedule, timezone): Promise<SchedulePreview> => previewOf(schedule, timezone),
      saveRoutine: async (routine, name, edits, check) => this.save(routine, name, edits, check),
      enableRoutine: async (name, enabled) => this.change(name, { enabled }),
      pauseRoutine: async (name, note) =>
        this.change(name, { paused: true, note, health: "paused", health_reason: note || "paused" }),
      resumeRoutine: async (name) =>
        this.change(name, { paused: false, note: null, health: "on_time", health_reason: "it runs again" }),
      runRoutine: async (name, text) => this.run(this.find(name), text),
      removeRoutine: async (name) => {
        this.all.delete(this.find(name).view.name);
      },
      editRoutine: async (name) => {
        window.__fake?.opened.push(`${PLACE}/${this.find(name).view.name}.md`);
      },
      openSchedule: async (text, cwd) => {
        window.__fake?.opened.push(`/schedule ${text} in ${cwd}`);
      },
      pauseSchedules: async (paused) => {
        this.allPaused = paused;
      },
    };
  }

  private find(name: string): Kept {
    const found = this.all.get(name);
    if (!found) throw fault("not_found", `no routine \`${name}\``, "list them with `nightshift routines list`");
    return found;
  }

  private shown({ view: one, form, runs }: Kept): RoutineView {
    const timed = form.triggers.filter(({ kind }) => kind !== "api" && kind !== "github");
    const plays = one.enabled && !one.paused && !this.allPaused;
    const [next = null] = plays ? timed.flatMap((it) => upcomingOf(it, one.timezone, 1)).sort((a, b) => a - b) : [];
    return structuredClone({
      ...one,
      description: form.description,
      next_run_at: next,
      timezone: form.timezone ?? "UTC",
      triggers: form.triggers.map((it) => ({ kind: "schedule", trigger: `${it.kind} ${it.value}`, words: it.words })),
      last_run: runs[0] ?? null,
      recent: runs.slice(0, 10).map(recent).reverse(),
    });
  }

  private detail(one: Kept): RoutineDetail {
    const routine = this.shown(one);
    const upcoming =
      routine.next_run_at === null ? [] : one.form.triggers.flatMap((it) => upcomingOf(it, routine.timezone, 5));
    return structuredClone({
      routine,
      file: `${PLACE}/${routine.name}.md`,
      definition: one.form.prompt,
      form: one.form.prompt === "Write the draft." ? null : one.form,
      upcoming: upcoming.sort((a, b) => a - b).slice(0, 5),
      fire_url: null,
      webhook_url: null,
    });
  }

  private change(name: string, part: Partial<RoutineView>): RoutineView {
    const found = this.find(name);
    found.view = { ...found.view, ...part };
    return this.shown(found);
  }

  private save(routine: string | null, name: string, edits: RoutineEdit[], check: boolean): RoutineSaved {
    const before = routine === null ? null : this.find(routine);
    const form = structuredClone(before?.form ?? FORM);
    const problems: RoutineSaved["problems"] = [];
    const wrong = (field: string, message: string): void => void problems.push({ field, message });
    if (routine === null) {
      if (name === "") wrong("name", "a routine needs a name");
      else if (!/^[a-z0-9][a-z0-9_-]*$/.test(name))
        wrong("name", "use small letters, digits, `-` and `_` in a routine's name");
      else if (this.all.has(name)) wrong("name", `there is a routine \`${name}\` already; choose another name`);
    }
    for (const edit of edits) apply(form, edit, wrong);
    if (form.prompt.trim() === "") wrong("prompt", "the prompt is missing; write it after the second line `+++`");
    if (check || problems.length > 0) return { routine: null, problems };
    const saved = before ?? kept(name, form, { health: "never_ran", health_reason: "it has not run yet" }, []);
    saved.form = form;
    this.all.set(saved.view.name, saved);
    return { routine: this.shown(saved), problems: [] };
  }

  private run(one: Kept, text: string | null): RunStarted {
    this.ids += 1;
    const at = Date.now();
    const { name } = one.view;
    const id = `run_${name}_by_hand_${this.ids}`;
    const mark = { id: one.view.id, name, occurrence: id, archived: false };
    const made = view(this.world, {
      name: `${name}-${this.ids}`,
      agent: one.form.agent ?? "rehearsal",
      prompt: one.form.prompt,
      line: text ?? one.form.prompt.split("\n")[0] ?? "",
      routine: mark,
    });
    this.world.put(made);
    one.runs.unshift(
      run(name, 1000 + this.ids, at, {
        id,
        trigger: { kind: "manual", due_at: null, replays: null, event: null },
        state: "running",
        session: made.id,
        finished_at: null,
        due_at: null,
        words: "the agent has begun",
        events: [{ at, text: "asked for by hand" }],
      }),
    );
    return { occurrence: id, session: made.id, waits_for: null };
  }
}

type Wrong = (field: string, message: string) => void;

const SHORT: Record<string, keyof RoutineForm> = { max_per_day: "maxPerDay" };

/** One key of the file, as the supervisor would set it. */
function apply(form: RoutineForm, { path, value }: RoutineEdit, wrong: Wrong): void {
  const field = path.join(".");
  const last = path.at(-1) ?? "";
  const parsed = value === null ? null : (JSON.parse(value) as unknown);
  if (path[0] === "trigger") {
    const place = Number(path[1]);
    if (parsed === null) form.triggers.splice(place, 1);
    else {
      const [[kind = "", text = ""] = []] = Object.entries(parsed as Record<string, string>);
      form.triggers[place] = trigger(kind === "every" ? `every ${text}` : text);
    }
    return;
  }
  const key = SHORT[last] ?? (last as keyof RoutineForm);
  if (!(key in FORM)) return wrong(field, `\`${field}\` is not known`);
  const text = typeof parsed === "string" ? parsed : "";
  if (key === "timezone" && text !== "" && !isZone(text))
    return wrong(field, `\`${text}\` is no time zone; write an IANA name such as \`Europe/Berlin\``);
  if (key === "deadline" && text !== "" && !/^(\d+[smhd])+$/.test(text))
    return wrong(field, `\`${text}\` is no length of time; write one such as \`30m\`, \`2h\`, \`1h30m\` or \`1d\``);
  if (typeof FORM[key] === "number" && text !== "") return wrong(field, `\`${field}\` must be a whole number`);
  Object.assign(form, { [key]: parsed ?? FORM[key] });
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
