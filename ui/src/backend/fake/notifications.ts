/**
 * Notifications and the other windows, played: a few receipts of every end.
 *
 * Must not know: views, Tauri.
 */
import type { Backend, Delivery, Receipt } from "../api";

type Notifications = Pick<
  Backend,
  | "receipts"
  | "testNotification"
  | "notificationPermission"
  | "looking"
  | "takeOpening"
  | "onOpening"
  | "popOut"
  | "putBack"
  | "closeWindow"
  | "hideQuick"
  | "onQuickShown"
>;

const MINUTE_MS = 60_000;

function receipt(n: number, title: string, text: string, delivery: Delivery): Receipt {
  const at = Date.now() - (40 - n) * 7 * MINUTE_MS;
  return {
    n,
    at,
    settledAt: at,
    session: "",
    occasion: `finished:${n}`,
    kind: "finished",
    channel: "desktop",
    title,
    text,
    delivery,
  };
}

function seeded(): Receipt[] {
  return [
    receipt(6, "flaky login test needs permission", "Run: cargo test -p login", { type: "delivered" }),
    receipt(5, "release notes finished", "wrote CHANGELOG.md", {
      type: "suppressed",
      reason: "looking",
      text: "you were looking at the session",
    }),
    receipt(4, "nightly audit finished", "no new advisories", {
      type: "suppressed",
      reason: "quiet_hours",
      text: "it came in the quiet hours",
    }),
    receipt(3, "map every TODO asks", "<b>Which</b> directory?\nsrc · docs", { type: "delivered" }),
    receipt(2, "deploy failed", "exit code 3", {
      type: "failed",
      why: "no notification service: there is no session bus",
    }),
    receipt(1, "first steps finished", "all done", { type: "delivered" }),
  ];
}

const NOBODY = "no program on this desktop shows notifications";

/** `mode` "unheard": nothing here shows notifications. */
export function notificationsOf(mode: string): Notifications {
  let receipts = seeded();
  return {
    receipts: async (limit, before) => receipts.filter((known) => before === null || known.n < before).slice(0, limit),
    testNotification: async () => {
      const sent = {
        ...receipt(receipts.length + 1, "Nightshift", "Notifications arrive here.", { type: "delivered" }),
        at: Date.now(),
      };
      receipts = [sent, ...receipts];
      return [sent];
    },
    notificationPermission: async () =>
      mode === "unheard" ? { type: "unavailable", why: NOBODY } : { type: "granted" },
    looking: async () => undefined,
    takeOpening: async () => null,
    onOpening: async () => () => undefined,
    popOut: async (session) => void document.documentElement.setAttribute("data-popped-out", session),
    putBack: async (session) => void document.documentElement.setAttribute("data-put-back", session),
    closeWindow: async () => document.documentElement.setAttribute("data-closed", ""),
    hideQuick: async () => document.documentElement.setAttribute("data-hidden", ""),
    onQuickShown: async () => () => undefined,
  };
}
