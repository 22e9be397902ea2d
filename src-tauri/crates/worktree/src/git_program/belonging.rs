//! What of the user's own variables and settings leads into the repository that is worked in.
//!
//! The user says which programs git, `gh` and `glab` are and which they start. Where that names something in a
//! repository it is the repository that says so, and whoever writes there.
//! Promise: a program that the user names by a place outside stays; a place is compared as it is without links;
//! what git or a shell would take from the directory it works in is never the user's.
//! Must not know: how git is called, and what of a repository is trusted.

use crate::git_program::git::Environment;
use crate::git_program::plain_command::{Starts, stays_outside};
use crate::git_program::programs::starts;
use crate::git_program::shadow::common_of;
use crate::git_program::shell;
use crate::looking::place;
use nightshift_platform::search::{absolute_entries, find, joined};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Lists of directories that programs, libraries and modules are taken from.
const LISTS: &[&str] = &[
    "GCONV_PATH",
    "GEM_PATH",
    "LD_LIBRARY_PATH",
    "LOCPATH",
    "NODE_PATH",
    "PATH",
    "PERL5LIB",
    "PERLLIB",
    "PYTHONPATH",
    "RUBYLIB",
];
/// Places of one file or directory that says what runs.
const PLACES: &[&str] = &[
    "BASH_ENV",
    "CURL_CA_BUNDLE",
    "CURL_HOME",
    "ENV",
    "GEM_HOME",
    "GH_CONFIG_DIR",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_TEMPLATE_DIR",
    "GLAB_CONFIG_DIR",
    "GNUPGHOME",
    "HOME",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PASSWORD_STORE_DIR",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "XDG_CONFIG_HOME",
];
/// Programs, whole commands, or options that load something.
const COMMANDS: &[(&str, Starts)] = &[
    ("BROWSER", Starts::Command),
    ("EDITOR", Starts::Command),
    ("GH_BROWSER", Starts::Command),
    ("GH_EDITOR", Starts::Command),
    ("GH_PAGER", Starts::Command),
    ("GH_PATH", Starts::Program),
    ("GIT_ASKPASS", Starts::Program),
    ("GIT_EDITOR", Starts::Command),
    ("GIT_EXTERNAL_DIFF", Starts::Command),
    ("GIT_PAGER", Starts::Command),
    ("GIT_PROXY_COMMAND", Starts::Program),
    ("GIT_SEQUENCE_EDITOR", Starts::Command),
    ("GIT_SSH", Starts::Program),
    ("GIT_SSH_COMMAND", Starts::Command),
    ("GLAB_PAGER", Starts::Command),
    ("LESSCLOSE", Starts::Command),
    ("LESSOPEN", Starts::Command),
    ("NODE_OPTIONS", Starts::Command),
    ("PAGER", Starts::Command),
    ("PERL5OPT", Starts::Command),
    ("RUBYOPT", Starts::Command),
    ("SSH_ASKPASS", Starts::Program),
    ("VISUAL", Starts::Command),
];
/// Lists of libraries that every program loads, with either sign between them.
const PRELOADS: &[&str] = &["LD_AUDIT", "LD_PRELOAD"];
/// What takes the first word after its options for a script.
const INTERPRETERS: &[&str] = &[
    "bash", "bun", "dash", "deno", "ksh", "lua", "node", "perl", "php", "python", "python2",
    "python3", "ruby", "sh", "source", "zsh", ".",
];
/// Stands for what a command inside of a command says. No path and no setting holds this character.
const COMPUTED: char = '\u{1}';
/// What shells put in the place of the directory they are in.
const HERE: &[&str] = &["$PWD/", "${PWD}/", "$GIT_WORK_TREE/", "${GIT_WORK_TREE}/"];

/// Where a value leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// Not into the repository, whatever will be there.
    Away,
    /// Into it, if there comes to be what it names.
    NotYet,
    Here,
}

