/** One draft for a session: what is sent, what stays. */
import { expect, test } from "vitest";
import type { Backend } from "../backend/api";
import { Replies } from "./replies.svelte";
import { aView } from "./view.fixture";

const backend = {} as Backend;

function arrange(sent: boolean) {
  const given: [string, readonly string[]][] = [];
  let settle: () => void = () => undefined;
  const replies = new Replies(backend, async (_, text, files) => {
    given.push([text, files]);
    await new Promise<void>((resolve) => (settle = resolve));
    return sent;
  });
  return { replies, given, settle: () => settle() };
}

test("a reply that arrives leaves the field, whichever place it was written in", async () => {
  const { replies, given, settle } = arrange(true);
  replies.to("a").text = " go on ";
  const sending = replies.to("a").send(aView("a"));
  // The other place shows the same draft: a second Enter there sends nothing twice.
  expect(await replies.to("a").send(aView("a"))).toBe(false);
  settle();
  expect(await sending).toBe(true);
  expect(given).toEqual([["go on", []]]);
  expect(replies.to("a").text).toBe("");
});

test("what is written while a reply is on its way stays", async () => {
  const { replies, settle } = arrange(true);
  const reply = replies.to("a");
  reply.text = "first";
  const sending = reply.send(aView("a"));
  reply.text = "first, and then the second";
  settle();
  expect(await sending).toBe(true);
  // What is sent is not sent again with it.
  expect(reply.text).toBe(", and then the second");
});

test("what could not be sent stays, and a file on its way is waited for", async () => {
  const { replies, given, settle } = arrange(false);
  const reply = replies.to("a");
  reply.text = "look";
  reply.files.busy = 1;
  expect(await reply.send(aView("a"))).toBe(false);
  expect(given).toEqual([]);
  reply.files.busy = 0;
  const sending = reply.send(aView("a"));
  settle();
  expect(await sending).toBe(false);
  expect(reply.text).toBe("look");
});
