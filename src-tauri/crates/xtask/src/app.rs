//! `cargo xtask run`: from a fresh clone to an open window.

use crate::tool::Tool;
use crate::workspace::{BUILD_FLAGS, Workspace, root};
use crate::{debian, desktop, node};
use anyhow::Result;

pub fn run(arguments: &[String]) -> Result<()> {
    desktop::require_screen()?;
    debian::install(debian::TO_RUN)?;
    node::install_ui()?;
    node::build_ui_if_stale()?;
    Tool::cargo(root()).args(["build", "--bins"]).args(BUILD_FLAGS).run()?;
    let app = Workspace::load()?.binary("nightshift-desktop");
    eprintln!("Nightshift opens. Closing its window keeps it in the tray; sessions keep running.");
    Tool::new(&app.to_string_lossy(), root()).args(arguments).run()
}
