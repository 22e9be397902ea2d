/** The form writes what was changed and nothing else, and tells each mistake beside its field. */
import { expect, test } from "vitest";
import type { Backend, RoutineEdit, RoutineForm, RoutineSaved, SchedulePreview } from "../backend/api";
import { fault } from "../backend/api";
import { DEFAULTS, RoutineEditor } from "./routineForm.svelte";

/** Takes what is saved, and understands two schedules. */
class Supervisor {
  saved: { routine: string | null; name: string; edits: RoutineEdit[]; check: boolean }[] = [];
  answer: RoutineSaved = { routine: null, problems: [] };

  get backend(): Backend {
    const backend: Partial<Backend> = {
      previewSchedule: async (schedule): Promise<SchedulePreview> => {
        const [kind, value] = schedule === "hourly" ? ["schedule", "0 * * * *"] : ["every", "2h"];
        if (!["hourly", "every 2h", "every 2h look"].includes(schedule)) throw fault("invalid", "not understood");
        const rest = schedule.endsWith("look") ? "look" : "";
        return { kind, value, words: schedule, timezone: "UTC", upcoming: [1], rest };
      },
      saveRoutine: async (routine, name, edits, check) => {
        this.saved.push({ routine, name, edits, check });
        return this.answer;
      },
    };
    return backend as Backend;
  }
}

const form = (part: Partial<RoutineForm>): RoutineForm => ({ ...DEFAULTS, prompt: "Look.", ...part });

function edited(edits: RoutineEdit[]): Record<string, unknown> {
  return Object.fromEntries(
    edits.map(({ path, value }) => [path.join("."), value === null ? null : (JSON.parse(value) as unknown)]),
  );
}

test("a new routine writes what differs from the defaults, and nothing else", async () => {
  const supervisor = new Supervisor();
  const editor = new RoutineEditor(supervisor.backend, null, form({ goal: "done" }), {
    name: "nightly",
    schedules: ["hourly"],
  });
  editor.set("retries", "3");
  editor.set("allow", "Edit\n\n Bash(npm test:*) ");
  await editor.save();
  const [{ edits = [], name = "", check = true } = {}] = supervisor.saved;
  expect([name, check]).toEqual(["nightly", false]);
  expect(edited(edits)).toEqual({
    prompt: "Look.",
    "outcome.goal": "done",
    "policy.retries": 3,
    "permissions.allow": ["Edit", "Bash(npm test:*)"],
    "trigger.0": { schedule: "0 * * * *" },
  });
});

test("of an edited one only what was changed is written, so that comments stay", async () => {
  const supervisor = new Supervisor();
  const triggers = [
    { kind: "schedule", value: "0 9 * * *", words: "every day at 9" },
    { kind: "github", value: "github a/b push", words: "on push in a/b" },
    { kind: "every", value: "2h", words: "every 2h" },
  ];
  const editor = new RoutineEditor(
    supervisor.backend,
    "nightly",
    form({ agent: "claude", overlap: "queue", triggers }),
  );
  expect(editor.dirty).toBe(false);
  expect(editor.edits()).toEqual([]);
  editor.set("overlap", "skip");
  editor.set("agent", "");
  const [first] = editor.triggers;
  editor.removeTrigger(first?.key ?? -1);
  editor.addTrigger("hourly");
  expect(editor.dirty).toBe(true);
  await editor.save();
  expect(edited(supervisor.saved[0]?.edits ?? [])).toEqual({
    agent: null,
    "policy.overlap": null,
    "trigger.0": null,
    "trigger.2": { schedule: "0 * * * *" },
  });
});

test("a schedule that is not understood is told beside it and nothing is written", async () => {
  const supervisor = new Supervisor();
  const editor = new RoutineEditor(supervisor.backend, null, form({}), { name: "a", schedules: ["sometimes"] });
  expect(await editor.save()).toBe(null);
  expect(editor.triggers[0]?.problem).toBe("not understood");
  expect(supervisor.saved).toEqual([]);
  editor.setTrigger(editor.triggers[0]?.key ?? -1, "every 2h look");
  await editor.save();
  expect(editor.triggers[0]?.problem).toContain("“look” is not part of a schedule");
  // A time of the file that has passed, and was not touched, is no mistake.
  const past = [{ kind: "at", value: "2020-01-01T09:00", words: "on 2020-01-01 at 09:00" }];
  const old = new RoutineEditor(supervisor.backend, "a", form({ triggers: past }));
  old.set("description", "x");
  await old.save();
  expect(edited(supervisor.saved.at(-1)?.edits ?? [])).toEqual({ description: "x" });
});

test("mistakes stand beside their field, and others at the end", async () => {
  const supervisor = new Supervisor();
  supervisor.answer = {
    routine: null,
    problems: [
      { field: "name", message: "a name" },
      { field: "policy.max_per_day", message: "too many" },
      { field: "trigger.0", message: "too often" },
      { field: "", message: "something else" },
    ],
  };
  const editor = new RoutineEditor(supervisor.backend, null, form({}), { name: "", schedules: ["hourly"] });
  await editor.save();
  expect(editor.wrong("name")).toBe("a name");
  expect(editor.wrong("maxPerDay")).toBe("too many");
  expect(editor.triggers[0]?.problem).toBe("too often");
  expect(editor.others).toEqual(["something else"]);
});
