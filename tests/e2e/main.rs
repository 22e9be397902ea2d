//! The product's promises, driven through the real window. One file for each promise.

mod answer;
mod close;
mod conversation;
mod dispatch;
mod peek;
mod review;
mod supervisor_killed;
mod terminal;
mod window_killed;