/// The directories of a repository: its checkouts and git's own.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// Where relative places begin.
    at: PathBuf,
    roots: Vec<PathBuf>,
    commons: Vec<PathBuf>,
    home: Option<PathBuf>,
    /// Whatever is in any repository is in it.
    of_any: bool,
}

impl Ground {
    /// Of all repositories that the directories are in. One that holds the user's home is the user's own.
    pub fn of(directories: &[&Path], env: &Environment) -> Ground {
        let home = env.get(OsStr::new("HOME")).map(PathBuf::from);
        let home = home.filter(|home| home.is_absolute()).map(|home| without_links(&home));
        let mut ground = Ground { home, ..Ground::default() };
        for directory in directories.iter().filter(|directory| directory.is_absolute()) {
            let directory = without_links(directory);
            let is_git_dir = directory.join("HEAD").exists() && directory.join("objects").is_dir();
            if is_git_dir {
                ground.add(directory.clone());
                ground.commons.extend(common_of(&directory).ok());
            }
            let above = directory.ancestors().filter(|above| has_repository(above));
            for root in above.map(Path::to_owned).collect::<Vec<_>>() {
                if ground.at.as_os_str().is_empty() {
                    ground.at.clone_from(&root);
                }
                let common = common(&root);
                if ground.add(root) {
                    let main = common.as_deref().filter(|common| common.ends_with(".git"));
                    if let Some(main) = main.and_then(Path::parent) {
                        ground.add(main.to_owned());
                    }
                    ground.commons.extend(common);
                }
            }
        }
        if ground.at.as_os_str().is_empty() {
            ground.at = directories.first().map(|first| without_links(first)).unwrap_or_default();
        }
        ground
    }

    fn add(&mut self, root: PathBuf) -> bool {
        let users = self.home.as_ref().is_some_and(|home| home.starts_with(&root));
        if !users && !self.roots.contains(&root) {
            self.roots.push(root);
        }
        !users
    }

    /// Whether a path is in one of the repository's checkouts, or in git's own directory.
    pub fn holds(&self, path: &Path) -> bool {
        if self.is_nowhere() && !self.of_any {
            return false;
        }
        let path = without_links(path);
        let inside = |root: &PathBuf| path.starts_with(root);
        if self.roots.iter().chain(&self.commons).any(inside) {
            return true;
        }
        let users = |root: &Path| self.home.as_ref().is_some_and(|home| home.starts_with(root));
        let mut others = path.ancestors().filter(|above| !users(above) && has_repository(above));
        let is_ours = |common: PathBuf| self.commons.contains(&common);
        others.any(|other| self.of_any || common(other).is_some_and(is_ours))
    }

    /// Whether a path is in the checkout of a repository that is not the user's home.
    fn is_in_another(&self, path: &Path) -> bool {
        let users = |root: &Path| self.home.as_ref().is_some_and(|home| home.starts_with(root));
        without_links(path).ancestors().any(|above| !users(above) && has_repository(above))
    }

    /// The user's, without links.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Whether a setting of the user's that acts follow starts nothing of the repository, whatever will be there.
    /// `name` as git lists it.
    pub fn follows(&self, name: &str, value: &str) -> bool {
        let starts = starts(name.as_bytes());
        starts != Starts::Nothing && stays_outside(self, starts, value.as_bytes())
    }

    fn is_nowhere(&self) -> bool {
        self.roots.is_empty() && self.commons.is_empty()
    }

    /// Where a command, or the name of a program, leads, as far as its text can be read: for showing it. What may
    /// run is decided by `follows`.
    pub fn leads(&self, value: &[u8]) -> Leads {
        let value = String::from_utf8_lossy(value);
        let (text, computed) = shell::without_substitutions(&value, COMPUTED);
        // The quotes may end where the computed part does.
        let text = shell::with_variables(&text).replace("\u{1}\"/", "\u{1}/");
        let mut leads = Leads::Away;
        let parts = [text].into_iter().chain(computed);
        let parts = parts.flat_map(|text| {
            let ends = [';', '|', '&', '(', ')', '`', '\n'];
            text.split(ends).map(str::to_owned).collect::<Vec<_>>()
        });
        for part in parts {
            match self.command(&part) {
                Leads::Here => return Leads::Here,
                Leads::NotYet => leads = Leads::NotYet,
                Leads::Away => {}
            }
        }
        leads
    }

