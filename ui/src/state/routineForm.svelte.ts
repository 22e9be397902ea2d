/**
 * A routine as it is written in the form: what was typed, what of it would be a mistake, what is saved.
 *
 * Promise: only keys that were changed are written, so comments and order of the file stay; what is wrong is told
 * beside its field before anything is written. Must not know: the DOM, which page is shown.
 */
import { SvelteMap } from "svelte/reactivity";
import { asFault } from "../backend/api";
import type { Backend, Fault, RoutineEdit, RoutineForm, RoutineView, SchedulePreview } from "../backend/api";

/** Asked for this long after the last key. */
const CHECK_AFTER_MS = 350;

/** What holds where nothing is set. */
export const DEFAULTS: RoutineForm = {
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

type Scalar = Exclude<keyof RoutineForm, "triggers">;

/** Where each field stands in the file. */
const PATHS: Record<Scalar, readonly string[]> = {
  description: ["description"],
  agent: ["agent"],
  model: ["model"],
  mode: ["mode"],
  repository: ["repository"],
  base: ["base"],
  worktree: ["worktree"],
  timezone: ["timezone"],
  missed: ["policy", "missed"],
  overlap: ["policy", "overlap"],
  deadline: ["policy", "deadline"],
  retries: ["policy", "retries"],
  maxPerDay: ["policy", "max_per_day"],
  turns: ["policy", "budget", "turns"],
  minutes: ["policy", "budget", "minutes"],
  allow: ["permissions", "allow"],
  otherwise: ["permissions", "otherwise"],
  setup: ["environment", "setup"],
  precheck: ["environment", "precheck"],
  goal: ["outcome", "goal"],
  check: ["outcome", "check"],
  notify: ["outcome", "notify"],
  prompt: ["prompt"],
};
const SCALARS = Object.keys(PATHS) as Scalar[];
const NUMBERS: ReadonlySet<Scalar> = new Set<Scalar>(["retries", "maxPerDay", "turns", "minutes"]);

/** One trigger as it is typed. */
export type TriggerField = {
  key: number;
  text: string;
  /** Its place in the file as it was read; null: it is new. */
  origin: number | null;
  /** What it was there. */
  was: string;
  /** Not started by the clock: shown, and only to be taken out. */
  fixed: string | null;
  preview: SchedulePreview | null;
  problem: string;
};

type Text = Record<Scalar, string>;

function textOf(form: RoutineForm): Text {
  const text = (field: Scalar): string => {
    const value = form[field];
    return Array.isArray(value) ? value.join("\n") : value === null ? "" : String(value);
  };
  return Object.fromEntries(SCALARS.map((field) => [field, text(field)])) as Text;
}

export class RoutineEditor {
  name = $state("");
  text = $state<Text>(textOf(DEFAULTS));
  triggers = $state<TriggerField[]>([]);
  /** What would be wrong, by field: `name`, a key with dots, `trigger.0`; the empty one belongs to no field. */
  readonly problems = new SvelteMap<string, string>();
  fault = $state.raw<Fault | null>(null);
  saving = $state(false);
  /** Somebody tried to leave with changes that are not saved. */
  leaving = $state(false);

  private readonly before: Text;
  private readonly removed: number[] = [];
  private key = 0;
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly begun: string;

  /** `routine` is the one that is edited; none: a new one. */
  constructor(
    private readonly backend: Backend,
    readonly routine: string | null,
    form: RoutineForm,
    start: { name: string; schedules: readonly string[] } = { name: "", schedules: [] },
  ) {
    this.before = textOf(routine === null ? DEFAULTS : form);
    this.text = textOf(form);
    this.name = start.name;
    form.triggers.forEach((trigger, origin) => {
      const fixed = ["schedule", "every", "at"].includes(trigger.kind) ? null : trigger.words;
      const text = trigger.kind === "every" ? `every ${trigger.value}` : trigger.value;
      this.triggers.push({ key: this.key++, text, origin, was: text, fixed, preview: null, problem: "" });
    });
    for (const text of start.schedules) this.addTrigger(text);
    this.begun = this.fingerprint();
    this.triggers.forEach((trigger) => trigger.fixed === null && void this.look(trigger.key));
  }

  get dirty(): boolean {
    return this.fingerprint() !== this.begun;
  }

  set(field: Scalar, value: string): void {
    this.text[field] = value;
    this.leaving = false;
    this.checkSoon();
    if (field === "timezone") this.triggers.forEach((trigger) => trigger.fixed === null && this.lookSoon(trigger.key));
  }

  rename(name: string): void {
    this.name = name;
    this.leaving = false;
    this.checkSoon();
  }

  addTrigger(text = ""): void {
    this.triggers.push({ key: this.key++, text, origin: null, was: "", fixed: null, preview: null, problem: "" });
  }

  removeTrigger(key: number): void {
    const found = this.triggers.find((trigger) => trigger.key === key);
    if (!found) return;
    if (found.origin !== null) this.removed.push(found.origin);
    this.triggers = this.triggers.filter((trigger) => trigger.key !== key);
    this.checkSoon();
  }

  setTrigger(key: number, text: string): void {
    const found = this.triggers.find((trigger) => trigger.key === key);
    if (!found) return;
    found.text = text;
    found.problem = "";
    this.leaving = false;
    this.lookSoon(key);
  }

  /** What is wrong with a field; empty while nothing is. */
  wrong(field: Scalar | "name"): string {
    const path = field === "name" ? "name" : PATHS[field].join(".");
    return this.problems.get(path) ?? "";
  }

  /** Mistakes that belong to no field that is shown. */
  get others(): string[] {
    const shown = new Set(["name", ...SCALARS.map((field) => PATHS[field].join("."))]);
    return [...this.problems].filter(([field]) => !shown.has(field)).map(([, message]) => message);
  }

  /** Shows what a schedule means and when it would come due. */
  private async look(key: number): Promise<void> {
    const found = this.triggers.find((trigger) => trigger.key === key);
    if (!found || found.text.trim() === "") return;
    const { text } = found;
    const zone = this.text.timezone.trim() || null;
    // A time of the file as it is may have passed: that is no mistake.
    const untouched = found.origin !== null && text === found.was;
    try {
      const preview = await this.backend.previewSchedule(text, zone);
      if (found.text !== text) return;
      if (preview.rest === "") this.take(key, preview, "");
      else this.take(key, null, `“${preview.rest.slice(0, 40)}” is not part of a schedule; write only when it runs`);
    } catch (thrown) {
      if (found.text === text) this.take(key, null, untouched ? "" : asFault(thrown).message);
    }
  }

  private take(key: number, preview: SchedulePreview | null, problem: string): void {
    const found = this.triggers.find((trigger) => trigger.key === key);
    if (!found) return;
    found.preview = preview;
    found.problem = problem;
  }

  private lookSoon(key: number): void {
    setTimeout(() => void this.look(key), CHECK_AFTER_MS);
  }

  private checkSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), CHECK_AFTER_MS);
  }

  /** Nobody looks any more. */
  end(): void {
    clearTimeout(this.timer);
    this.turn += 1;
  }

  private async check(): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    try {
      const { problems } = await this.backend.saveRoutine(this.routine, this.name.trim(), this.edits(), true);
      // A field that nobody has written in yet is no mistake.
      const begun = ({ field }: { field: string }) =>
        !(field === "prompt" && this.text.prompt === "") && !(field === "name" && this.name === "");
      if (turn === this.turn) this.tell(problems.filter(begun));
    } catch (thrown) {
      if (turn === this.turn) this.fault = asFault(thrown);
    }
  }

  /** Writes it; the routine as it is then, or null where something is wrong. */
  async save(): Promise<RoutineView | null> {
    if (this.saving) return null;
    clearTimeout(this.timer);
    this.turn += 1;
    this.saving = true;
    this.fault = null;
    try {
      const typed = this.triggers.filter((trigger) => trigger.fixed === null);
      await Promise.all(typed.map((trigger) => this.look(trigger.key)));
      if (this.triggers.some((trigger) => trigger.problem !== "")) return null;
      const saved = await this.backend.saveRoutine(this.routine, this.name.trim(), this.edits(), false);
      this.tell(saved.problems);
      return saved.routine;
    } catch (thrown) {
      this.fault = asFault(thrown);
      return null;
    } finally {
      this.saving = false;
    }
  }

  private tell(problems: readonly { field: string; message: string }[]): void {
    this.fault = null;
    this.problems.clear();
    for (const trigger of this.triggers) if (trigger.preview !== null) trigger.problem = "";
    for (const { field, message } of problems) {
      const at = /^trigger\.(\d+)/.exec(field);
      const trigger = at ? this.triggers[Number(at[1])] : undefined;
      if (trigger) trigger.problem = message;
      else if (!this.problems.has(field)) this.problems.set(field, message);
    }
  }

  /** The keys that differ from the file, and their new values. */
  edits(): RoutineEdit[] {
    const edits: RoutineEdit[] = [];
    for (const field of SCALARS) {
      const value = this.text[field];
      if (field !== "prompt" && value.trim() === this.before[field].trim()) continue;
      if (field === "prompt" && this.routine !== null && value === this.before.prompt) continue;
      edits.push({ path: [...PATHS[field]], value: this.json(field, value) });
    }
    return [...edits, ...this.triggerEdits()];
  }

  /** The last ones go first, so that the places of the others stay as they were. */
  private triggerEdits(): RoutineEdit[] {
    const gone = [...this.removed].sort((a, b) => b - a);
    const edits: RoutineEdit[] = gone.map((place) => ({ path: ["trigger", String(place)], value: null }));
    this.triggers.forEach((trigger, place) => {
      if (trigger.fixed !== null || trigger.text.trim() === "") return;
      if (trigger.origin !== null && trigger.text === trigger.was) return;
      if (trigger.preview === null) return;
      const value = JSON.stringify({ [trigger.preview.kind]: trigger.preview.value });
      edits.push({ path: ["trigger", String(place)], value });
    });
    return edits;
  }

  private json(field: Scalar, text: string): string | null {
    const trimmed = text.trim();
    if (field === "prompt") return JSON.stringify(text);
    if (field === "allow") {
      const rules = trimmed.split("\n").flatMap((line) => line.trim() || []);
      return rules.length === 0 ? null : JSON.stringify(rules);
    }
    // Without a value the key goes, and the default holds.
    if (trimmed === "" || trimmed === textOf(DEFAULTS)[field]) return null;
    if (NUMBERS.has(field) && /^\d+$/.test(trimmed)) return trimmed;
    return JSON.stringify(trimmed);
  }

  private fingerprint(): string {
    const triggers = this.triggers.map((trigger) => [trigger.text, trigger.origin]);
    return JSON.stringify([this.name, this.text, triggers]);
  }
}
