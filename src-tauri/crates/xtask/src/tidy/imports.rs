//! Who may import whom. Cargo refuses circles; this checks the rest of the walls.

use super::Offence;
use crate::workspace::Workspace;

/// Member and the members it may use in the product. Tests may also use the test kit.
const WALLS: &[(&str, &[&str])] = &[
    ("nightshift-model", &[]),
    ("nightshift-schedule", &[]),
    ("nightshift-protocol", &["model"]),
    ("nightshift-platform", &["model", "protocol"]),
    ("nightshift-screen", &["protocol"]),
    ("nightshift-host", &["model", "protocol", "platform", "screen"]),
    ("nightshift-store", &["model", "protocol", "platform", "routines"]),
    ("nightshift-worktree", &["platform", "git-reader", "model"]),
    ("nightshift-review", &["model", "protocol", "platform", "worktree"]),
    ("nightshift-trust", &["model", "platform", "worktree"]),
    ("nightshift-vendors", &["model", "protocol", "platform"]),
    ("nightshift-agents", &["model", "protocol", "vendors"]),
    ("nightshift-git-reader", &["platform"]),
    ("nightshift-settings", &[]),
    ("nightshift-routines", &["model", "schedule"]),
    (
        "nightshift-automation",
        &["model", "protocol", "platform", "agents", "settings", "schedule", "judge"],
    ),
    ("nightshift-judge", &["model", "protocol", "platform", "settings"]),
    ("nightshift-notices", &["model", "protocol", "settings"]),
    ("nightshift-notifier", &["model", "protocol", "platform", "client"]),
    ("nightshift-intake", &["protocol", "platform", "client", "routines"]),
    ("nightshift-rehearsal", &["platform", "vendors"]),
    (
        "nightshift-supervisor",
        &[
            "model",
            "protocol",
            "platform",
            "host",
            "store",
            "agents",
            "vendors",
            "worktree",
            "review",
            "settings",
            "judge",
            "notices",
            "automation",
            "routines",
        ],
    ),
    (
        "nightshift-runtime",
        &[
            "model",
            "protocol",
            "platform",
            "host",
            "store",
            "supervisor",
            "agents",
            "settings",
            "automation",
            "routines",
            "trust",
            "vendors",
            "worktree",
        ],
    ),
    ("nightshift-client", &["model", "protocol", "platform"]),
    ("nightshift-mcp", &["model", "protocol", "platform", "client"]),
    (
        "nightshift",
        &[
            "model",
            "protocol",
            "platform",
            "client",
            "mcp",
            "git-reader",
            "host",
            "intake",
            "notifier",
            "runtime",
            "supervisor",
            "rehearsal",
            "settings",
        ],
    ),
    ("nightshift-desktop", &["model", "protocol", "platform", "client", "settings", "notices"]),
    ("nightshift-testkit", &["model", "protocol", "platform", "client"]),
    ("nightshift-e2e", &["model", "protocol", "platform", "client", "testkit"]),
    ("xtask", &[]),
];
const OURS: &str = "nightshift-";

pub fn check(workspace: &Workspace) -> Vec<Offence> {
    let mut offences = Vec::new();
    for package in &workspace.packages {
        let manifest = package.manifest_path.display().to_string();
        let Some((_, allowed)) = WALLS.iter().find(|(name, _)| *name == package.name) else {
            let what = "has no entry in tidy's table of walls; add what it may import";
            offences.push(Offence::of_file(&manifest, what));
            continue;
        };
        let product = package.dependencies.iter().filter(|d| d.kind.as_deref() != Some("dev"));
        for other in product.filter_map(|d| d.name.strip_prefix(OURS)) {
            if !allowed.contains(&other) {
                let what = format!("{} must not import {OURS}{other}", package.name);
                offences.push(Offence::of_file(&manifest, what));
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Dependency, Package};

    fn package(name: &str, dependency: &str, kind: Option<&str>) -> Workspace {
        let dependency = Dependency { name: dependency.into(), kind: kind.map(str::to_owned) };
        Workspace {
            target_directory: "target".into(),
            packages: vec![Package {
                name: name.into(),
                version: String::new(),
                manifest_path: "Cargo.toml".into(),
                dependencies: vec![dependency],
            }],
        }
    }

    #[test]
    fn walls_hold_in_the_product_and_not_in_tests() {
        for (name, dependency, kind, fine) in [
            ("nightshift-model", "serde", None, true),
            ("nightshift-model", "nightshift-platform", None, false),
            ("nightshift-client", "nightshift-supervisor", None, false),
            ("nightshift-client", "nightshift-supervisor", Some("dev"), true),
            ("nightshift-unheard-of", "serde", None, false),
        ] {
            let found = check(&package(name, dependency, kind));
            assert_eq!(found.is_empty(), fine, "{name} -> {dependency}");
        }
    }
}
