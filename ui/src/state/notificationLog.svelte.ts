/**
 * The notification log: what was sent, where to, and what was not, page by page.
 *
 * Must not know: the DOM, how a receipt is drawn.
 */
import { asFault } from "../backend/api";
import type { Backend, Fault, Receipt } from "../backend/api";

/** As many as a person reads at once. */
export const PAGE = 50;

export class NotificationLog {
  list = $state.raw<Receipt[]>([]);
  fault = $state<Fault | null>(null);
  busy = $state(false);
  /** There are no older ones. */
  whole = $state(false);

  constructor(private readonly backend: Pick<Backend, "receipts" | "testNotification">) {}

  async load(): Promise<void> {
    await this.ask(async () => {
      this.list = await this.backend.receipts(PAGE, null);
      this.whole = this.list.length < PAGE;
    });
  }

  async more(): Promise<void> {
    const last = this.list.at(-1);
    if (!last) return;
    await this.ask(async () => {
      const older = await this.backend.receipts(PAGE, last.n);
      this.list = [...this.list, ...older];
      this.whole = older.length < PAGE;
    });
  }

  async test(): Promise<void> {
    await this.ask(async () => {
      await this.backend.testNotification();
      this.list = await this.backend.receipts(PAGE, null);
    });
  }

  private async ask(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.fault = null;
    try {
      await work();
    } catch (thrown) {
      this.fault = asFault(thrown);
    } finally {
      this.busy = false;
    }
  }
}

export type Tone = "delivered" | "silent" | "failed" | "pending";

/** What became of it, in words, and how serious that is. */
export function deliveryStatus(receipt: Receipt): { tone: Tone; words: string } {
  const { delivery } = receipt;
  switch (delivery.type) {
    case "delivered":
      return { tone: "delivered", words: "Delivered" };
    case "suppressed":
      return { tone: "silent", words: `Not sent: ${delivery.text}` };
    case "failed":
      return { tone: "failed", words: `Failed: ${delivery.why}` };
    case "pending":
      return { tone: "pending", words: "Sending" };
  }
}
