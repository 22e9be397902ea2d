//! The Debian package: both programs, desktop file, icons, manual, completions.
//!
//! Promise: what was built is looked into, installed into an empty root and started from there before
//! it is called done.

use crate::tool::Tool;
use crate::workspace::{Workspace, root};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const NAME: &str = "nightshift";
const PROGRAMS: [&str; 2] = ["nightshift", "nightshift-desktop"];
/// Loaded while running, so that no linker knows of it: without it there is no tray.
const TRAY_LIBRARY: &str = "libayatana-appindicator3-1";
/// The icons of `icons/` and where a theme looks for them.
const ICONS: &[(&str, &str)] = &[
    ("32x32.png", "32x32/apps/nightshift.png"),
    ("128x128.png", "128x128/apps/nightshift.png"),
    ("128x128@2x.png", "256x256/apps/nightshift.png"),
    ("icon.png", "512x512/apps/nightshift.png"),
    ("nightshift.svg", "scalable/apps/nightshift.svg"),
];
/// What must be in the package, whatever else is.
const EXPECTED: &[&str] = &[
    "usr/bin/nightshift",
    "usr/bin/nightshift-desktop",
    "usr/share/applications/nightshift.desktop",
    "usr/share/bash-completion/completions/nightshift",
    "usr/share/doc/nightshift/copyright",
    "usr/share/doc/nightshift/libgit2.copying",
    "usr/share/fish/vendor_completions.d/nightshift.fish",
    "usr/share/icons/hicolor/scalable/apps/nightshift.svg",
    "usr/share/man/man1/nightshift.1.gz",
    "usr/share/zsh/vendor-completions/_nightshift",
];

/// How much work goes into the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// To be given to people.
    Whole,
    /// The development build, which is there already: to check the packaging itself.
    Quick,
}

/// Builds the package and tries it.
pub fn package(build: Build) -> Result<PathBuf> {
    let workspace = Workspace::load()?;
    let programs = programs(&workspace, build)?;
    let home = workspace.target_directory.join("package");
    let staged = home.join("root");
    clear(&staged)?;
    fill(&staged, &programs)?;
    let version = workspace.version(NAME)?;
    let architecture = Tool::new("dpkg", root()).arg("--print-architecture").output()?;
    let architecture = architecture.trim();
    control(&staged, &version, architecture)?;
    let file = home.join(format!("{NAME}_{version}_{architecture}.deb"));
    let compression: &[&str] = match build {
        Build::Whole => &["-Zxz"],
        // A development build is large and goes nowhere.
        Build::Quick => &["-Zgzip", "-z1"],
    };
    Tool::new("dpkg-deb", root())
        .args(["--build", "--root-owner-group"])
        .args(compression)
        .args([&staged, &file])
        .run()?;
    check(&file)?;
    start(&file, &home.join("installed"))?;
    Ok(file)
}

fn programs(workspace: &Workspace, build: Build) -> Result<PathBuf> {
    let cargo = Tool::cargo(root()).args(["build", "--bins"]);
    let directory = match build {
        Build::Whole => {
            cargo.args(["--profile", "window"]).args(PROGRAMS.map(|p| format!("-p{p}"))).run()?;
            "window"
        }
        Build::Quick => {
            cargo.args(crate::workspace::BUILD_FLAGS).run()?;
            "debug"
        }
    };
    Ok(workspace.target_directory.join(directory))
}

fn clear(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
        _ => Ok(fs::create_dir_all(directory)?),
    }
}

/// A path below `staged` whose directory is there.
fn place(staged: &Path, path: &str) -> Result<PathBuf> {
    let file = staged.join(path);
    fs::create_dir_all(file.parent().context("a path below the root")?)?;
    Ok(file)
}

fn fill(staged: &Path, programs: &Path) -> Result<()> {
    for program in PROGRAMS {
        let target = place(staged, &format!("usr/bin/{program}"))?;
        Tool::new("strip", root())
            .arg("-o")
            .args([&target, &programs.join(program)])
            .run()
            .with_context(|| format!("{program} is not built"))?;
    }
    let copy = |from: &str, to: &str| -> Result<()> {
        let target = place(staged, to)?;
        fs::copy(root().join(from), target).with_context(|| format!("copying {from}"))?;
        Ok(())
    };
    copy("packaging/nightshift.desktop", "usr/share/applications/nightshift.desktop")?;
    copy("packaging/copyright", "usr/share/doc/nightshift/copyright")?;
    copy("packaging/libgit2.copying", "usr/share/doc/nightshift/libgit2.copying")?;
    for (icon, target) in ICONS {
        copy(&format!("icons/{icon}"), &format!("usr/share/icons/hicolor/{target}"))?;
    }
    let cli = staged.join("usr/bin/nightshift");
    let says =
        |arguments: &[&str]| Tool::new(&cli.to_string_lossy(), root()).args(arguments).output();
    for (shell, target) in [
        ("bash", "usr/share/bash-completion/completions/nightshift"),
        ("zsh", "usr/share/zsh/vendor-completions/_nightshift"),
        ("fish", "usr/share/fish/vendor_completions.d/nightshift.fish"),
    ] {
        fs::write(place(staged, target)?, says(&["completions", shell])?)?;
    }
    compressed(staged, "usr/share/man/man1/nightshift.1", &says(&["man"])?)?;
    let changes = fs::read_to_string(root().join("CHANGELOG.md"))?;
    compressed(staged, "usr/share/doc/nightshift/changelog", &changes)
}

