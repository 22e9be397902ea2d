//! Rendering without a GPU: WebKit's DMA-BUF renderer costs memory and can draw nothing there.

use std::fs;

const RENDERER_VARIABLE: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
const DEVICES: &str = "/dev/dri";

/// Chooses the renderer. Must run before GTK starts, while this process has one thread.
pub fn prepare() {
    if std::env::var_os(RENDERER_VARIABLE).is_none() && !has_render_node() {
        // SAFETY: called first in `run`, before any other thread exists.
        unsafe { std::env::set_var(RENDERER_VARIABLE, "1") };
    }
}

fn has_render_node() -> bool {
    let Ok(entries) = fs::read_dir(DEVICES) else { return false };
    entries.flatten().any(|e| e.file_name().to_string_lossy().starts_with("renderD"))
}
