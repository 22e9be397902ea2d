//! The icons in every size that is needed, drawn from their SVG sources.

use crate::debian;
use crate::tool::Tool;
use crate::workspace::root;
use anyhow::Result;

/// Draws SVG.
const PAINTER: &[&str] = &["librsvg2-bin"];

/// Source, width in pixels, and the file that is made of it.
const DRAWN: &[(&str, u32, &str)] = &[
    ("nightshift.svg", 32, "32x32.png"),
    ("nightshift.svg", 128, "128x128.png"),
    ("nightshift.svg", 256, "128x128@2x.png"),
    ("nightshift.svg", 512, "icon.png"),
    ("tray.svg", 44, "tray.png"),
    ("tray-needs-input.svg", 44, "tray-needs-input.png"),
];

/// Draws all of them anew.
pub fn draw() -> Result<()> {
    debian::install(PAINTER)?;
    let icons = root().join("icons");
    for (source, width, target) in DRAWN {
        Tool::new("rsvg-convert", &icons)
            .args(["--width", &width.to_string(), "--output", target, source])
            .run()?;
    }
    Ok(())
}
