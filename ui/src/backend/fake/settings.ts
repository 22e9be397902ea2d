/**
 * A settings file without a disk: kept as values, written out as simple TOML.
 *
 * Promise: a text with a line `broken` cannot be read, so that errors can be shown.
 * Must not know: what a key means.
 */
import { fault, type Backend, type SettingsFile, type SettingsRemark } from "../api";

type Values = Record<string, Record<string, unknown>>;

const FIRST: Values = { defaults: { agent: "claude" } };

export class FakeSettings {
  private values: Values = structuredClone(FIRST);
  private text = toToml(this.values);

  file(): SettingsFile {
    const problem = wrongLine(this.text);
    return {
      path: "/home/ada/.config/nightshift/settings.toml",
      text: this.text,
      json: problem ? "{}" : JSON.stringify(this.values),
      problem,
      unknown: unknownLines(this.text),
    };
  }

  set(path: string[], value: unknown): SettingsFile {
    const problem = wrongLine(this.text);
    if (problem)
      throw fault(
        "invalid",
        `line ${problem.line}, column 1: ${problem.message}`,
        "mend the file first: Settings, Advanced shows the place",
      );
    const [table = "", ...rest] = path;
    const key = rest.join(".");
    const inside = { ...this.values[table] };
    if (value === null) delete inside[key];
    else inside[key] = value;
    this.values = { ...this.values, [table]: inside };
    this.text = toToml(this.values);
    return this.file();
  }

  write(text: string): SettingsFile {
    const problem = wrongLine(text);
    if (problem)
      throw fault("invalid", `line ${problem.line}, column 1: ${problem.message}`, "the file stays as it was");
    this.text = text;
    this.values = fromToml(text);
    return this.file();
  }

  /** As another program would. */
  scribble(text: string): void {
    this.text = text;
    if (!wrongLine(text)) this.values = fromToml(text);
  }
}

export function settingsOf(file: FakeSettings): Pick<Backend, "settings" | "setSetting" | "writeSettings"> {
  window.__settings = (text) => file.scribble(text);
  return {
    settings: async () => file.file(),
    setSetting: async (path, value) => file.set(path, value),
    writeSettings: async (text) => file.write(text),
  };
}

declare global {
  interface Window {
    /** Changes the file behind the window's back. */
    __settings?: (text: string) => void;
  }
}

function lineOf(text: string, wanted: RegExp): number {
  return text.split("\n").findIndex((line) => wanted.test(line)) + 1;
}

function wrongLine(text: string): SettingsRemark | null {
  const line = lineOf(text, /^\s*broken/);
  return line === 0 ? null : { line, column: 1, message: "expected `.`, `=`" };
}

function unknownLines(text: string): SettingsRemark[] {
  const line = lineOf(text, /^\s*colour\b/);
  return line === 0 ? [] : [{ line, column: 1, message: "`colour` is not known" }];
}

function toToml(values: Values): string {
  const quoted = (key: string) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key));
  const tables = Object.entries(values).filter(([, inside]) => Object.keys(inside).length > 0);
  return tables
    .map(
      ([table, inside]) =>
        `[${table}]\n${Object.entries(inside)
          .map(([key, value]) => `${quoted(key)} = ${JSON.stringify(value)}\n`)
          .join("")}`,
    )
    .join("\n");
}

function fromToml(text: string): Values {
  const values: Values = {};
  let table: Record<string, unknown> = {};
  for (const line of text.split("\n")) {
    const head = /^\[([\w.]+)\]/.exec(line)?.[1];
    const [, key, value] = /^("?[\w.-]+"?)\s*=\s*(.+)$/.exec(line) ?? [];
    if (head) table = values[head] = {};
    else if (key && value) table[key.replaceAll('"', "")] = JSON.parse(value) as unknown;
  }
  return values;
}
