/** The dispatch input and the first page. */
import { expect, test } from "vitest";
import { useBrowser } from "./page";

const open = useBrowser();

test("Enter starts an agent session, which asks, is answered and completes", async () => {
  const window = await open();
  await window.dispatch("say Hello\nask Which one? | red | blue\ndone All well");
  const row = window.get("group-needs-input").locator("[data-testid=row]").first();
  await expect.poll(() => row.textContent()).toContain("Which one?");
  await row.locator("[data-row-main]").click();
  await window.press("Space");
  await window.get("peek-option-2").click();
  await expect.poll(() => window.get("peek").textContent()).toContain("All well");
  await expect.poll(() => window.get("dispatch-input").inputValue()).toBe("");
  await window.close();
});

test("too short is said and the text stays; a short shell command is fine", async () => {
  const window = await open();
  await window.dispatch("abc");
  await expect.poll(() => window.get("dispatch-error").textContent()).toContain("too short");
  await expect.poll(() => window.get("dispatch-input").inputValue()).toBe("abc");
  await window.dispatch("! ls");
  await window.row("ls").waitFor();
  expect(await window.get("dispatch-error").count()).toBe(0);
  await window.close();
});

test("a refused dispatch shows message and hint and loses nothing", async () => {
  const window = await open();
  await window.get("dispatch-cwd").fill("/missing");
  await window.press("Enter");
  await window.dispatch("a prompt that must survive");
  const error = await window.get("dispatch-error").textContent();
  expect(error).toContain("/missing does not exist");
  expect(error).toContain("create it");
  await expect.poll(() => window.get("dispatch-input").inputValue()).toBe("a prompt that must survive");
  await window.close();
});

test("a draft survives a reload and ↑ brings back earlier prompts", async () => {
  const window = await open();
  await window.dispatch("! echo first");
  await window.row("echo first").waitFor();
  await window.press("ArrowUp");
  await expect.poll(() => window.get("dispatch-input").inputValue()).toBe("! echo first");
  await window.get("dispatch-input").fill("half a thought");
  await expect.poll(() => window.page.evaluate(() => localStorage.getItem("nightshift.drafts"))).toContain("half");
  await window.page.reload();
  await expect.poll(() => window.get("dispatch-input").inputValue()).toBe("half a thought");
  await window.close();
});

test("a letter typed on the board goes to the input", async () => {
  const window = await open();
  await window.select("flaky sync test");
  await window.page.keyboard.type("!ls");
  await expect.poll(() => window.get("dispatch-input").inputValue()).toBe("!ls");
  await window.close();
});

test("the agent and its permission mode are chosen under the input", async () => {
  const window = await open();
  await window.get("dispatch-agent").click();
  await window.page.getByRole("menuitemradio", { name: /Codex/ }).click();
  await expect.poll(() => window.get("dispatch-mode").textContent()).toContain("ask");
  await window.get("dispatch-mode").click();
  await window.page.locator("[role=menuitemradio][aria-checked=true]:focus").waitFor();
  await window.press("ArrowDown", "Enter");
  await expect.poll(() => window.get("dispatch-mode").textContent()).toContain("auto");
  await window.close();
});

test("the first page lists the agents and the rehearsal fills the input", async () => {
  const window = await open({ mode: "empty" });
  await window.get("first-run").waitFor();
  // Installed ones all, of the others as many as leave the groups in sight.
  await expect.poll(() => window.get("agent").count()).toBe(4);
  for (const group of ["needs-input", "working", "completed"]) {
    const place = await window.get(`group-${group}`).boundingBox();
    expect((place?.y ?? 0) + (place?.height ?? 0)).toBeLessThan(
      (await window.get("dispatch-input").boundingBox())?.y ?? 0,
    );
  }
  await window.get("first-more").click();
  await expect.poll(() => window.get("agent").filter({ hasText: "not installed" }).count()).toBe(3);
  await window.get("try-rehearsal").click();
  await expect.poll(() => window.get("dispatch-input").inputValue()).toContain("ask Which way");
  await expect.poll(() => window.get("dispatch-agent").textContent()).toContain("Rehearsal");
  await window.press("Enter");
  await window.get("board").waitFor();
  await window.get("group-needs-input").locator("[data-testid=row]").waitFor();
  await window.close();
});

