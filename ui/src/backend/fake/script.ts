/**
 * Plays an agent: follows a rehearsal script line by line, or makes one up for a plain prompt.
 *
 * Promise: streams, asks, waits for answers and can be cancelled, as a real agent would.
 * Must not know: the window.
 */
import type { Answer, Need, NeedOption } from "../api";
import type { World } from "./world";

const PERMISSION: NeedOption[] = [
  { id: "allow", label: "Allow once", kind: "allow_once" },
  { id: "always", label: "Always allow in this session", kind: "allow_always" },
  { id: "reject", label: "Reject", kind: "reject_once" },
];

/** What a prompt that is no script becomes. */
const IMPROVISED = `think The request is clear. I look at the layout first, then at the tests.
say I'll start with the **project layout** and then look at the tests that cover it.
plan Read the sources|Change what is needed|Run the tests
read src/lib.rs
say The module is small. Two things stand out:\\n\\n1. \`parse\` accepts an empty line\\n2. the error does not name the file\\n\\n\`\`\`rust\\nfn parse(line: &str) -> Result<Entry, Fault> {\\n    let (key, value) = line.split_once('=').ok_or(Fault::NoSeparator)?;\\n    Ok(Entry { key: key.trim(), value: value.trim() })\\n}\\n\`\`\`
edit src/lib.rs
run cargo test
say All tests pass. The change is limited to one function.
done \`parse\` refuses an empty line and its error names the file.`;

const SCRIPT_LINE = /^(say|run|write|ask|open|wait|tool|fail|done|think|plan|read|edit|remove)\b\s*(.*)$/s;

export class Cancelled extends Error {}

export class Player {
  private step = 0;
  private cancelled = false;
  private said = "";
  private readonly prefix: string;

  constructor(
    private readonly world: World,
    private readonly id: string,
    turn: number,
  ) {
    this.prefix = `t${turn}-`;
  }

  cancel(): void {
    this.cancelled = true;
    for (const [key, answer] of this.world.waiting) {
      if (key.startsWith(`${this.id}:`)) answer({ type: "deny" });
    }
  }

  async play(prompt: string): Promise<void> {
    const lines = prompt.split("\n").filter((line) => line.trim() !== "");
    const scripted = lines.some((line) => SCRIPT_LINE.test(line.trim()));
    const steps = scripted ? lines : IMPROVISED.split("\n");
    await this.pause(8);
    this.world.enter(this.id, { type: "working" }, "protocol", "prompt accepted");
    for (const line of steps) {
      if (!(await this.perform(line.trim()))) return;
    }
    this.finish(this.said || "Done.", "protocol", "stop reason end_turn");
  }

  private async perform(line: string): Promise<boolean> {
    const [, verb = "say", rest = ""] = SCRIPT_LINE.exec(line) ?? [];
    const text = rest.replaceAll("\\n", "\n");
    switch (verb) {
      case "run":
        return this.run(text);
      case "ask":
        return this.ask(text);
      case "open":
        return this.open(text);
      case "wait":
        await this.pause(Number(text) * 16);
        return true;
      case "fail":
        this.world.enter(this.id, { type: "failed", error: text, trouble: null }, "protocol", text, text);
        this.note("error", text);
        return false;
      case "done":
        await this.say(text);
        this.finish(text, "marker", `marker line \`result: ${text}\``);
        return false;
      case "think":
        await this.stream("thought", text);
        return true;
      case "plan":
        this.plan(text);
        return true;
      case "read":
      case "edit":
      case "write":
        await this.file(verb, text);
        return true;
      case "remove":
        // As another window, or the command line, would.
        this.world.dropNamed(text);
        return true;
      case "tool":
        await this.tool(text, "other", "", "called");
        return true;
      default:
        await this.say(verb === "say" && text ? text : "I am the rehearsal agent; I follow a script.");
        return true;
    }
  }

  private async say(text: string): Promise<void> {
    this.said = text;
    await this.stream("agent", text);
  }

  private async stream(type: "agent" | "thought", text: string): Promise<void> {
    const id = this.nextId();
    const talk = this.world.conversation(this.id);
    talk.put(id, { type, text: "" });
    for (const word of text.match(/\S+\s*|\s+/g) ?? []) {
      await this.pause(0.6);
      talk.append(id, word);
    }
    if (type === "agent") this.world.change(this.id, { line: firstLine(text) });
  }

  private plan(text: string): void {
    const entries = text.split("|").map((entry, index) => ({
      text: entry.trim(),
      status: index === 0 ? "in_progress" : "pending",
    }));
    this.world.conversation(this.id).put(this.nextId(), { type: "plan", entries });
  }

