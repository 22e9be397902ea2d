/**
 * The window over a conversation that scrolls: measures what is rendered, and keeps what is read where
 * it is when something above it turns out to be higher or lower than guessed.
 *
 * Must not know: how items look.
 */
import { tick } from "svelte";
import { offsetsOf, spanOf, WINDOWED_FROM, type Span } from "./visibleItems";

export class Virtual {
  top = $state(0);
  viewport = $state(800);
  /** The reader is at the end, wherever that is. */
  stuck = $state(true);
  private readonly heights = new Map<string, number>();
  private measured = $state(0);
  private readonly offsets: Float64Array = $derived.by(() => {
    void this.measured;
    return offsetsOf(this.ids(), this.heights);
  });
  readonly span: Span = $derived(spanOf(this.offsets, this.stuck ? Infinity : this.top, this.viewport));
  private readonly sizes: ResizeObserver | null =
    typeof ResizeObserver === "undefined" ? null : new ResizeObserver((entries) => this.measure(entries));

  /** `scroller` is asked when it is needed: it comes later than this. */
  constructor(
    private readonly ids: () => readonly string[],
    private readonly scroller: () => HTMLElement | undefined,
  ) {}

  get windowed(): boolean {
    return this.ids().length >= WINDOWED_FROM;
  }

  /** What an item takes of the conversation's height, as far as it is known. */
  roomOf(index: number): number {
    return (this.offsets[index + 1] ?? 0) - (this.offsets[index] ?? 0);
  }

  /** An attachment of each rendered item; `data-item` names it. */
  watch = (element: HTMLElement): (() => void) => {
    this.sizes?.observe(element);
    return () => this.sizes?.unobserve(element);
  };

  end(): void {
    this.sizes?.disconnect();
  }

  /** Brings an item that may not be rendered near the upper edge. */
  async reveal(index: number): Promise<void> {
    this.stuck = false;
    // What comes into the window is measured, which may move what was aimed at once more.
    for (let aim = 0; aim < 3; aim += 1) {
      this.top = Math.max(0, (this.offsets[index] ?? 0) - this.viewport / 3);
      await tick();
      const scroller = this.scroller();
      if (scroller) scroller.scrollTop = this.top;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  }

  private measure(entries: ResizeObserverEntry[]): void {
    if (!this.windowed) return;
    const before = new Map(this.ids().map((id, at) => [id, this.offsets[at] ?? 0]));
    const reading = this.anchor(before);
    let changed = false;
    for (const { target, borderBoxSize } of entries) {
      const id = (target as HTMLElement).dataset["item"];
      const height = borderBoxSize[0]?.blockSize;
      if (id === undefined || height === undefined || this.heights.get(id) === height) continue;
      this.heights.set(id, height);
      changed = true;
    }
    if (!changed) return;
    this.measured += 1;
    if (!this.stuck && reading) void this.hold(reading);
  }

  /** The first item in view and how far it is from the upper edge. */
  private anchor(offsets: ReadonlyMap<string, number>): { id: string; at: number } | null {
    for (const [id, at] of offsets) if (at >= this.top) return { id, at: at - this.top };
    return null;
  }

  private async hold(reading: { id: string; at: number }): Promise<void> {
    const index = this.ids().indexOf(reading.id);
    const top = (this.offsets[index] ?? 0) - reading.at;
    if (Math.abs(top - this.top) < 1) return;
    this.top = top;
    await tick();
    const scroller = this.scroller();
    if (scroller) scroller.scrollTop = top;
  }
}
