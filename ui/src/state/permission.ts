/**
 * Whether this desktop shows notifications, in words with the way out.
 *
 * Must not know: the DOM, who asks.
 */
import type { NotificationPermission } from "../backend/api";

export function permissionWords(permission: NotificationPermission): string {
  switch (permission.type) {
    case "granted":
      return "This desktop shows notifications.";
    case "denied":
      return "This desktop keeps notifications of Nightshift from you. Allow them in its own settings.";
    case "not_asked":
      return "This desktop will ask you before it shows the first notification.";
    case "unavailable":
      return `This desktop shows no notifications: ${permission.why}. Start a notification service, or let a phone tell you: Settings, Notifications.`;
  }
}
