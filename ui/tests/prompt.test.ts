/** Prompts are written in one field: the same keys in the input, in a pane and in a peek. */
import { expect, test } from "vitest";
import { useBrowser, type Ui } from "./page";

const open = useBrowser();
const SESSION = "draft the changelog";

const PLACES: { name: string; testid: string; arrange: (window: Ui) => Promise<unknown> }[] = [
  { name: "the dispatch input", testid: "dispatch-input", arrange: (window) => window.get("dispatch-input").focus() },
  {
    name: "the composer",
    testid: "composer",
    arrange: async (window) => {
      await window.row(SESSION).locator("[data-row-main]").dblclick();
      await window.get("composer").focus();
    },
  },
  {
    name: "the reply in the peek",
    testid: "peek-reply",
    arrange: async (window) => {
      await window.select(SESSION);
      await window.press("Space");
      await window.get("peek-reply").focus();
    },
  },
];

test.each(PLACES)("$name begins lines with Ctrl+J and Alt+Enter, grows, and submits with Enter", async (place) => {
  const window = await open();
  await place.arrange(window);
  const field = window.get(place.testid);
  const height = async () => (await field.boundingBox())?.height ?? 0;
  const low = await height();
  await field.pressSequentially("say one");
  await window.press("Control+j");
  await field.pressSequentially("say two");
  await window.press("Alt+Enter");
  await field.pressSequentially("say three");
  await expect.poll(() => field.inputValue()).toBe("say one\nsay two\nsay three");
  await expect.poll(height).toBeGreaterThan(low);
  await window.press("Enter");
  await expect.poll(() => field.inputValue()).toBe("");
  await expect.poll(height).toBe(low);
  await window.close();
});

test.each(PLACES)("$name takes a pasted picture, and Ctrl+Enter submits", async (place) => {
  const window = await open();
  await place.arrange(window);
  const field = window.get(place.testid);
  await field.fill("say what is wrong in this picture");
  await field.evaluate((node) => {
    const data = new DataTransfer();
    data.items.add(new File(["x"], "screen.png", { type: "image/png" }));
    node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await window.get("attachment").waitFor();
  await field.focus();
  await window.press("Control+Enter");
  await expect.poll(() => field.inputValue()).toBe("");
  await window.get("attachment").waitFor({ state: "detached" });
  await window.close();
});

test("Shift+Enter begins a line where it does not open what it starts, and the peek keeps the lines of a draft", async () => {
  const window = await open();
  await window.row(SESSION).locator("[data-row-main]").dblclick();
  const composer = window.get("composer");
  await composer.focus();
  await composer.pressSequentially("one");
  await window.press("Shift+Enter");
  await composer.pressSequentially("two");
  await window.press("Alt+ArrowLeft", "Space");
  const reply = window.get("peek-reply");
  await expect.poll(() => reply.inputValue()).toBe("one\ntwo");
  await reply.focus();
  await window.press("Control+End");
  await reply.pressSequentially("!");
  await expect.poll(() => composer.inputValue()).toBe("one\ntwo!");
  await window.close();
});
