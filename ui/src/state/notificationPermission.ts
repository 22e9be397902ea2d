/**
 * Whether this desktop shows notifications, in words with the way out.
 *
 * Must not know: the DOM, who asks.
 */
import type { NotificationPermission } from "../backend/api";

export function permissionText(permission: NotificationPermission): string {
  switch (permission.type) {
    case "granted":
      return "This desktop shows notifications.";
    case "denied":
      return "This desktop blocks notifications from Nightshift. Allow them in the desktop's settings.";
    case "not_asked":
      return "This desktop will ask you before it shows the first notification.";
    case "unavailable":
      return `This desktop shows no notifications: ${permission.why}. Start a notification service, or use your phone: Settings, Notifications.`;
  }
}
