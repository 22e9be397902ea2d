/** Links and pastes: the page stays where it is, shows where a link goes, and pastes text only. */
import type { Locator } from "playwright-core";
import { expect, test } from "vitest";
import { useBrowser, type Ui } from "./page";

const open = useBrowser();
const opened = (window: Ui) => window.page.evaluate(() => self.__fake?.opened ?? []);

async function expectUnmoved(window: Ui, url: string): Promise<void> {
  expect(window.page.url()).toBe(url);
  expect(window.page.context().pages()).toHaveLength(1);
}

async function terminal(window: Ui): Promise<void> {
  await window.dispatch("! sh", "Shift+Enter");
  await window.get("terminal").locator(".xterm-rows").getByText("❯").first().waitFor();
  await window.get("terminal").locator("textarea").focus();
}

test("security_10 a link shows where it goes, and no way of clicking leads the page there", async () => {
  const window = await open();
  const url = window.page.url();
  await window.dispatch(
    "say see [https://docs.rs](http://127.0.0.1:9/evil.html), [it](https://user:pw@xn--pple-43d.com/) and https://example.org/a",
    "Shift+Enter",
  );
  const links = window.get("conversation").locator("a");
  await expect.poll(() => links.count()).toBe(3);
  expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute("title")))).toEqual([
    "http://127.0.0.1:9/evil.html",
    "https://xn--pple-43d.com/",
    "https://example.org/a",
  ]);
  // Where the text is the URL, it is enough.
  expect(await window.get("conversation").getByTestId("link-place").allInnerTexts()).toEqual([
    "127.0.0.1:9",
    "xn--pple-43d.com",
  ]);
  const evil = links.first();
  const ways: (() => Promise<void>)[] = [
    () => evil.click(),
    () => evil.click({ button: "middle" }),
    () => evil.click({ modifiers: ["Control"] }),
    () => evil.click({ modifiers: ["Shift"] }),
    () => evil.click({ modifiers: ["Control", "Shift"] }),
    () => evil.press("Enter"),
  ];
  for (const [at, way] of ways.entries()) {
    await way();
    await expect.poll(async () => (await opened(window)).length).toBe(at + 1);
    await expectUnmoved(window, url);
  }
  expect(new Set(await opened(window))).toEqual(new Set(["http://127.0.0.1:9/evil.html"]));
  // A menu is asked for, and nothing is opened.
  await evil.click({ button: "right" });
  expect(await opened(window)).toHaveLength(ways.length);
  await expectUnmoved(window, url);
  await window.close();
});

test("security_10 what is dropped on the page does not take its place", async () => {
  const window = await open();
  const url = window.page.url();
  await window.dispatch("say [evil](http://127.0.0.1:9/evil.html)", "Shift+Enter");
  const link = window.get("conversation").locator("a");
  await link.waitFor();
  expect(await link.getAttribute("draggable")).toBe("false");
  const kept = await window.get("conversation").evaluate((node) => {
    const data = new DataTransfer();
    data.setData("text/uri-list", "http://127.0.0.1:9/evil.html");
    return ["dragover", "drop"].map((type) =>
      node.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true })),
    );
  });
  expect(kept).toEqual([false, false]);
  await expectUnmoved(window, url);
  await window.close();
});

test("security_10 a terminal's link shows its URL and opens with Ctrl only", async () => {
  const window = await open();
  await terminal(window);
  for (const [href, word] of [
    ["https://docs.rs@evil.example/x", "first-link"],
    ["javascript:window.__pwned=1", "second-link"],
  ]) {
    await window.page.keyboard.type(`raw \\e]8;;${href}\\e\\${word?.replace("-", "~-")}\\e]8;;\\e\\`);
    await window.press("Enter");
  }
  const link = (word: string) =>
    window.get("terminal").locator(".xterm-rows span", { hasText: new RegExp(`^${word}`) });
  // All is printed, so that nothing moves any more.
  await link("second-link").last().waitFor();
  const over = async (word: string) => {
    // A row that is drawn again has new elements.
    let place = null as Awaited<ReturnType<Locator["boundingBox"]>>;
    const find = async () => (place = await link(word).last().boundingBox());
    await expect.poll(find).not.toBeNull();
    if (!place) throw new Error(`no ${word}`);
    await window.page.mouse.move(place.x + 3, place.y - 40);
    await window.page.mouse.move(place.x + 12, place.y + place.height / 2, { steps: 4 });
  };
  await over("first-link");
  await window.get("terminal-link").getByText("https://evil.example/x", { exact: true }).waitFor();
  const click = async () => {
    await window.page.mouse.down();
    await window.page.mouse.up();
  };
  await click();
  expect(await opened(window)).toEqual([]);
  await window.page.keyboard.down("Control");
  await click();
  await window.page.keyboard.up("Control");
  await expect.poll(() => opened(window)).toEqual(["https://evil.example/x"]);
  await over("second-link");
  await window.get("terminal-link").getByText("Cannot open this link").waitFor();
  await window.page.keyboard.down("Control");
  await click();
  await window.page.keyboard.up("Control");
  await window.page.getByText("Cannot open this link", { exact: true }).waitFor();
  expect(await window.page.evaluate(() => "__pwned" in self)).toBe(false);
  expect(await opened(window)).toHaveLength(1);
  await window.close();
});

test("failures_40 a paste does not end itself, by whatever way it comes", async () => {
  const window = await open();
  await terminal(window);
  await window.page.keyboard.type("raw \\e[?2004h");
  await window.press("Enter");
  const typed = () => window.page.evaluate(() => self.__fake?.typed ?? "");
  await expect.poll(typed).toContain("2004h\r");
  for (const way of ["paste", "drop"]) {
    const before = (await typed()).length;
    await window
      .get("terminal")
      .locator("textarea")
      .evaluate((node, way) => {
        const data = new DataTransfer();
        data.setData("text/plain", "\u001b[201~echo pwned\r\u0003\u009b201~\ttwo\r\nlines\u007f");
        const given = { bubbles: true, cancelable: true };
        node.dispatchEvent(
          way === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, ...given })
            : new DragEvent("drop", { dataTransfer: data, ...given }),
        );
      }, way);
    const given = async () => (await typed()).slice(before);
    await expect.poll(given, { message: way }).toBe("\u001b[200~[201~echo pwned\r201~\ttwo\rlines\u001b[201~");
  }
  await window.close();
});
