//! The product's promises, driven through the real window. One file for each promise.

mod announcements;
mod answer;
mod answering;
mod close;
mod conversation;
mod dispatch;
mod keys;
mod links;
mod notifications;
mod peek;
mod popout;
mod quick;
mod review;
mod routines;
mod supervisor_killed;
mod terminal;
mod terminal_exact;
mod tray;
mod window_killed;
