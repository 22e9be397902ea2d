//! Sizes at which code must be split. Tests do not count against the shell.

use super::{Offence, Source};
use std::collections::BTreeMap;

/// Longest file of a kind, in lines.
const FILE_MAX_LINES: &[(&str, usize)] = &[("rs", 600), ("svelte", 400), ("ts", 600)];
/// The window's shell translates and decides nothing: product lines of the crate. Others have no such
/// limit: a crate stands for a process, a ban or a heavy dependency, and a limit would split what belongs
/// together.
const SHELL: &str = "src-tauri";
const SHELL_MAX_LINES: usize = 3_000;
/// Files of one folder of a crate's code: what can be read as a list. More have a part that deserves a name.
const FOLDER_MAX_FILES: usize = 30;
/// Longest `main` function.
const MAIN_MAX_LINES: usize = 60;

pub fn check_file(source: &Source) -> Vec<Offence> {
    if source.is_generated() {
        return Vec::new();
    }
    let limit = FILE_MAX_LINES.iter().find(|(kind, _)| *kind == source.extension());
    let lines = source.text.lines().count();
    let mut offences = Vec::new();
    if let Some((_, max)) = limit.filter(|(_, max)| lines > *max) {
        let what = format!("{lines} lines; split it, the limit is {max}");
        offences.push(Offence::of_file(&source.path, what));
    }
    if source.path.ends_with("src/main.rs") {
        offences.extend(check_main(source));
    }
    offences
}

fn check_main(source: &Source) -> Option<Offence> {
    let begin = source.text.lines().position(|line| line.contains("fn main("))?;
    let body = source.text.lines().skip(begin).position(|line| line == "}")? + 1;
    let what = format!("`main` has {body} lines; the limit is {MAIN_MAX_LINES}");
    (body > MAIN_MAX_LINES).then(|| Offence { path: source.path.clone(), line: begin + 1, what })
}

/// Folders of Rust code with more files than one reads as a list.
pub fn check_folders(sources: &[Source]) -> Vec<Offence> {
    let mut folders = BTreeMap::<&str, usize>::new();
    for source in sources.iter().filter(|s| s.extension() == "rs" && s.path.contains("/src/")) {
        if let Some((folder, _)) = source.path.rsplit_once('/') {
            *folders.entry(folder).or_default() += 1;
        }
    }
    let large = folders.into_iter().filter(|(_, files)| *files > FOLDER_MAX_FILES);
    large
        .map(|(folder, files)| {
            let what = format!("{files} files; give a part of them a folder of its own, the limit is {FOLDER_MAX_FILES}");
            Offence::of_file(folder, what)
        })
        .collect()
}

pub fn check_shell(sources: &[Source]) -> Vec<Offence> {
    let test_rooms = test_rooms(sources);
    let is_test =
        |path: &str| path.ends_with("/tests.rs") || test_rooms.iter().any(|r| path.starts_with(r));
    let is_shell = |s: &&Source| s.path.split_once("/src/").is_some_and(|(home, _)| home == SHELL);
    let product =
        sources.iter().filter(is_shell).filter(|s| s.extension() == "rs" && !is_test(&s.path));
    let lines: usize = product.map(|s| product_lines(&s.text)).sum();
    let what = format!("the crate has {lines} lines; the limit is {SHELL_MAX_LINES}");
    (lines > SHELL_MAX_LINES).then(|| Offence::of_file(SHELL, what)).into_iter().collect()
}

/// Folders of modules that a crate's root compiles for tests only.
fn test_rooms(sources: &[Source]) -> Vec<String> {
    let roots = sources.iter().filter_map(|s| Some((s.path.strip_suffix("lib.rs")?, &s.text)));
    let rooms = roots.flat_map(|(home, text)| {
        let lines = text.lines().zip(text.lines().skip(1));
        let module = |(attribute, line): (&str, &str)| {
            let name = line.strip_prefix("mod ")?.strip_suffix(';')?;
            (attribute == "#[cfg(test)]").then(|| format!("{home}{name}/"))
        };
        lines.filter_map(module).collect::<Vec<_>>()
    });
    rooms.collect()
}

/// Lines before the file's tests.
fn product_lines(text: &str) -> usize {
    let lines = || text.lines();
    let tests = lines().zip(lines().skip(1)).position(|(attribute, module)| {
        attribute == "#[cfg(test)]" && module.starts_with("mod ") && module.ends_with('{')
    });
    tests.unwrap_or(lines().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, lines: usize) -> Source {
        Source { path: path.into(), text: "x\n".repeat(lines) }
    }

    #[test]
    fn a_folder_is_read_as_a_list() {
        let files = |n| (0..n).map(|n| source(&format!("src-tauri/crates/x/src/a/f{n}.rs"), 1));
        assert!(check_folders(&files(30).collect::<Vec<_>>()).is_empty());
        assert_eq!(check_folders(&files(31).collect::<Vec<_>>()).len(), 1);
        let spread: Vec<_> = files(30).chain([source("src-tauri/crates/x/src/b.rs", 1)]).collect();
        assert!(check_folders(&spread).is_empty());
    }

    #[test]
    fn files_and_the_shell_have_a_size() {
        for (path, lines, fine) in [
            ("src-tauri/crates/model/src/a.rs", 600, true),
            ("src-tauri/crates/model/src/a.rs", 601, false),
            ("ui/src/views/Board.svelte", 401, false),
            ("ui/src/backend/generated/bindings.ts", 5_000, true),
        ] {
            assert_eq!(check_file(&source(path, lines)).is_empty(), fine, "{path} {lines}");
        }
        let many: Vec<_> = (0..7).map(|_| source("src-tauri/src/a.rs", 500)).collect();
        assert_eq!(check_shell(&many).len(), 1);
        assert!(check_shell(&many[..6]).is_empty());
        let crates: Vec<_> = (0..9).map(|_| source("src-tauri/crates/x/src/a.rs", 500)).collect();
        assert!(check_shell(&crates).is_empty());
    }

    #[test]
    fn tests_do_not_count_against_the_shell() {
        let mut sources: Vec<_> =
            (0..9).map(|n| source(&format!("src-tauri/src/sim/a{n}.rs"), 500)).collect();
        let text = "mod a;\n#[cfg(test)]\nmod sim;\n".to_owned();
        sources.push(Source { path: "src-tauri/src/lib.rs".into(), text });
        assert_eq!(check_shell(&sources).len(), 0);
        sources[9].text = "mod a;\nmod sim;\n".to_owned();
        assert_eq!(check_shell(&sources).len(), 1);
        assert_eq!(product_lines("a\nb\n#[cfg(test)]\nmod tests {\nc\n}\n"), 2);
        assert_eq!(product_lines("a\n#[cfg(test)]\nmod tests;\nb\n"), 4);
    }
}
