/**
 * Plays a terminal: a job that prints and ends, or a small shell that answers what is typed.
 *
 * Promise: a viewer first gets a snapshot, then live bytes, as from a real host.
 * Must not know: the window.
 */
import type { TerminalSink } from "../api";
import type { World } from "./world";

const encoder = new TextEncoder();
const PROMPT = "\x1b[38;5;110m~/code\x1b[0m \x1b[38;5;180m❯\x1b[0m ";

const LISTING = "\x1b[34msrc\x1b[0m  \x1b[34mtests\x1b[0m  Cargo.toml  README.md\r\n";

export class FakeTerminal {
  output = "";
  ended = false;
  private typed = "";
  private readonly sinks = new Map<number, TerminalSink>();

  constructor(
    private readonly world: World,
    readonly id: string,
  ) {}

  /** Starts what the command asks for. */
  async start(command: string): Promise<void> {
    await this.world.rest(6);
    this.world.enter(this.id, { type: "working" }, "process", "first output");
    if (/^(ba|z|fi)?sh$/.test(command.trim())) {
      this.print(PROMPT);
      return;
    }
    for (const line of jobLines(command)) {
      if (this.ended) return;
      this.print(`${line}\r\n`);
      await this.world.rest(9);
    }
    const failed = /fail|false|nope/.test(command);
    if (!this.ended) this.exit(failed ? 1 : 0);
  }

  attach(key: number, cols: number, rows: number, sink: TerminalSink): void {
    sink.event({ type: "snapshot", cols, rows });
    sink.data(encoder.encode(this.output));
    if (this.ended) sink.event({ type: "exited", code: 0 });
    else this.sinks.set(key, sink);
  }

  detach(key: number): void {
    this.sinks.delete(key);
  }

  lose(): void {
    for (const sink of this.sinks.values()) sink.event({ type: "lost" });
    this.sinks.clear();
  }

  input(text: string): void {
    if (this.ended) return;
    for (const char of text) {
      if (char === "\r") {
        const line = this.typed;
        this.typed = "";
        this.print("\r\n");
        this.obey(line.trim());
      } else if (char === "\x7f") {
        if (this.typed) this.print("\b \b");
        this.typed = this.typed.slice(0, -1);
      } else if (char >= " ") {
        this.typed += char;
        this.print(char);
      }
    }
  }

  exit(code: number): void {
    if (this.ended) return;
    this.ended = true;
    for (const sink of this.sinks.values()) sink.event({ type: "exited", code });
    const at = Date.now();
    this.world.change(this.id, { liveness: { type: "gone", since: at }, exitCode: code });
    const why = `the process exited with code ${code}`;
    if (code === 0) this.world.enter(this.id, { type: "completed", result: "exited 0" }, "process", why);
    else this.world.enter(this.id, { type: "failed", error: `exited ${code}`, trouble: null }, "process", why);
  }

  private obey(line: string): void {
    const [verb = "", ...rest] = line.split(" ");
    if (verb === "exit") {
      this.exit(Number(rest[0] ?? 0));
      return;
    }
    if (verb === "echo") this.print(`${rest.join(" ")}\r\n`);
    // Escapes as `\e`, and `~` to keep a word that is typed from being the word that is printed.
    else if (verb === "raw") this.print(rest.join(" ").replaceAll("\\e", "\x1b").replaceAll("~", ""));
    else if (verb === "ls") this.print(LISTING);
    else if (verb === "colours") this.print(`${palette()}\r\n`);
    else if (verb !== "") this.print(`sh: ${verb}: command not found\r\n`);
    this.print(PROMPT);
  }

  private print(text: string): void {
    this.output += text;
    const bytes = encoder.encode(text);
    for (const sink of this.sinks.values()) sink.data(bytes);
    const line = text.replace(/\x1b\[[0-9;]*m/g, "").trim();
    if (line) this.world.change(this.id, { line });
  }
}

function palette(): string {
  const cells = Array.from({ length: 16 }, (_, index) => `\x1b[48;5;${index}m  \x1b[0m`);
  return cells.join("");
}

function jobLines(command: string): string[] {
  if (/test/.test(command)) {
    return [
      "\x1b[1m RUN \x1b[0m v4.1.12 ~/code/atlas",
      "",
      ...["parse", "render", "sync", "store", "routes"].map(
        (name, index) => ` \x1b[32m✓\x1b[0m tests/${name}.test.ts \x1b[2m(${4 + index} tests)\x1b[0m`,
      ),
      "",
      "\x1b[2m Test Files \x1b[0m \x1b[32m5 passed\x1b[0m (5)",
      "\x1b[2m      Tests \x1b[0m \x1b[32m30 passed\x1b[0m (30)",
    ];
  }
  if (/^ls\b/.test(command)) return [LISTING.trim()];
  return [`$ ${command}`, ...Array.from({ length: 20 }, (_, index) => `line ${index + 1}`)];
}
