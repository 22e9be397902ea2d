/**
 * Short messages about something that did not work, outside any input.
 *
 * Promise: each says what and the way out, and goes away by itself.
 * Must not know: where they are shown.
 */
import type { Fault } from "../backend/api";

const SHOWN_MS = 7_000;
const TOASTS_MAX = 3;

export type Toast = { key: number; message: string; hint: string };

export class Toasts {
  list = $state.raw<Toast[]>([]);
  private nextKey = 1;

  show(fault: Fault): void {
    const toast = { key: this.nextKey++, message: fault.message, hint: fault.hint };
    this.list = [...this.list, toast].slice(-TOASTS_MAX);
    setTimeout(() => this.dismiss(toast.key), SHOWN_MS);
  }

  dismiss(key: number): void {
    this.list = this.list.filter((toast) => toast.key !== key);
  }
}