fn compressed(staged: &Path, path: &str, text: &str) -> Result<()> {
    let target = place(staged, path)?;
    fs::write(&target, text)?;
    Tool::new("gzip", root()).args(["-9n", "-f"]).arg(target).run()
}

fn control(staged: &Path, version: &str, architecture: &str) -> Result<()> {
    let mut text = String::new();
    writeln!(text, "Package: {NAME}\nVersion: {version}\nArchitecture: {architecture}")?;
    writeln!(text, "Maintainer: Nightshift <nightshift@users.noreply.github.com>")?;
    writeln!(text, "Installed-Size: {}\nSection: devel\nPriority: optional", kibibytes(staged)?)?;
    writeln!(text, "Depends: {}, {TRAY_LIBRARY}", libraries(staged)?)?;
    writeln!(text, "Recommends: git, libnotify-bin | notification-daemon")?;
    writeln!(text, "Description: supervises coding agents that work while you are away")?;
    writeln!(
        text,
        " Any vendor's agent, on this machine, on one board: start a session, close the"
    )?;
    writeln!(
        text,
        " window, and read in the morning what was finished and what waits for a word."
    )?;
    fs::write(place(staged, "DEBIAN/control")?, text)?;
    Ok(())
}

/// Packages that hold the libraries which the programs are linked with.
fn libraries(staged: &Path) -> Result<String> {
    let beside = staged.with_file_name("libraries");
    clear(&beside)?;
    fs::write(
        place(&beside, "debian/control")?,
        format!("Source: {NAME}\n\nPackage: {NAME}\nArchitecture: any\n"),
    )?;
    let programs = PROGRAMS.map(|program| staged.join("usr/bin").join(program));
    let found = Tool::new("dpkg-shlibdeps", &beside).arg("-O").args(programs).output()?;
    let found = found.lines().find_map(|line| line.strip_prefix("shlibs:Depends="));
    Ok(found.context("dpkg-shlibdeps named no package")?.to_owned())
}

fn kibibytes(directory: &Path) -> Result<u64> {
    let said = Tool::new("du", root()).args(["-sk"]).arg(directory).output()?;
    let first = said.split_whitespace().next().context("du said nothing")?;
    Ok(first.parse()?)
}

fn check(file: &Path) -> Result<()> {
    let listed = Tool::new("dpkg-deb", root()).arg("--contents").arg(file).output()?;
    for expected in EXPECTED {
        let ends = |line: &str| line.ends_with(&format!("./{expected}"));
        ensure!(listed.lines().any(ends), "{expected} is not in the package:\n{listed}");
    }
    let fields = Tool::new("dpkg-deb", root()).arg("--field").args([file.as_os_str()]).output()?;
    for expected in [TRAY_LIBRARY, "libwebkit2gtk-4.1-0"] {
        ensure!(fields.contains(expected), "it does not depend on {expected}:\n{fields}");
    }
    Ok(())
}

/// Installs it into an empty root, with a package database of its own, and starts it from there.
fn start(file: &Path, installed: &Path) -> Result<()> {
    clear(installed)?;
    for directory in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"] {
        fs::create_dir_all(installed.join(directory))?;
    }
    fs::write(installed.join("var/lib/dpkg/status"), "")?;
    let shown = installed.display();
    Tool::new("dpkg", root())
        .arg(format!("--root={shown}"))
        .args(["--force-not-root", "--force-depends", "--force-script-chrootless", "--install"])
        .arg(file)
        .run()?;
    let says = |arguments: &[&str], home: &Path| {
        let program = installed.join("usr/bin/nightshift");
        let tool = Tool::new(&program.to_string_lossy(), installed).args(arguments);
        tool.env("NIGHTSHIFT_HOME", home).output()
    };
    // Short, because sockets in it must fit the 108 bytes of a Unix socket path.
    let home = std::env::temp_dir().join(format!("nsp-{}", std::process::id()));
    let version = says(&["--version"], &home)?;
    ensure!(version.starts_with("nightshift "), "it called itself {version:?}");
    let served = says(&["agents"], &home).and_then(|_| says(&["daemon", "status"], &home));
    let ended = says(&["daemon", "stop", "--any"], &home);
    clear(&home).and_then(|()| Ok(fs::remove_dir(&home)?))?;
    let served = served?;
    ended?;
    ensure!(served.contains("version"), "its supervisor said {served:?}");
    Ok(())
}
