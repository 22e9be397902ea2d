/**
 * The routines as the page shows them, and what is done with them.
 *
 * Promise: asks again only while somebody looks; what was known stays while nobody answers; nothing is removed before
 * it was asked for twice. Must not know: the DOM, other pages.
 */
import { asFault, fault } from "../backend/api";
import type { Backend, Fault, RoutineDetail, RoutineList, RoutineView, RunView } from "../backend/api";
import { DEFAULTS, RoutineEditor } from "./routineForm.svelte";
import type { Template } from "./routineTemplates";
import { nameFrom } from "./routineWords";

/** Often enough to see a run begin, seldom enough to cost nothing. */
const ASK_AGAIN_MS = 2_000;
/** Runs asked for at once. */
const RUNS = 25;

/** Which part of the page is shown. */
export type Shown = "list" | "one" | "form";

/** What somebody is about to do with a routine, and has to say more about. */
export type Asking = "" | "run" | "pause" | "remove";

export class Routines {
  list = $state.raw<RoutineList | null>(null);
  /** Why nothing newer is known. */
  fault = $state.raw<Fault | null>(null);
  /** Why the last thing that was asked for was not done. */
  refused = $state.raw<Fault | null>(null);
  /** Nothing starts on a schedule until the user says so. */
  allPaused = $state(false);
  shown = $state<Shown>("list");
  detail = $state.raw<RoutineDetail | null>(null);
  runs = $state.raw<RunView[]>([]);
  more = $state.raw<number | null>(null);
  editor = $state.raw<RoutineEditor | null>(null);
  asking = $state<Asking>("");
  busy = $state(false);

