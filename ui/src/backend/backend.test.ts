/** The real backend and the simulation answer the same calls: all commands of the bindings, and what is heard. */
import { beforeAll, expect, test, vi } from "vitest";
import type { Backend } from "./api";
import { TRANSLATED } from "./api";
import { commands } from "./generated/bindings";
import { tauriBackend } from "./tauri";

/** Ends a follow; the returned function of each follow calls it. */
const INTERNAL = "unfollow";
const invoked = vi.hoisted(() => vi.fn());
vi.mock("@tauri-apps/api/core", () => ({ invoke: invoked, Channel: class {} }));

const names = (backend: Backend): string[] => Object.keys(backend).sort();
let simulated: Backend;

beforeAll(async () => {
  vi.stubGlobal("window", {});
  vi.stubGlobal("location", { search: "" });
  const { fakeBackend } = await import("./fake");
  simulated = fakeBackend("empty");
});

test("both have every command of the bindings, and nothing that the other has not", () => {
  const wanted = Object.keys(commands).filter((name) => name !== INTERNAL);
  expect(names(tauriBackend())).toEqual(expect.arrayContaining(wanted));
  expect(names(simulated)).toEqual(names(tauriBackend()));
});

test("a command is called with what it was given, and its refusal is a fault", async () => {
  invoked.mockResolvedValueOnce({ id: "a" });
  expect(await tauriBackend().rename("a", "b")).toEqual({ id: "a" });
  expect(invoked).toHaveBeenLastCalledWith("rename", { session: "a", name: "b" });
  invoked.mockRejectedValueOnce("gone");
  await expect(tauriBackend().rename("a", "b")).rejects.toEqual({ code: "internal", message: "gone", hint: "" });
});

test("what is translated is written out, and no more than that", () => {
  expect([...TRANSLATED].filter((name) => !(name in commands))).toEqual([]);
});