    fn command(&self, part: &str) -> Leads {
        let mut leads = Leads::Away;
        // A word for a program comes first, or after what takes one.
        let (mut expected, mut runs_scripts) = (true, false);
        let ends = |c: char| c.is_whitespace() || "\"'<>,".contains(c);
        for word in part.split(ends).map(|word| word.trim_start_matches('!')) {
            let (name, value) = word.split_once('=').unwrap_or(("", word));
            let is_option = word.starts_with('-');
            let assigns = !name.is_empty() && !is_option && !name.contains('/');
            if value.is_empty() || matches!(word, "{" | "then" | "do") {
                continue;
            }
            if assigns && name == "PATH" && value.split(':').any(|entry| self.is_entry_here(entry))
            {
                return Leads::Here;
            }
            if is_option && name.is_empty() {
                // What follows is no file but a program's text.
                let takes_text = !word.starts_with("--") && word.contains(['c', 'e']);
                runs_scripts &= !takes_text;
                continue;
            }
            let plain = !is_option && !assigns;
            let script = plain && runs_scripts;
            match self.word(value, plain && expected || script, script) {
                Leads::Here => return Leads::Here,
                Leads::NotYet => leads = Leads::NotYet,
                Leads::Away => {}
            }
            if plain {
                let base = word.rsplit('/').next().unwrap_or(word);
                runs_scripts = expected && INTERPRETERS.contains(&base);
                expected &= matches!(base, "env" | "exec" | "nice" | "sudo" | "time");
            }
        }
        leads
    }

    /// `runs`: it would be started. `script`: it is a file, also where it holds no slash.
    fn word(&self, word: &str, runs: bool, script: bool) -> Leads {
        let word = HERE
            .iter()
            .find_map(|here| word.strip_prefix(here))
            .map_or_else(|| word.to_owned(), |rest| format!("./{rest}"));
        if let Some(below) = word.strip_prefix(COMPUTED) {
            // Git itself says where the checkout is. A name that is all computed is found as the user finds it.
            let Some(below) = below.strip_prefix('/') else { return Leads::Away };
            let is_there = self.at.join(below).symlink_metadata().is_ok();
            return if runs || script || is_there { Leads::Here } else { Leads::NotYet };
        }
        let path = Path::new(&word);
        let here = |holds: bool| if holds { Leads::Here } else { Leads::Away };
        if path.is_absolute() {
            return here(self.holds(path));
        }
        if let Some(below) = word.strip_prefix("~/") {
            return here(self.home.as_ref().is_some_and(|home| self.holds(&home.join(below))));
        }
        if word.starts_with(['~', '$', '%']) || word.contains("://") {
            return Leads::Away;
        }
        if word.starts_with("./") || word.starts_with("../") {
            return here(self.holds(&self.at.join(path)));
        }
        if !word.contains('/') && !script {
            return Leads::Away;
        }
        match runs || self.at.join(path).symlink_metadata().is_ok() {
            true => Leads::Here,
            false => Leads::NotYet,
        }
    }

    /// Whether programs of the repository would be found by a directory of PATH.
    fn is_entry_here(&self, entry: &str) -> bool {
        match entry.strip_prefix('~').or(entry.strip_prefix('$')) {
            Some(_) => self.word(entry, false, false) == Leads::Here,
            None => self.is_place_here(OsStr::new(entry)),
        }
    }

    /// Whether a variable or a setting that is one path leads here. A relative one does.
    fn is_place_here(&self, value: &OsStr) -> bool {
        let path = Path::new(value);
        path.is_relative() || self.holds(path)
    }
}

