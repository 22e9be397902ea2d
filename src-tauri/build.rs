//! Prepares the Tauri context; without a built UI a page stands in that says how to build it.

use std::path::Path;

mod commands;

const PAGE: &str = "<!doctype html>\n<title>Nightshift</title>\n\
    <p>The window's page has not been built. Run <code>cargo xtask run</code>.</p>\n";

fn main() {
    let dist = Path::new("../ui/dist");
    if !dist.join("index.html").exists() {
        let written = std::fs::create_dir_all(dist)
            .and_then(|()| std::fs::write(dist.join("index.html"), PAGE));
        if let Err(error) = written {
            println!("cargo:warning=cannot write {}: {error}", dist.display());
        }
    }
    // The page is part of the program: a new page means a new program.
    println!("cargo:rerun-if-changed={}", dist.display());
    // With commands of its own in the manifest a window has only those that its capability names.
    let manifest = tauri_build::AppManifest::new().commands(commands::COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("the app's capabilities: {error:#}");
    }
}
