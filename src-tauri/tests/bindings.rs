//! The committed TypeScript bindings are those that the Rust types give.

use std::path::Path;

/// Set by `cargo xtask bindings`: write instead of compare.
const UPDATE: &str = "NIGHTSHIFT_UPDATE_BINDINGS";

#[test]
fn committed_bindings_are_in_step() {
    let committed =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/backend/generated/bindings.ts");
    if std::env::var_os(UPDATE).is_some() {
        nightshift_desktop::export_bindings(&committed).unwrap();
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let generated = directory.path().join("bindings.ts");
    nightshift_desktop::export_bindings(&generated).unwrap();
    let generated = std::fs::read_to_string(generated).unwrap();
    let committed = std::fs::read_to_string(committed).unwrap();
    assert!(generated == committed, "bindings differ; run `cargo xtask bindings` and commit");
}
