/** Dispatch: what is refused, what is sent, what stays. */
import { expect, test, vi } from "vitest";
import { fault } from "../backend/api";
import type { AgentView, Backend, DispatchRequest, SessionView } from "../backend/api";
import { Dispatch } from "./dispatch.svelte";
import { Settings } from "./settings.svelte";
import { AgentOptions } from "./agentOptions.svelte";

const agent = (id: string, part: Partial<AgentView>): AgentView => ({
  id,
  title: id,
  installed: true,
  version: null,
  path: null,
  signIn: "",
  howTo: "",
  isDefault: false,
  signedIn: null,
  modes: [],
  surface: "conversation",
  counterpart: null,
  ...part,
});

async function make(
  dispatch: (request: DispatchRequest) => Promise<SessionView>,
  isDefault = true,
  settings: Record<string, unknown> = {},
): Promise<Dispatch> {
  const backend = {
    dispatch,
    settings: async () => ({ path: "", text: "", json: JSON.stringify(settings), problem: null, unknown: [] }),
    defaults: async () => ({ cwd: "~/code", home: "/home/ada", version: "0" }),
    agents: async () => [
      agent("rehearsal", { modes: ["ask", "auto"] }),
      agent("claude", { isDefault, modes: ["default", "plan"] }),
    ],
  } as Partial<Backend> as Backend;
  const agentOptions = new AgentOptions();
  agentOptions.learn("claude", {
    options: [
      {
        id: "m",
        name: "Model",
        description: null,
        role: "model",
        current: "big",
        values: [{ id: "big", name: "Big", description: null }],
      },
    ],
    commands: [],
  });
  const read = new Settings(backend);
  await read.load();
  const made = new Dispatch(backend, agentOptions, read);
  await made.load();
  return made;
}

test.each([
  ["abc", "too short"],
  ["   ab ", "too short"],
  ["!", "No command"],
  ["!   ", "No command"],
])("%j is refused before anything is sent", async (text, expected) => {
  const send = vi.fn();
  const dispatch = await make(send);
  dispatch.edit(text);
  expect(await dispatch.submit()).toBeNull();
  expect(dispatch.fault?.message).toContain(expected);
  expect(dispatch.draft).toBe(text);
  expect(send).not.toHaveBeenCalled();
});

test("a prompt goes with the defaults, a command without agent", async () => {
  const sent: DispatchRequest[] = [];
  const dispatch = await make(async (request) => {
    sent.push(request);
    return {} as SessionView;
  });
  dispatch.edit("fix the tests");
  await dispatch.submit();
  dispatch.edit("! npm test");
  await dispatch.submit();
  const none = { agent: null, model: null, permissionMode: null, name: null, cwd: "~/code", enclosures: [] };
  expect(sent).toEqual([
    { ...none, kind: "agent", text: "fix the tests", agent: "claude", permissionMode: "default" },
    { ...none, kind: "shell", text: "npm test" },
  ]);
  expect(dispatch.draft).toBe("");
  expect(dispatch.recallHistory(-1)).toBe(true);
  expect(dispatch.draft).toBe("! npm test");
});

test("what is typed while a session is being started is the next prompt alone", async () => {
  let started: (view: SessionView) => void = () => undefined;
  const dispatch = await make(() => new Promise((resolve) => (started = resolve)));
  dispatch.edit("the first prompt");
  const sending = dispatch.submit();
  dispatch.edit("the first promptand the sec");
  started({} as SessionView);
  await sending;
  expect(dispatch.draft).toBe("and the sec");
});

test("a fault keeps the text", async () => {
  const dispatch = await make(async () => {
    throw fault("io", "the directory is gone", "choose another");
  });
  dispatch.edit("fix the tests");
  await dispatch.submit();
  expect(dispatch.fault?.hint).toBe("choose another");
  expect(dispatch.draft).toBe("fix the tests");
  expect(dispatch.busy).toBe(false);
});

test("a model is asked for only where the agent at hand named it", async () => {
  const sent: (string | null)[] = [];
  const dispatch = await make(async ({ model }) => {
    sent.push(model);
    return {} as SessionView;
  });
  expect(dispatch.models.map(({ id }) => id)).toEqual(["big"]);
  for (const agentId of ["claude", "rehearsal"]) {
    dispatch.agentId = agentId;
    dispatch.model = "big";
    dispatch.edit("fix the tests");
    await dispatch.submit();
  }
  expect(sent).toEqual(["big", null]);
});

test("silent_settings of settings that name nobody no other agent is made the default", async () => {
  const sent: DispatchRequest[] = [];
  const dispatch = await make(async (request) => {
    sent.push(request);
    return {} as SessionView;
  }, false);
  expect(dispatch.agent).toBeNull();
  dispatch.edit("fix the tests");
  await dispatch.submit();
  expect(sent.map(({ agent, permissionMode }) => [agent, permissionMode])).toEqual([[null, null]]);
});

test.each([
  [{ defaults: { permission_mode: "plan" } }, "plan", "plan"],
  [{ defaults: { agent: "claude", permission_mode: "plan" } }, "plan", "plan"],
  [{ defaults: { agent: "rehearsal", permission_mode: "auto" } }, "default", "default"],
  [{ agent_servers: { claude: { default_mode: "plan" } } }, "plan", "plan"],
  // The supervisor refuses it, with its line.
  [{ defaults: { permission_mode: "Plan" } }, "Plan", null],
  [{}, "default", "default"],
])("silent_settings of %j the mode is shown and sent", async (settings, shown, expected) => {
  const sent: (string | null)[] = [];
  const made = await make(
    async ({ permissionMode }) => {
      sent.push(permissionMode);
      return {} as SessionView;
    },
    true,
    settings,
  );
  expect(made.effectiveMode).toBe(shown);
  made.edit("fix the tests");
  await made.submit();
  made.mode = "default";
  made.edit("fix the tests");
  await made.submit();
  expect(sent).toEqual([expected, "default"]);
});

test("a prompt waits for a file that is still on its way", async () => {
  const send = vi.fn();
  const dispatch = await make(send);
  dispatch.edit("what is wrong in this picture");
  dispatch.files.busy = 1;
  expect(await dispatch.submit()).toBeNull();
  expect(send).not.toHaveBeenCalled();
  expect(dispatch.draft).toBe("what is wrong in this picture");
});