  private async file(verb: string, path: string): Promise<void> {
    const talk = this.world.conversation(this.id);
    const id = this.nextId();
    const kind = verb === "read" ? "read" : "edit";
    const title = verb === "read" ? `Read ${path}` : `Edit ${path}`;
    talk.put(id, { type: "tool", title, kind, status: "running", input: path, content: [] });
    this.world.change(this.id, { line: title });
    await this.pause(10);
    const content =
      verb === "read"
        ? [{ type: "text" as const, text: "pub fn parse(line: &str) -> Entry {\n    …\n}" }]
        : [{ type: "diff" as const, path, old_text: OLD_TEXT, new_text: NEW_TEXT }];
    talk.put(id, { type: "tool", title, kind, status: "completed", input: path, content });
  }

  private async run(command: string): Promise<boolean> {
    const need = this.need("permission", `Run: ${command}`, command, PERMISSION, false);
    const answer = await this.request(need);
    if (this.cancelled) throw new Cancelled();
    const refused = answer.type === "deny" || (answer.type === "option" && answer.id === "reject");
    if (refused) {
      await this.say("I leave the command out, then.");
      return true;
    }
    await this.tool(
      command,
      "execute",
      command,
      `$ ${command}\nrunning 12 tests\n${"·".repeat(12)}\nok. 12 passed; 0 failed\nexit code 0`,
    );
    return true;
  }

  private async tool(title: string, kind: string, input: string, output: string): Promise<void> {
    const talk = this.world.conversation(this.id);
    const id = this.nextId();
    const body = { type: "tool" as const, title, kind, input };
    this.world.change(this.id, { line: title });
    let text = "";
    for (const line of output.split("\n")) {
      text += `${line}\n`;
      talk.put(id, { ...body, status: "running", content: [{ type: "text", text }] });
      await this.pause(4);
    }
    talk.put(id, { ...body, status: "completed", content: [{ type: "text", text }] });
  }

  private async ask(text: string): Promise<boolean> {
    const [question = "", ...choices] = text.split("|").map((part) => part.trim());
    const options = choices.map((label) => ({ id: label, label, kind: "choice" as const }));
    const answer = await this.request(this.need("question", question, "", options, true));
    if (this.cancelled) throw new Cancelled();
    const said = answer.type === "option" ? answer.id : answer.type === "text" ? answer.text : answer.type;
    await this.say(`You chose **${said}**.`);
    return true;
  }

  private async open(text: string): Promise<boolean> {
    const [page = "", ...words] = text.split(" ");
    const choices = [
      ["accept", "I opened it: go on"],
      ["decline", "Decline"],
    ] as const;
    const options = choices.map(([id, label]) => ({ id, label, kind: "choice" as const }));
    await this.request(this.need("question", words.join(" "), page, options, false));
    if (this.cancelled) throw new Cancelled();
    await this.say("The page was opened.");
    return true;
  }

  private need(kind: Need["kind"], question: string, detail: string, options: NeedOption[], freeText: boolean): Need {
    const id = this.nextId();
    return { id, kind, question, detail, options, freeText, since: Date.now(), unshownBytes: 0, answered: null };
  }

  private async request(need: Need): Promise<Answer> {
    const talk = this.world.conversation(this.id);
    talk.put(need.id, { type: "request", need, answer: null });
    this.world.enter(
      this.id,
      { type: "needs_input", needs: [need] },
      "protocol",
      need.kind === "permission" ? "session/request_permission" : "elicitation/create",
      need.question,
    );
    const key = `${this.id}:${need.id}`;
    const answer = await new Promise<Answer>((resolve) => this.world.waiting.set(key, resolve));
    this.world.waiting.delete(key);
    const label =
      answer.type === "option"
        ? (need.options.find((option) => option.id === answer.id)?.label ?? answer.id)
        : answer.type === "text"
          ? answer.text
          : answer.type;
    talk.put(need.id, { type: "request", need, answer: this.cancelled ? "withdrawn" : label });
    if (!this.cancelled) this.world.enter(this.id, { type: "working" }, "user", `answered: ${label}`);
    return answer;
  }

  private finish(result: string, source: "marker" | "protocol", why: string): void {
    this.world.enter(this.id, { type: "completed", result }, source, why, firstLine(result));
  }

  private note(level: "info" | "warning" | "error", text: string): void {
    this.world.conversation(this.id).put(this.nextId(), { type: "note", level, text });
  }

  private async pause(beats: number): Promise<void> {
    await this.world.rest(beats);
    if (this.cancelled || !this.world.sessions.has(this.id)) throw new Cancelled();
  }

  private nextId(): string {
    this.step += 1;
    return `${this.prefix}${this.step}`;
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

const OLD_TEXT = `pub fn parse(line: &str) -> Entry {
    let (key, value) = line.split_once('=').unwrap();
    Entry { key, value }
}
`;
const NEW_TEXT = `pub fn parse(line: &str) -> Result<Entry, Fault> {
    let (key, value) = line.split_once('=').ok_or(Fault::NoSeparator)?;
    Ok(Entry { key: key.trim(), value: value.trim() })
}
`;
