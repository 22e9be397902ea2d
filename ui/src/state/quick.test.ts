/** The quick window loses no words and starts nothing by mistake. */
import { expect, test } from "vitest";
import type { Backend, DispatchRequest } from "../backend/api";
import { Quick } from "./quick.svelte";

function quickWith(
  dispatch: (request: DispatchRequest) => Promise<unknown>,
  openSchedule: (text: string, cwd: string) => Promise<void> = async () => undefined,
): Quick {
  const backend = {
    openSchedule,
    dispatch,
    defaults: async () => ({ cwd: "/home/ada", home: "/home/ada", version: "" }),
    followBoard: async (on: (event: unknown) => void) => {
      const sessions = [
        { cwd: "/srv/site", createdAt: 1 },
        { cwd: "/home/ada/code/atlas", createdAt: 2 },
      ];
      on({ type: "snapshot", seq: 1, sessions, notices: [] });
      return () => undefined;
    },
    hideQuick: async () => undefined,
  };
  return new Quick(backend as unknown as Backend);
}

test("a prompt goes to the project used last and leaves when it has started", async () => {
  const asked: DispatchRequest[] = [];
  const quick = quickWith(async (request) => void asked.push(request));
  await quick.shown();
  expect(quick.cwd).toBe("~/code/atlas");
  quick.step(1);
  expect(quick.cwd).toBe("/srv/site");
  quick.edit("! npm test");
  expect(await quick.start()).toBe(true);
  expect(asked[0]).toMatchObject({ kind: "shell", text: "npm test", cwd: "/srv/site" });
  expect(quick.text).toBe("");
});

test("too little text starts nothing, and a refused prompt stays", async () => {
  const quick = quickWith(async () => Promise.reject({ code: "io", message: "no such directory", hint: "" }));
  quick.edit("abc");
  expect(await quick.start()).toBe(false);
  expect(quick.fault?.message).toContain("too short");
  quick.edit("fix the login test");
  expect(await quick.start()).toBe(false);
  expect(quick.text).toBe("fix the login test");
  expect(quick.fault?.message).toBe("no such directory");
});

test("what is typed behind /schedule goes on in the form, with the project", async () => {
  const planned: string[] = [];
  const quick = quickWith(
    async () => Promise.reject(new Error("nothing is started")),
    async (text, cwd) => void planned.push(`${text} in ${cwd}`),
  );
  await quick.shown();
  quick.edit("/schedule every weekday at 9, triage");
  expect(await quick.start()).toBe(true);
  expect(planned).toEqual(["every weekday at 9, triage in ~/code/atlas"]);
  expect(quick.text).toBe("");
  const refused = quickWith(
    async () => undefined,
    async () => Promise.reject({ code: "internal", message: "no window", hint: "" }),
  );
  refused.edit("/schedule hourly look");
  expect(await refused.start()).toBe(false);
  expect(refused.text).toBe("/schedule hourly look");
});
