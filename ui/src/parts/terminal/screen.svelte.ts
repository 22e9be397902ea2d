/**
 * One terminal: xterm.js and its attachment to a host, or the log of a job that has ended.
 *
 * Promise: bytes are drawn in order and acknowledged once drawn; a snapshot starts from a clean
 * screen; a lost connection comes back by itself. Hostile output reaches only the terminal.
 * Must not know: panes, rows.
 */
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { Terminal } from "@xterm/xterm";
import { asFault } from "../../backend/api";
import type { Backend, TerminalEvent } from "../../backend/api";
import { logBytes } from "../../state/logs";
import { pastable } from "./paste";
import type { TerminalStyle } from "./theme";

/** Drawn bytes are acknowledged in steps of this size, far below the host's window of 1 MiB. */
const ACK_STEP_BYTES = 64 * 1024;
/** What is left over is acknowledged after this pause. */
const ACK_REST_MS = 100;
const REATTACH_FIRST_MS = 250;
const REATTACH_LONGEST_MS = 5_000;
/** Keys typed while the attachment is made; more than this is a paste that can be made again. */
const EARLY_MAX_CHARS = 16 * 1024;
/** A screen that takes no keys shows no cursor. */
const HIDE_CURSOR = "\x1b[?25l";
/** The smallest terminal that programs can bear. */
const COLS_MIN = 20;
const ROWS_MIN = 4;

export type ScreenState =
  | { type: "attaching" }
  | { type: "live" }
  | { type: "lost" }
  | { type: "ended"; code: number | null }
  | { type: "failed"; message: string; hint: string };

export class Screen {
  state = $state.raw<ScreenState>({ type: "attaching" });
  /** Where the link under the pointer goes. */
  link = $state.raw<string | null>(null);
  readonly term: Terminal;
  readonly search = new SearchAddon();

  private readonly fit = new FitAddon();
  private attachment: number | null = null;
  private generation = 0;
  private drawn = 0;
  private acked = 0;
  private ackTimer: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private wait = REATTACH_FIRST_MS;
  private asked = { cols: 0, rows: 0 };
  private early = "";

  constructor(
    private readonly backend: Backend,
    private readonly session: string,
    private readonly exitCode: () => number | null,
    openLink: (href: string) => void,
    ours: (event: KeyboardEvent) => boolean,
    style: TerminalStyle,
  ) {
    this.term = new Terminal({
      allowProposedApi: true,
      cursorBlink: false,
      fontFamily: style.fontFamily,
      fontSize: style.fontSize,
      lineHeight: 1.2,
      scrollback: style.scrollback,
      theme: style.theme,
      macOptionIsMeta: true,
      // A program prints what it likes: its links open only where the user means it.
      linkHandler: {
        activate: (event, href) => (event.ctrlKey || event.metaKey) && openLink(href),
        hover: (_event, href) => (this.link = href),
        leave: () => (this.link = null),
        // What is not opened says so, instead of looking like text.
        allowNonHttpProtocols: true,
      },
    });
    this.term.loadAddon(this.fit);
    this.term.loadAddon(this.search);
    this.term.loadAddon(new Unicode11Addon());
    this.term.unicode.activeVersion = "11";
    this.term.attachCustomKeyEventHandler((event) => !ours(event));
    this.term.onData((text) => this.send(text));
  }

  open(element: HTMLElement): void {
    this.term.open(element);
    // Before the terminal's own field has it, whatever asked: keys, a menu, the middle button, a drop.
    element.addEventListener("paste", (event) => this.paste(event, event.clipboardData), true);
    element.addEventListener("dragover", (event) => event.preventDefault());
    element.addEventListener("drop", (event) => this.paste(event, event.dataTransfer), true);
    this.measure();
    void this.awaitFont();
  }

  /** A font that is loaded after the first measure: cells become as wide as what is really drawn. */
  private async awaitFont(): Promise<void> {
    const { options } = this.term;
    const { fontFamily = "", fontSize = 0 } = options;
    const font = `${fontSize}px ${fontFamily}`;
    if (document.fonts.check(font)) return;
    // One that cannot be loaded leaves the next of the list, which was measured.
    const loaded = await document.fonts.load(font).catch(() => []);
    if (loaded.length === 0 || options.fontFamily !== fontFamily || !this.term.element?.isConnected) return;
    // It measures only what is new to it.
    options.fontFamily = "monospace";
    options.fontFamily = fontFamily;
    this.resize();
  }

  focus(): void {
    this.term.focus();
  }

  private paste(event: Event, given: DataTransfer | null): void {
    event.preventDefault();
    event.stopPropagation();
    const text = pastable(given?.getData("text/plain") ?? "");
    if (text !== "" && !this.term.options.disableStdin) this.term.paste(text);
  }

  /** A new style; the size may fit other numbers of columns and rows. */
  restyle(style: TerminalStyle): void {
    const { options } = this.term;
    options.theme = style.theme;
    options.scrollback = style.scrollback;
    if (options.fontSize === style.fontSize && options.fontFamily === style.fontFamily) return;
    options.fontFamily = style.fontFamily;
    options.fontSize = style.fontSize;
    if (!this.term.element) return;
    this.resize();
    void this.awaitFont();
  }

