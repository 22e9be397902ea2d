/** Input methods: keys that choose letters send, leave and choose nothing else; and output in one piece. */
import type { CDPSession } from "playwright-core";
import { expect, inject, test } from "vitest";
import { useBrowser, type Ui } from "./page";

const open = useBrowser();
const WORD = "日本語";
/** What WebKit says of the key that ends composing: its own name, but this code. */
const TAKEN = 229;
const ENTER = 13;

class InputMethod {
  private constructor(private readonly wire: CDPSession) {}

  static async of(window: Ui): Promise<InputMethod> {
    return new InputMethod(await window.page.context().newCDPSession(window.page));
  }

  async compose(text: string): Promise<void> {
    await this.wire.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
  }

  /** As the browser tells a key that the input method has taken. */
  async press(key: string, code = TAKEN): Promise<void> {
    for (const type of ["rawKeyDown", "keyUp"] as const) {
      await this.wire.send("Input.dispatchKeyEvent", { type, key, code: key, windowsVirtualKeyCode: code });
    }
  }

  /** The word is chosen; the key that chose it comes last, as WebKit tells it. */
  async commit(text: string): Promise<void> {
    await this.wire.send("Input.insertText", { text });
    for (const key of ["Enter", "Escape"]) await this.press(key);
  }
}

/** Composes a word with every key that an input method uses on the way. */
async function write(window: Ui): Promise<void> {
  const method = await InputMethod.of(window);
  for (const so_far of ["n", "に", "にほ", "にほん"]) await method.compose(so_far);
  for (const key of ["ArrowDown", "Tab", "Enter", "Escape"]) {
    await method.compose("にほんご");
    await method.press(key);
  }
  // Others say Enter's own code, and that it is composing.
  await method.press("Enter", ENTER);
  await method.compose("にほんご");
  await method.commit(WORD);
}

type Field = {
  name: string;
  testid: string;
  arrange: (window: Ui) => Promise<unknown>;
  still: (window: Ui) => Promise<unknown>;
};

const asking = (window: Ui) => window.row("move sessions table");

const FIELDS: Field[] = [
  {
    name: "the dispatch input",
    testid: "dispatch-input",
    arrange: async () => undefined,
    still: async (window) => expect(await window.page.locator(`[data-name="${WORD}"]`).count()).toBe(0),
  },
  {
    name: "the filter",
    testid: "filter-input",
    arrange: async () => undefined,
    still: (window) => window.get("nothing-found").or(window.get("filter-input")).first().waitFor(),
  },
  {
    name: "the reply in the peek",
    testid: "peek-reply",
    arrange: async (window) => {
      await window.select("draft the changelog");
      await window.press("Space");
    },
    still: (window) => window.get("peek").waitFor(),
  },
  {
    name: "the composer",
    testid: "composer",
    arrange: async (window) => {
      await window.row("draft the changelog").locator("[data-row-main]").dblclick();
      await window.get("composer").waitFor();
    },
    still: async (window) => expect(await window.get("conversation").getByText(WORD, { exact: true }).count()).toBe(0),
  },
  {
    name: "a name",
    testid: "rename-input",
    arrange: async (window) => {
      await asking(window).locator("[data-row-main]").click();
      await window.press("F2");
      await window.get("rename-input").fill("");
    },
    still: (window) => window.get("rename-input").waitFor(),
  },
  {
    name: "the palette",
    testid: "palette-input",
    arrange: (window) => window.press("Control+k"),
    still: (window) => window.get("palette-input").waitFor(),
  },
  {
    name: "the search of a conversation",
    testid: "conversation-find",
    arrange: async (window) => {
      await window.row("draft the changelog").locator("[data-row-main]").dblclick();
      await window.get("composer").waitFor();
      await window.press("Control+f");
    },
    still: (window) => window.get("conversation-find").waitFor(),
  },
];

test.each(FIELDS)("$name takes a composed word, and its keys do nothing else", async ({ testid, arrange, still }) => {
  const window = await open();
  await window.row("npm test").waitFor();
  await arrange(window);
  await window.get(testid).focus();
  const sessions = await window.get("row").count();
  await write(window);
  await expect.poll(() => window.get(testid).inputValue()).toBe(WORD);
  await still(window);
  if (testid !== "filter-input") expect(await window.get("row").count()).toBe(sessions);
  await window.close();
});

test("the key after the word is an ordinary one again", async () => {
  const window = await open();
  await window.get("dispatch-input").focus();
  await write(window);
  await window.page.keyboard.type(" の説明を書く");
  await window.press("Enter");
  await window.page.locator(`[data-testid=row][data-name^="${WORD}"]`).waitFor();
  await expect.poll(() => window.get("dispatch-input").inputValue()).toBe("");
  await window.close();
});

test("the quick window keeps what is being composed", async () => {
  const window = await open();
  await window.page.goto(`${inject("url")}quick.html?fake=&speed=6`);
  await window.get("quick-input").focus();
  await write(window);
  await expect.poll(() => window.get("quick-input").inputValue()).toBe(WORD);
  await expect.poll(() => window.page.locator("html").getAttribute("data-hidden")).toBeNull();
  await window.close();
});

test("a terminal gets a composed word once, and none of the keys that made it", async () => {
  const window = await open();
  await window.dispatch("! bash", "Shift+Enter");
  const rows = window.get("terminal").locator(".xterm-rows");
  await expect.poll(() => rows.textContent()).toContain("❯");
  await window.page.keyboard.type("echo ");
  const method = await InputMethod.of(window);
  for (const so_far of ["n", "に", "にほんご"]) await method.compose(so_far);
  // What is being composed is shown by the terminal, not sent.
  await window.page.locator(".composition-view.active").getByText("にほんご").waitFor();
  await method.commit(WORD);
  await expect.poll(() => rows.textContent()).toContain(`echo ${WORD}`);
  await window.press("Enter");
  const count = async () => ((await rows.textContent()) ?? "").split(WORD).length - 1;
  await expect.poll(count).toBe(2);
  await window.close();
});

/** Longer than a frame, far shorter than a terminal waits for the end of an update. */
const FRAMES_MS = 200;
/** Longer than that. */
const GIVEN_UP_MS = 2_000;

test("what a program draws as one update is seen in one piece, and one that never ends is seen too", async () => {
  const window = await open({ ownClock: true });
  await window.dispatch("! bash", "Shift+Enter");
  const rows = window.get("terminal").locator(".xterm-rows");
  await expect.poll(() => rows.textContent()).toContain("❯");
  const text = async () => (await rows.textContent()) ?? "";
  const run = (ms: number) => window.page.clock.runFor(ms);
  await window.page.clock.pauseAt(Date.now() + 60_000);
  const enter = async (line: string) => {
    await window.page.keyboard.type(line);
    await run(FRAMES_MS);
    await window.press("Enter");
    await run(FRAMES_MS);
  };
  await enter("raw \\e[?2026hha~lf");
  expect(await text()).not.toContain("half");
  // Typed blind: nothing is drawn until the update ends.
  await enter("raw of~it\\e[?2026l");
  expect(await text()).toContain("half");
  expect(await text()).toContain("ofit");
  await enter("raw \\e[?2026hlo~st");
  expect(await text()).not.toContain("lost");
  await run(GIVEN_UP_MS);
  expect(await text()).toContain("lost");
  await window.close();
});