  private name: string | null = null;
  private turn = 0;
  private pages = 1;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly backend: Backend) {}

  /** Of the detail that is shown: as the newest list has it. */
  get view(): RoutineView | null {
    return this.detail?.routine ?? this.list?.routines.find((one) => one.name === this.name) ?? null;
  }

  /** Somebody looks from now on. */
  look(): () => void {
    void this.refresh();
    this.timer = setInterval(() => document.hidden || void this.refresh(), ASK_AGAIN_MS);
    return () => {
      clearInterval(this.timer);
      this.turn += 1;
      this.editor?.end();
    };
  }

  async refresh(): Promise<void> {
    this.turn += 1;
    const { turn, name } = this;
    try {
      const [list, status] = await Promise.all([this.backend.routines(), this.backend.status()]);
      if (turn !== this.turn) return;
      this.list = list;
      this.allPaused = status.schedulesPaused;
      if (name !== null && this.shown === "one") await this.refreshOne(name, turn);
      if (turn === this.turn) this.fault = null;
    } catch (thrown) {
      if (turn === this.turn) this.fault = asFault(thrown);
    }
  }

  private async refreshOne(name: string, turn: number): Promise<void> {
    const [detail, page] = await Promise.all([
      this.backend.routine(name),
      this.backend.routineRuns(name, null, RUNS * this.pages),
    ]);
    if (turn !== this.turn) return;
    this.detail = detail;
    this.runs = page.runs;
    this.more = page.next;
  }

  async showMore(): Promise<void> {
    this.pages += 1;
    await this.refresh();
  }

  /** The list, or one of it. */
  open(name: string | null): void {
    this.leave();
    if (name === null) return;
    this.name = name;
    this.shown = "one";
    void this.refresh();
  }

  private leave(): void {
    this.editor?.end();
    this.editor = null;
    this.name = null;
    this.detail = null;
    this.runs = [];
    this.more = null;
    this.pages = 1;
    this.asking = "";
    this.refused = null;
    this.shown = "list";
  }

  /** One step back; false where there is none but to close the page. */
  back(): boolean {
    if (this.shown === "list") return false;
    if (this.asking !== "") {
      this.asking = "";
      return true;
    }
    const { editor } = this;
    if (editor && editor.dirty && !editor.leaving) {
      editor.leaving = true;
      return true;
    }
    this.discard();
    return true;
  }

  /** What was typed in the form goes. */
  discard(): void {
    const name = this.editor ? this.editor.routine : null;
    this.open(name);
  }

  /** A form with what a template says, or with nothing. */
  begin(template: Template | null, cwd: string): void {
    const form = { ...DEFAULTS, ...template?.form, repository: template ? projectOf(cwd) : null };
    const name = template ? nameFrom(template.title, this.names) : "";
    this.compose(
      new RoutineEditor(this.backend, null, form, { name, schedules: template ? [template.schedule] : [""] }),
    );
  }

  /** A form with what was typed behind `/schedule`: a time, and what is to be done then. */
  async beginFrom(text: string, cwd: string): Promise<void> {
    let [schedule, prompt, problem] = ["", text, ""];
    if (text !== "") {
      try {
        const { words, rest } = await this.backend.previewSchedule(text, null);
        [schedule, prompt] = [
          rest === "" ? text : text.slice(0, text.length - rest.length).replace(/[\s,:;.]+$/, ""),
          rest,
        ];
        if (schedule === "") schedule = words;
      } catch (thrown) {
        // Whoever wrote no time sees the field for it, and why it is empty.
        problem = asFault(thrown).message;
      }
    }
    const form = { ...DEFAULTS, prompt, repository: text === "" ? null : projectOf(cwd) };
    const start = { name: prompt === "" ? "" : nameFrom(prompt, this.names), schedules: [schedule] };
    this.compose(new RoutineEditor(this.backend, null, form, start));
    const first = this.editor?.triggers[0];
    if (first && problem !== "") first.problem = problem;
  }

  /** The form of the routine that is shown. */
  async edit(name: string): Promise<void> {
    await this.work(async () => {
      const detail = await this.backend.routine(name);
      if (detail.form === null) {
        this.refused = fault("refused", `${name} has mistakes`, "mend its file first");
        return;
      }
      this.compose(new RoutineEditor(this.backend, name, detail.form, { name, schedules: [] }));
    });
  }

  private compose(editor: RoutineEditor): void {
    this.leave();
    this.editor = editor;
    this.shown = "form";
  }

  private get names(): string[] {
    return this.list?.routines.map(({ name }) => name) ?? [];
  }

  async save(): Promise<void> {
    const saved = await this.editor?.save();
    if (saved) this.open(saved.name);
  }

  async enable(name: string, enabled: boolean): Promise<void> {
    await this.work(() => this.backend.enableRoutine(name, enabled));
  }

  async pause(name: string, note: string): Promise<void> {
    await this.work(() => this.backend.pauseRoutine(name, note));
  }

  async resume(name: string): Promise<void> {
    await this.work(() => this.backend.resumeRoutine(name));
  }

  /** The session that runs, once there is one. */
  async run(name: string, text: string): Promise<string | null> {
    let session: string | null = null;
    await this.work(async () => {
      ({ session } = await this.backend.runRoutine(name, text.trim() === "" ? null : text));
    });
    return session;
  }

  async remove(name: string): Promise<void> {
    await this.work(async () => {
      await this.backend.removeRoutine(name);
      this.leave();
    });
  }

  async openFile(name: string): Promise<void> {
    await this.work(() => this.backend.editRoutine(name));
  }

  async pauseAll(paused: boolean): Promise<void> {
    await this.work(() => this.backend.pauseSchedules(paused));
  }

  /** Does it, then shows what came of it. */
  private async work(does: () => Promise<unknown>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.asking = "";
    this.refused = null;
    try {
      await does();
    } catch (thrown) {
      this.refused = asFault(thrown);
    } finally {
      this.busy = false;
    }
    await this.refresh();
  }
}

/** The home is no repository: without a project a run gets an empty directory. */
function projectOf(cwd: string): string | null {
  return cwd === "" || cwd === "~" ? null : cwd;
}
