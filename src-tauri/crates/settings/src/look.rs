//! The tables `appearance`, `terminal` and `keys`: how the window looks and which keys it heeds.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    System,
    Light,
    Dark,
}

/// What follows the system unless it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    System,
    On,
    Off,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Appearance {
    pub theme: Option<Theme>,
    pub high_contrast: Option<Preference>,
    pub reduced_motion: Option<Preference>,
    /// In pixels; everything grows along.
    pub font_size: Option<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terminal {
    pub font_family: Option<String>,
    pub font_size: Option<u8>,
    /// The name of a theme; `window` goes with the window.
    pub theme: Option<String>,
    /// Lines kept above the screen.
    pub scrollback: Option<u32>,
    pub copy_on_select: Option<bool>,
}

/// Keys of an action: one chord or several; none with an empty list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Chords {
    One(String),
    Several(Vec<String>),
}

/// Keys by the id of their action, as `"session.pin" = "Ctrl+T"`.
pub type Keys = BTreeMap<String, Chords>;