/// The variables of the user's for a program that is started by its name in these directories, without what
/// would let it be, or run, something of a repository there.
pub fn environment_in(directories: &[&Path], env: &Environment) -> Environment {
    environment_on(&Ground::of(directories, env), env)
}

/// The same for git. Where it is not asked about a repository it is taken from none, if there is another.
pub fn environment_of_git(directories: &[&Path], env: &Environment) -> Environment {
    let mut ground = Ground::of(directories, env);
    let plain = environment_on(&ground, env);
    if !ground.is_nowhere() {
        return plain;
    }
    ground.of_any = true;
    let strict = environment_on(&ground, env);
    let path = strict.get(OsStr::new("PATH")).map(OsString::as_os_str);
    if find(OsStr::new("git"), path).is_some() { strict } else { plain }
}

fn environment_on(ground: &Ground, env: &Environment) -> Environment {
    let mut kept = env.clone();
    kept.retain(|name, value| {
        let is = |names: &[&str]| names.iter().any(|known| name == known);
        if is(LISTS) {
            let entries = absolute_entries(value).filter(|entry| !ground.holds(entry));
            // What stands in another repository comes last: somebody else may have written it. Some
            // programs are nowhere else, as where the packages of a system are a repository.
            let (elsewhere, own): (Vec<_>, Vec<_>) =
                entries.partition(|entry| ground.is_in_another(entry));
            *value = joined(own.into_iter().chain(elsewhere));
            return name == "PATH" || !value.is_empty();
        }
        if is(PLACES) {
            return value.is_empty() || !ground.is_place_here(value);
        }
        if is(PRELOADS) {
            return !is_preload_here(ground, value);
        }
        let command = COMMANDS.iter().find(|(known, _)| name == known);
        command.is_none_or(|(_, starts)| stays_outside(ground, *starts, value.as_bytes()))
    });
    kept
}

/// A name without a slash is looked for among the system's libraries.
fn is_preload_here(ground: &Ground, value: &OsStr) -> bool {
    let entries = value.as_bytes().split(|byte| matches!(byte, b':' | b' '));
    let mut places = entries.filter(|entry| entry.contains(&b'/'));
    places.any(|place| !stays_outside(ground, Starts::Place, place))
}

fn has_repository(directory: &Path) -> bool {
    directory.join(".git").symlink_metadata().is_ok()
}

fn common(root: &Path) -> Option<PathBuf> {
    let git_dir = place::git_dir(root).ok()?;
    common_of(&git_dir).ok()
}