test("@ offers agents and repositories; choosing one takes the sign out of the prompt", async () => {
  const window = await open();
  const field = window.get("dispatch-input");
  await field.pressSequentially("tidy up @led");
  await window.get("completion").getByText("ledger", { exact: true }).waitFor();
  await window.press("Enter");
  await expect.poll(() => field.inputValue()).toBe("tidy up ");
  await expect.poll(() => window.get("dispatch-cwd").inputValue()).toBe("~/code/ledger");
  await field.pressSequentially("@cod");
  await window.press("Tab");
  await expect.poll(() => window.get("dispatch-agent").textContent()).toContain("Codex");
  await field.pressSequentially("@");
  await expect.poll(() => window.get("completion").count()).toBeGreaterThan(4);
  await window.press("Escape");
  expect(await window.get("completions").count()).toBe(0);
  await expect.poll(() => field.inputValue()).toBe("tidy up @");
  await window.close();
});

test("names that were typed out choose agent and repository when it starts", async () => {
  const window = await open();
  await window.get("dispatch-input").pressSequentially("@ledger ");
  await window.press("Escape");
  await window.get("dispatch-input").pressSequentially("map the importer again in @src/main.rs @codex");
  await window.press("Escape", "Enter");
  const row = window.page.locator("[data-testid=row]", { hasText: "map the importer again" });
  await row.waitFor();
  await expect.poll(() => row.textContent()).toContain("codex");
  await expect.poll(() => row.textContent()).toContain("ledger");
  await window.close();
});

test("a draft belongs to its project, and text at hand goes along to another", async () => {
  const window = await open();
  const field = window.get("dispatch-input");
  const go = async (cwd: string) => {
    await window.get("dispatch-cwd").fill(cwd);
    await window.press("Enter");
  };
  await field.fill("about the atlas");
  await go("~/code/ledger");
  await expect.poll(() => field.inputValue()).toBe("about the atlas");
  await expect.poll(() => window.page.evaluate(() => localStorage.getItem("nightshift.drafts"))).toContain("ledger");
  await field.fill("");
  await expect.poll(() => window.page.evaluate(() => localStorage.getItem("nightshift.drafts"))).not.toContain("about");
  await field.fill("about the ledger");
  await expect
    .poll(() => window.page.evaluate(() => localStorage.getItem("nightshift.drafts")))
    .toContain("about the ledger");
  await window.page.reload();
  await expect.poll(() => window.get("dispatch-cwd").inputValue()).toBe("~/code/atlas");
  await expect.poll(() => field.inputValue()).toBe("");
  await go("~/code/ledger");
  await expect.poll(() => field.inputValue()).toBe("about the ledger");
  await window.close();
});

test("a long paste folds to a label, is shown on demand and is sent whole", async () => {
  const window = await open();
  const field = window.get("dispatch-input");
  await field.pressSequentially("explain this: ");
  await field.evaluate((node) => {
    const data = new DataTransfer();
    data.setData("text/plain", Array.from({ length: 240 }, (_, at) => `log line ${at}`).join("\n"));
    node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await expect.poll(() => field.inputValue()).toBe("explain this: [pasted 240 lines]");
  await window.get("paste").waitFor();
  await window.press("Shift+Enter");
  await window.get("conversation").getByText("log line 239").first().waitFor();
  await window.press("Control+n");
  await window.press("ArrowUp");
  await expect.poll(async () => (await field.inputValue()).split("\n").length).toBe(240);
  await window.close();
});

test("Ctrl+J is a new line, Ctrl+H searches earlier prompts", async () => {
  const window = await open();
  const field = window.get("dispatch-input");
  for (const text of ["! echo first", "! echo second"]) {
    await window.dispatch(text);
    await window.row(text.slice(2)).waitFor();
  }
  await field.pressSequentially("one");
  await window.press("Control+j");
  await field.pressSequentially("two");
  await expect.poll(() => field.inputValue()).toBe("one\ntwo");
  await field.fill("fir");
  await window.press("Control+h");
  await expect.poll(() => window.get("completion").count()).toBe(1);
  await window.press("Enter");
  await expect.poll(() => field.inputValue()).toBe("! echo first");
  await window.close();
});

test("a pasted picture goes with the prompt, is shown in the conversation, and can be taken out before", async () => {
  const window = await open();
  const paste = () =>
    window.get("dispatch-input").evaluate(async (node) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
      const data = new DataTransfer();
      if (blob) data.items.add(new File([blob], "screen.png", { type: "image/png" }));
      node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
  await window.get("dispatch-input").fill("what is wrong in this picture");
  await paste();
  await window.get("attachment").waitFor();
  await window.page.getByRole("button", { name: "Remove screen.png" }).click();
  expect(await window.get("attachment").count()).toBe(0);
  await paste();
  await window.get("attachment").waitFor();
  await window.get("dispatch-input").focus();
  await window.press("Shift+Enter");
  await window.get("sent-picture").waitFor();
  expect(await window.get("attachment").count()).toBe(0);
  await window.close();
});
