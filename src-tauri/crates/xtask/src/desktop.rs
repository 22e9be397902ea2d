//! Whether there is a screen to open a window on.

use anyhow::{Result, bail};

/// An error that says what to do when there is none.
pub fn require_screen() -> Result<()> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("DISPLAY") || set("WAYLAND_DISPLAY") {
        return Ok(());
    }
    bail!(
        "neither DISPLAY nor WAYLAND_DISPLAY is set, so no window can open; run this in a \
         desktop session (`cargo xtask test` brings its own screen)"
    )
}
