/**
 * The settings file as the window knows it, and changes to it.
 *
 * Promise: what cannot be read changes nothing but what is said about it; a change is in force when
 * the file has it. Must not know: the DOM, what a setting does.
 */
import { asFault } from "../backend/api";
import type { Backend, Fault, SettingsFile } from "../backend/api";

type Values = Readonly<Record<string, unknown>>;

export class Settings {
  file = $state.raw<SettingsFile | null>(null);
  fault = $state.raw<Fault | null>(null);
  /** The last good values, as nested objects. */
  private values = $state.raw<Values>({});
  private turn = 0;

  constructor(private readonly backend: Backend) {}

  async load(): Promise<void> {
    await this.take(() => this.backend.settings());
  }

  /** The value at `path` (`["terminal", "font_size"]`); none when it is not set. */
  get(...path: string[]): unknown {
    let at: unknown = this.values;
    for (const key of path) at = typeof at === "object" && at !== null ? (at as Values)[key] : undefined;
    return at ?? undefined;
  }

  text(...path: string[]): string | undefined {
    const value = this.get(...path);
    return typeof value === "string" ? value : undefined;
  }

  number(...path: string[]): number | undefined {
    const value = this.get(...path);
    return typeof value === "number" ? value : undefined;
  }

  /** Sets the key, or takes it out with `undefined`. */
  async set(path: string[], value: unknown): Promise<boolean> {
    return this.take(() => this.backend.setSetting(path, value ?? null));
  }

  async write(text: string): Promise<boolean> {
    return this.take(() => this.backend.writeSettings(text));
  }

  private async take(ask: () => Promise<SettingsFile>): Promise<boolean> {
    this.turn += 1;
    const mine = this.turn;
    try {
      const file = await ask();
      this.fault = null;
      // A later answer knows more.
      if (mine < this.turn) return true;
      this.file = file;
      if (file.problem === null) this.values = JSON.parse(file.json) as Values;
      return true;
    } catch (thrown) {
      this.fault = asFault(thrown);
      return false;
    }
  }
}
