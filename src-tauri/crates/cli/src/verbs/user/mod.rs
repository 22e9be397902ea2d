//! Verbs for the user's own: settings, permissions, trust, notifications, help.

pub mod agents_registry;
pub mod completions;
pub mod man;
pub mod notifications;
pub mod notifications_receipts;
pub mod permissions;
pub mod settings;
pub mod trust;