  async attach(): Promise<void> {
    this.letGo();
    const mine = this.generation;
    this.drawn = 0;
    this.acked = 0;
    const { cols, rows } = this.measure();
    try {
      const attachment = await this.backend.attachTerminal(this.session, cols, rows, {
        data: (bytes) => mine === this.generation && this.draw(bytes),
        event: (event) => mine === this.generation && this.hear(event),
      });
      if (mine !== this.generation) {
        this.release(attachment);
        return;
      }
      this.attachment = attachment;
      this.asked = { cols, rows };
      this.resize();
      this.sendEarly();
    } catch (thrown) {
      if (mine === this.generation) this.refused(thrown);
    }
  }

  /** Shows what a job that has ended printed. */
  async replay(code: number | null): Promise<void> {
    this.letGo();
    this.term.options.disableStdin = true;
    this.term.write("", () => this.term.reset());
    try {
      await logBytes(this.backend, this.session, (bytes) => this.term.write(bytes));
      this.term.write(HIDE_CURSOR);
      this.state = { type: "ended", code };
    } catch (thrown) {
      const { message, hint } = asFault(thrown);
      this.state = { type: "failed", message, hint };
    }
  }

  /** The pane's size changed: tell the host, whose answer resizes the screen. */
  resize(): void {
    const { cols, rows } = this.measure();
    if (this.attachment === null) {
      this.term.resize(cols, rows);
      return;
    }
    if (cols === this.asked.cols && rows === this.asked.rows) return;
    this.asked = { cols, rows };
    this.term.resize(cols, rows);
    this.backend.terminalResize(this.attachment, cols, rows).catch(() => this.lose());
  }

  dispose(): void {
    this.letGo();
    this.term.dispose();
  }

  private measure(): { cols: number; rows: number } {
    const fits = this.fit.proposeDimensions();
    const usable = fits && Number.isFinite(fits.cols) && Number.isFinite(fits.rows);
    const cols = usable ? fits.cols : this.term.cols;
    const rows = usable ? fits.rows : this.term.rows;
    return { cols: Math.max(COLS_MIN, cols), rows: Math.max(ROWS_MIN, rows) };
  }

  private send(text: string): void {
    if (this.state.type === "attaching" || (this.state.type === "live" && this.attachment === null)) {
      this.early = (this.early + text).slice(0, EARLY_MAX_CHARS);
      return;
    }
    if (this.attachment === null || this.state.type !== "live") return;
    this.backend.terminalInput(this.attachment, text).catch(() => this.lose());
  }

  /** What was typed before the host could take it. */
  private sendEarly(): void {
    if (this.early === "" || this.attachment === null || this.state.type !== "live") return;
    const text = this.early;
    this.early = "";
    this.send(text);
  }

  private draw(bytes: Uint8Array): void {
    this.term.write(bytes, () => this.drew(bytes.length));
  }

  private drew(bytes: number): void {
    this.drawn += bytes;
    clearTimeout(this.ackTimer);
    if (this.drawn - this.acked >= ACK_STEP_BYTES) this.ack();
    else this.ackTimer = setTimeout(() => this.ack(), ACK_REST_MS);
  }

  private ack(): void {
    if (this.attachment === null || this.drawn === this.acked) return;
    this.acked = this.drawn;
    this.backend.terminalAck(this.attachment, this.drawn).catch(() => this.lose());
  }

  private hear(event: TerminalEvent): void {
    switch (event.type) {
      case "snapshot":
        // In the order of the stream: after all that was written, before the screen that follows.
        this.term.write("", () => {
          this.term.reset();
          this.term.options.disableStdin = false;
          this.term.resize(event.cols, event.rows);
        });
        this.state = { type: "live" };
        this.wait = REATTACH_FIRST_MS;
        this.sendEarly();
        return;
      case "resized":
        this.term.write("", () => this.term.resize(event.cols, event.rows));
        return;
      case "exited":
        this.term.write(HIDE_CURSOR, () => (this.term.options.disableStdin = true));
        this.state = { type: "ended", code: event.code };
        return;
      case "lost":
        this.lose();
    }
  }

  private refused(thrown: unknown): void {
    const { code, message, hint } = asFault(thrown);
    if (code === "unreachable" || code === "io") this.lose();
    // It ended between the row's last word and now.
    else if (code === "refused") void this.replay(this.exitCode());
    else this.state = { type: "failed", message, hint };
  }

  private lose(): void {
    if (this.state.type === "ended") return;
    this.letGo();
    this.state = { type: "lost" };
    this.retry = setTimeout(() => void this.attach(), this.wait);
    this.wait = Math.min(this.wait * 2, REATTACH_LONGEST_MS);
  }

  private letGo(): void {
    this.generation += 1;
    clearTimeout(this.retry);
    clearTimeout(this.ackTimer);
    if (this.attachment !== null) this.release(this.attachment);
    this.attachment = null;
    this.early = "";
  }

  private release(attachment: number): void {
    // The other side lets go by itself when the connection is gone.
    this.backend.detachTerminal(attachment).catch(() => undefined);
  }
}