/// A path without links, as far as it is there.
pub fn without_links(path: &Path) -> PathBuf {
    let path = place::normal(path);
    for above in path.ancestors() {
        if let Ok(real) = std::fs::canonicalize(above) {
            let rest = path.strip_prefix(above).unwrap_or(Path::new(""));
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with a worktree elsewhere, and a home beside it.
    fn ground() -> (tempfile::TempDir, Ground, Environment) {
        let dir = tempfile::tempdir().unwrap();
        let at = without_links(dir.path());
        for made in [
            "repo/.git/worktrees/x",
            "repo/.git/objects",
            "repo/tools",
            "repo/s/a",
            "w/x/bin",
            "home/bin",
            "out",
        ] {
            std::fs::create_dir_all(at.join(made)).unwrap();
        }
        std::fs::write(at.join("repo/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        std::fs::write(at.join("repo/tools/clean"), "").unwrap();
        std::fs::write(at.join("repo/s/a/b"), "").unwrap();
        let admin = at.join("repo/.git/worktrees/x");
        std::fs::write(at.join("w/x/.git"), format!("gitdir: {}\n", admin.display())).unwrap();
        std::fs::write(admin.join("commondir"), "../..\n").unwrap();
        let link = at.join("out/link");
        std::os::unix::fs::symlink(at.join("repo/tools"), link).unwrap();
        let env = Environment::from([("HOME".into(), at.join("home").into())]);
        let ground = Ground::of(&[&at.join("repo")], &env);
        (dir, ground, env)
    }

    #[test]
    fn security_04_a_command_that_leads_into_the_repository_is_told_from_others() {
        let (dir, ground, _) = ground();
        let at = without_links(dir.path()).display().to_string();
        for value in [
            "./tools/clean",
            "tools/clean",
            "tools/later",
            "!tools/later x",
            "FOO=1 ./tools/later",
            "sh tools/later",
            "sh later.sh",
            "python3 -u tools/later.py %f",
            "env A=b bash later.sh",
            "bash -c './tools/later'",
            "cat %f | ./later",
            "true && tools/later",
            "\"tools/clean\" --x",
            "$PWD/later",
            "\"${PWD}/tools/clean\"",
            "cat tools/clean",
            "node --require=./later %f",
            "@/repo/tools/clean",
            "@/repo/later --x",
            "@/repo/../repo/later",
            "@/out/link/clean",
            "@/w/x/bin/later",
            "@/repo/.git/later",
            "~/../repo/later",
            "PATH=tools:$PATH clean",
            "PATH=\"$PATH:./tools\" clean",
            "PATH=@/repo/tools:/usr/bin clean",
            "PATH=:/usr/bin clean",
        ] {
            let value = value.replace('@', &at);
            assert_eq!(ground.leads(value.as_bytes()), Leads::Here, "{value}");
        }
        for (value, leads) in [
            ("git-lfs clean -- %f", Leads::Away),
            ("cat", Leads::Away),
            ("cache --timeout=3600", Leads::Away),
            ("!gh auth git-credential", Leads::Away),
            ("!f() { echo username=x; }; f", Leads::Away),
            ("/usr/bin/ssh -i ~/.ssh/id", Leads::Away),
            ("http://127.0.0.1:8080/x", Leads::Away),
            ("perl -pe s/x/y/", Leads::NotYet),
            ("sed s/x/y/", Leads::NotYet),
            ("@/out/later", Leads::Away),
            ("../out/later", Leads::Away),
            ("~/bin/later", Leads::Away),
            ("PATH=~/bin:$PATH later", Leads::Away),
            ("PATH=$HOME/bin:/usr/bin later", Leads::Away),
            ("", Leads::Away),
        ] {
            let value = value.replace('@', &at);
            assert_eq!(ground.leads(value.as_bytes()), leads, "{value}");
        }
        assert_eq!(ground.leads(b"sed s/a/b"), Leads::Here, "it is there");
    }

    #[test]
    fn security_04_a_place_that_a_command_computes_is_told_from_others() {
        let (dir, ground, _) = ground();
        let at = without_links(dir.path()).display().to_string();
        for value in [
            "$(git rev-parse --show-toplevel)/tools/clean",
            "\"$(git rev-parse --show-toplevel)\"/tools/clean",
            "`git rev-parse --show-toplevel`/tools/clean",
            "x=\"$(git rev-parse --show-toplevel)/tools\"; mkdir -p /tmp/x; \"$x/later\" %f",
            "x=`git rev-parse --show-cdup`; sh ${x}/tools/later",
            "d=$PWD/tools; $d/later",
            "d=./tools; \"$d\"/later",
            "a=tools; b=$a/later; exec ./$b",
            "cat $(git rev-parse --show-toplevel)/tools/clean",
            "$(./tools/which) clean",
            "PATH=$(git rev-parse --show-toplevel)/tools:$PATH clean",
        ] {
            let value = value.replace('@', &at);
            assert_eq!(ground.leads(value.as_bytes()), Leads::Here, "{value}");
        }
        for (value, leads) in [
            ("d=$(git rev-parse --git-common-dir)/lfs; mkdir -p $d; cat >$d/new", Leads::NotYet),
            ("$(which git-lfs) clean -- %f", Leads::Away),
            ("f=%f; git-lfs clean -- \"$f\"", Leads::Away),
            ("x=~/bin; $x/later", Leads::Away),
        ] {
            let value = value.replace('@', &at);
            assert_eq!(ground.leads(value.as_bytes()), leads, "{value}");
        }
    }

    #[test]
    fn security_04_variables_that_lead_into_the_repository_are_not_handed_on() {
        let (dir, _, mut env) = ground();
        let at = without_links(dir.path());
        let text = at.display().to_string();
        let path = "./bin:bin:.::@/repo/tools:@/out/link:@/w/x/bin:@/home/bin:/usr/bin:";
        for (name, value) in [
            ("PATH", path),
            ("LD_LIBRARY_PATH", ":@/repo/lib"),
            ("PYTHONPATH", "lib:@/out"),
            ("GIT_EXEC_PATH", "exec"),
            ("GIT_CONFIG_GLOBAL", "@/repo/config"),
            ("XDG_CONFIG_HOME", "config"),
            ("TMPDIR", "@/repo/tmp"),
            ("GIT_SSH_COMMAND", "./ssh -4"),
            ("GH_PATH", "tools/gh"),
            ("GIT_PAGER", "@/w/x/bin/pager"),
            ("LD_PRELOAD", "libown.so:./evil.so"),
            ("NODE_OPTIONS", "--require ./later.js"),
            ("EDITOR", "vi"),
            ("GIT_SSH", "/usr/bin/ssh"),
            ("SHELL", "/bin/bash"),
            ("ANYTHING", "./tools"),
        ] {
            env.insert(name.into(), value.replace('@', &text).into());
        }
        for place in ["repo", "repo/tools", "w/x", "repo/.git"] {
            let kept = environment_in(&[&at.join(place)], &env);
            let kept: Vec<(String, String)> = kept
                .into_iter()
                .map(|(name, value)| (name.into_string().unwrap(), value.into_string().unwrap()))
                .map(|(name, value)| (name, value.replace(&text, "@")))
                .collect();
            let expected = [
                ("ANYTHING", "./tools"),
                ("GIT_SSH", "/usr/bin/ssh"),
                ("HOME", "@/home"),
                ("PATH", "@/home/bin:/usr/bin"),
                ("PYTHONPATH", "@/out"),
                ("SHELL", "/bin/bash"),
            ];
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(kept, expected, "{place}");
        }
    }

    #[test]
    fn security_04_git_that_is_asked_about_no_repository_is_taken_from_none() {
        let (dir, _, mut env) = ground();
        let at = without_links(dir.path());
        let text = at.display();
        env.insert("PATH".into(), format!("{text}/repo/tools:{text}/w/x/bin:/usr/bin").into());
        let kept = environment_of_git(&[Path::new("/")], &env);
        assert_eq!(kept[OsStr::new("PATH")], "/usr/bin");
        // Where there is no other, it is the user's.
        let git = at.join("repo/tools/git");
        std::fs::write(&git, "").unwrap();
        std::fs::set_permissions(&git, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        env.insert("PATH".into(), at.join("repo/tools").into());
        let kept = environment_of_git(&[Path::new("/")], &env);
        assert_eq!(kept[OsStr::new("PATH")], at.join("repo/tools"));
        let kept = environment_of_git(&[&at.join("repo")], &env);
        assert_eq!(kept[OsStr::new("PATH")], "");
    }

    #[test]
    fn a_repository_that_holds_the_home_is_the_users_own() {
        let (dir, _, mut env) = ground();
        let at = without_links(dir.path());
        std::fs::create_dir_all(at.join("home/.git")).unwrap();
        let bin = at.join("home/bin");
        env.insert("PATH".into(), bin.clone().into());
        let kept = environment_in(&[&at.join("home")], &env);
        assert_eq!(kept[OsStr::new("PATH")], bin);
    }
}
