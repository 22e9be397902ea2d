/** Keystrokes keep their order whatever the calls that carry them do. */
import { describe, expect, it } from "vitest";
import { TypedInOrder } from "./ordered";

describe("typing", () => {
  it("sends one call at a time and what was typed meanwhile with the next", async () => {
    const calls: string[] = [];
    const release: (() => void)[] = [];
    const keyboard = new TypedInOrder((text) => {
      calls.push(text);
      return new Promise((done) => release.push(done));
    });
    const typed = ["a", "b", "c"].map((key) => keyboard.type(key));
    expect(calls).toEqual(["a"]);
    release.shift()?.();
    await Promise.resolve();
    await Promise.resolve();
    expect(calls).toEqual(["a", "bc"]);
    release.shift()?.();
    await Promise.all(typed);
    void keyboard.type("d");
    expect(calls).toEqual(["a", "bc", "d"]);
  });

  it("drops what waited behind a call that failed", async () => {
    const calls: string[] = [];
    const keyboard = new TypedInOrder(async (text) => {
      calls.push(text);
      if (text === "a") throw new Error("gone");
    });
    const first = keyboard.type("a");
    const second = keyboard.type("b");
    await expect(first).rejects.toThrow("gone");
    await expect(second).rejects.toThrow("gone");
    await keyboard.type("c");
    expect(calls).toEqual(["a", "c"]);
  });
});
