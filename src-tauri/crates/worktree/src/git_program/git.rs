//! The `git` program: bounded, never asking, never influenced by a surrounding git command.
//!
//! There are two ways to call it and no third (decision 8): `look`, for what others may have written,
//! and `act`, for what the user wants done.
//! Promise: every call has a timeout and keeps what git said for the error; no call inherits which
//! repository or index to use; no call starts git's own background work; no look runs anything or
//! leaves the machine; no act runs what a repository says; a repository's configuration is read once
//! for a call, and what is written to it meanwhile does not count.
//! Must not know: what is asked.

use crate::error::{Error, Kind, Result};
use crate::git_program::belonging::{Ground, environment_of_git, without_links};
use crate::git_program::complaint::complaint;
use crate::git_program::configuration::{Configuration, Drivers, Override, Whose};
use crate::git_program::frozen::Frozen;
use crate::git_program::known::{Asked, Known, Read, Snapshot, configuration_of};
use crate::git_program::overrides::{
    ALWAYS, CONNECTS, FOREIGN, NETWORK, NO_HOOKS, OF_LOOKS, OURS, PROTOCOLS, PROXY,
};
use crate::git_program::user_programs::{Script, UserPrograms, submodules_not_entered};
use crate::git_program::{frozen, own_files, pipes, written_refs};
use crate::limits::{
    LOOK_LIMITS, LOOK_PATIENCE, OUTPUT_MAX_BYTES, OVERRIDES_MAX, OVERRIDES_MAX_BYTES, READ_TIMEOUT,
    WRITE_TIMEOUT,
};
use crate::looking::place;
use nightshift_platform::program::{Ended, Limits, Run, run, run_limited};
use nightshift_platform::spawn::Program;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Variables by name, as programs get them.
pub type Environment = BTreeMap<OsString, OsString>;

/// Commands that run no program, whatever a configuration says, and why each needs the repository's own
/// directory. Only these leave it to git to find the repository.
const LIVE: &[(&str, &str)] = &[
    ("config", "reads or writes the configuration itself"),
    ("remote", "writes the configuration"),
    ("rev-parse", "says where the repository is"),
    ("submodule", "writes the configuration; what it starts works in other repositories"),
    ("worktree", "writes and lists the paths of git directories"),
];
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// git's complaint about a worktree that another program is just making.
const HALF_WRITTEN: &str = "/commondir";
/// Making one takes a few milliseconds, starting git again about as long.
const HALF_WRITTEN_RETRIES: u32 = 5;

/// The program with the environment it runs in: the user's, for hooks, credentials and filters.
#[derive(Clone, Debug)]
pub struct Git {
    env: Environment,
    scripts: Environment,
    known: Arc<Mutex<BTreeMap<Asked, Known>>>,
    hook_script: Arc<Mutex<Option<Arc<Script>>>>,
}

/// Names the repository of a call.
pub(crate) const GIT_DIR: &str = "GIT_DIR";
pub(crate) const WORK_TREE: &str = "GIT_WORK_TREE";
/// Names where its configuration, objects and branches are.
pub(crate) const COMMON_DIR: &str = "GIT_COMMON_DIR";
const LIST_HINT: &str = "look at `git config --list --show-origin` there";

impl Git {
    pub fn new(env: &Environment) -> Git {
        let mut scripts = env.clone();
        scripts.retain(|name, _| !FOREIGN.iter().any(|foreign| name == foreign));
        scripts.entry("PATH".into()).or_insert_with(|| DEFAULT_PATH.into());
        let mut env = scripts.clone();
        env.extend(OURS.iter().map(|(name, value)| (name.into(), value.into())));
        Git { env, scripts, known: Arc::default(), hook_script: Arc::default() }
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.env
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, BTreeMap<Asked, Known>> {
        // A thread that died while it held the map has left it whole: entries go in complete.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn hook_script(&self) -> &Mutex<Option<Arc<Script>>> {
        &self.hook_script
    }

    /// The repositories that these directories are in.
    pub fn ground(&self, directories: &[&Path]) -> Ground {
        Ground::of(directories, &self.env)
    }

    /// The user's environment without what would name another repository. For scripts alone.
    pub fn script_environment(&self) -> &Environment {
        &self.scripts
    }

    /// Reads in `dir` what others may have written: nothing that is there can start a program or open
    /// a connection, and memory and time are bounded. Takes no lock. Nothing runs before it is ended
    /// or read.
    pub fn look<'a>(&'a self, dir: &'a Path, args: &[&str]) -> Call<'a> {
        self.call(dir, How::Look, args)
    }

    /// Does something in `dir`. Of the programs that a configuration names only the user's own run.
    pub fn act<'a>(&'a self, dir: &'a Path, args: &[&str]) -> Call<'a> {
        self.call(dir, How::Act, args)
    }

    fn call<'a>(&'a self, dir: &'a Path, how: How, args: &[&str]) -> Call<'a> {
        let args = args.iter().map(OsString::from).collect();
        let (env, set, input) = (BTreeMap::new(), Vec::new(), Vec::new());
        let (timeout, limits) = (READ_TIMEOUT, LOOK_LIMITS);
        Call { git: self, dir, how, args, env, set, input, timeout, limits, ours: false }
    }
}

/// One of the two ways to call git; there is no third.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Look,
    Act,
    /// An act that is about another machine.
    ActOutside,
}

/// How programs of the user's own that we do not know are started in a call.
enum Programs {
    /// There are none, or this call starts none.
    None,
    /// As they are, on the copy that git works by.
    InTheCopy,
    /// git works by the copy, they on the repository itself.
    InTheRepository(UserPrograms),
    /// git itself works on the repository too: there is no place from which a script may start them.
    NowhereToStart,
}

/// One call under construction.
pub struct Call<'a> {
    git: &'a Git,
    dir: &'a Path,
    how: How,
    args: Vec<OsString>,
    env: Environment,
    /// Settings for this call alone.
    set: Vec<Override>,
    input: Vec<u8>,
    timeout: Duration,
    limits: Limits,
    /// The git directory that it names is one of ours, where nobody else writes.
    ours: bool,
}

impl Call<'_> {
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(name.into(), value.as_ref().to_owned());
        self
    }

    /// A setting for this call alone.
    pub(crate) fn set(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.set.push((name.as_bytes().to_owned(), value.as_ref().as_bytes().to_owned()));
        self
    }

    pub fn input(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// Takes as long as the size of the repository asks for.
    pub fn long(mut self) -> Self {
        self.timeout = WRITE_TIMEOUT;
        self
    }

    /// No longer and no more than this.
    pub(crate) fn within(mut self, timeout: Duration, limits: Limits) -> Self {
        (self.timeout, self.limits) = (timeout, limits);
        self
    }

    /// About a git directory that we made.
    pub(crate) fn ours(mut self) -> Self {
        self.ours = true;
        self
    }

    /// An act that talks to a remote.
    pub fn outside(mut self) -> Self {
        self.how = How::ActOutside;
        self
    }

    /// Names of filters that this call leaves out.
    pub(crate) fn filters_off(&self) -> Result<BTreeSet<Vec<u8>>> {
        match self.configuration()? {
            Read::Configuration(read) => Ok(read.configuration.filters()),
            Read::Failed(ended) => Err(failed(&self.named(), &ended)),
        }
    }

    /// Names of the filters that acts leave out, and who set them.
    pub fn foreign_filters(&self) -> Result<BTreeMap<Vec<u8>, Whose>> {
        match self.configuration()? {
            Read::Configuration(read) => Ok(read.configuration.foreign_filters()),
            Read::Failed(ended) => Err(failed(&self.named(), &ended)),
        }
    }

    /// Merge drivers that this call knows of.
    pub fn drivers(&self) -> Result<Drivers> {
        match self.configuration()? {
            Read::Configuration(read) => Ok(read.configuration.drivers()),
            Read::Failed(ended) => Err(failed(&self.named(), &ended)),
        }
    }

    /// Git LFS is set up in the user's own settings.
    pub fn user_has_lfs(&self) -> Result<bool> {
        match self.configuration()? {
            Read::Configuration(read) => Ok(read.configuration.user_has_lfs()),
            Read::Failed(ended) => Err(failed(&self.named(), &ended)),
        }
    }

    /// Variables that make git, started by another program, run as little of the repository as this call.
    pub fn variables(mut self) -> Result<Environment> {
        match self.configuration()? {
            Read::Configuration(read) => {
                self.harden(&read.configuration, false, &Programs::None)?
            }
            Read::Failed(ended) => return Err(failed(&self.named(), &ended)),
        }
        Ok(self.env)
    }

    /// Runs to the end, whatever the exit code.
    pub fn end(mut self) -> Result<Ended> {
        self.pin()?;
        self.check_files()?;
        self.spare_what_refs_name();
        // Held until git has ended.
        let (frozen, _programs, mut not_followed) = match self.configuration()? {
            Read::Configuration(read) => {
                let programs = self.user_programs(&read.configuration)?;
                let frozen = self.freeze(&read, &programs)?;
                self.harden(&read.configuration, frozen.is_some(), &programs)?;
                let not_followed = read.configuration.not_followed(self.how == How::ActOutside);
                (frozen, programs, not_followed)
            }
            // git says of the call what it said of its configuration.
            Read::Failed(ended) => return Ok(ended),
        };
        if let Some(frozen) = &frozen {
            self.env.insert(COMMON_DIR.into(), frozen.path().into());
        }
        let mut env = environment_of_git(&self.directories(), &self.git.env);
        let dropped = |name: &&&str| {
            self.git.env.contains_key(OsStr::new(**name)) && !env.contains_key(OsStr::new(**name))
        };
        not_followed.extend(CONNECTS.iter().filter(dropped).map(|name| (*name).to_owned()));
        env.extend(self.env.clone());
        let program =
            Program { program: OsStr::new("git"), args: &self.args, env: &env, cwd: self.dir };
        let how = Run {
            input: &self.input,
            timeout: self.timeout,
            output_max_bytes: OUTPUT_MAX_BYTES,
            log: None,
        };
        let once = || {
            let ended = match self.how {
                How::Look => return self.run_look(&program, &how),
                How::Act | How::ActOutside => run(&program, &how),
            };
            ended.map_err(|error| not_started(self.dir, &error))
        };
        let mut ended = once()?;
        for _ in 0..HALF_WRITTEN_RETRIES {
            if ended.code == Some(0) || !text(&ended.stderr).contains(HALF_WRITTEN) {
                break;
            }
            ended = once()?;
        }
        if let Some(frozen) = &frozen {
            ended.stderr = frozen.named_as_the_repository(ended.stderr);
        }
        if self.how != How::Look && ended.code != Some(0) && !not_followed.is_empty() {
            ended.stderr.extend_from_slice(not_followed_note(&not_followed).as_bytes());
        }
        if ended.timed_out {
            return Err(took_too_long(&self.named(), self.timeout));
        }
        if ended.truncated {
            let text = format!("{} printed more than {OUTPUT_MAX_BYTES} bytes", self.named());
            return Err(Error::new(Kind::Git, text));
        }
        Ok(ended)
    }

    /// Those whose files it is about.
    fn directories(&self) -> Vec<&Path> {
        let named = [WORK_TREE, GIT_DIR].map(|name| self.env.get(OsStr::new(name)).map(Path::new));
        [Some(self.dir)].into_iter().chain(named).flatten().collect()
    }

    /// A look that takes long may wait for a pipe that somebody put in a file's place: then it is ended at once.
    fn run_look(&self, program: &Program<'_>, how: &Run<'_>) -> Result<Ended> {
        let within = |timeout| {
            let how = Run { timeout, ..*how };
            run_limited(program, &how, self.limits).map_err(|error| not_started(self.dir, &error))
        };
        let patience = how.timeout.min(LOOK_PATIENCE);
        let ended = within(patience)?;
        if !ended.timed_out || patience == how.timeout {
            return Ok(ended);
        }
        let root = self.env.get(OsStr::new(WORK_TREE)).map(Path::new);
        if let Some(odd) = pipes::first(root.unwrap_or(self.dir)) {
            return Err(own_files::waits(&odd));
        }
        within(how.timeout)
    }

    /// What it printed; any exit code but 0 is an error.
    pub fn read(self) -> Result<Vec<u8>> {
        let named = self.named();
        let ended = self.end()?;
        if ended.code == Some(0) { Ok(ended.stdout) } else { Err(failed(&named, &ended)) }
    }

    /// The same with what it complained of without failing.
    pub(crate) fn read_with_complaint(self) -> Result<(Vec<u8>, Vec<u8>)> {
        let named = self.named();
        let ended = self.end()?;
        if ended.code == Some(0) {
            Ok((ended.stdout, ended.stderr))
        } else {
            Err(failed(&named, &ended))
        }
    }

    /// The same as one line of text.
    pub fn line(self) -> Result<String> {
        self.read().map(|bytes| text(&bytes).trim_end().to_owned())
    }

    /// A line, or nothing when git says so by exit code 1.
    pub fn find(self) -> Result<Option<String>> {
        let named = self.named();
        let ended = self.end()?;
        match ended.code {
            Some(0) => Ok(Some(text(&ended.stdout).trim_end().to_owned())),
            Some(1) => Ok(None),
            Some(_) | None => Err(failed(&named, &ended)),
        }
    }

    /// The settings of the repository that this call is about, as they are now.
    fn configuration(&self) -> Result<Read> {
        let asked =
            Asked { dir: self.dir.to_owned(), git_dir: self.env.get(OsStr::new(GIT_DIR)).cloned() };
        configuration_of(self.git, asked)
    }

    /// Says outright which repository it is about, if nobody has: the one whose `.git` is in its directory.
    fn pin(&mut self) -> Result<()> {
        if self.is_live() || self.env.contains_key(OsStr::new(GIT_DIR)) {
            return Ok(());
        }
        let git_dir = place::git_dir(self.dir)?;
        self.env.insert(GIT_DIR.into(), git_dir.into());
        self.env.insert(WORK_TREE.into(), self.dir.into());
        Ok(())
    }

    /// git's own directories are as git makes them.
    fn check_files(&self) -> Result<()> {
        let named = self.env.get(OsStr::new(GIT_DIR)).map(PathBuf::from);
        // A call that asks where it is finds it here, or somewhere above.
        let git_dir = named.or_else(|| place::git_dir(self.dir).ok());
        match git_dir.filter(|_| !self.ours) {
            Some(git_dir) if self.how == How::Look => own_files::check(&git_dir, false),
            Some(git_dir) => {
                own_files::check(&git_dir, true)?;
                written_refs::check(self.git, &git_dir, &self.args)
            }
            None => Ok(()),
        }
    }

    /// Only the ref that is named is written, should it have become symbolic since it was looked at.
    fn spare_what_refs_name(&mut self) {
        let at = written_refs::command(&self.args).filter(|at| self.args[*at] == "update-ref");
        if let Some(at) = at {
            self.args.insert(at + 1, "--no-deref".into());
        }
    }

    /// Needs the repository's own directory, and runs no program.
    fn is_live(&self) -> bool {
        let command = written_refs::command(&self.args).map(|at| &self.args[at]);
        command.is_some_and(|command| LIVE.iter().any(|(live, _)| command == live))
    }

    /// The directory in which git finds the configuration that was read, whatever is written to the
    /// repository's own meanwhile. None where the call must work on the repository's own, and for calls
    /// that run nothing.
    fn freeze(&self, read: &Snapshot, programs: &Programs) -> Result<Option<Arc<Frozen>>> {
        let Some(git_dir) = self.env.get(OsStr::new(GIT_DIR)).map(Path::new) else {
            return Ok(None);
        };
        if self.ours || self.is_live() || matches!(programs, Programs::NowhereToStart) {
            return Ok(None);
        }
        if self.how != How::Look {
            frozen::prepare(git_dir, &read.configuration)?;
        }
        read.frozen(git_dir).map(Some)
    }

    /// Its repository is the one that git finds from the checkout it is about.
    fn is_found(&self) -> bool {
        let named = |name| self.env.get(OsStr::new(name)).map(Path::new);
        let (Some(git_dir), Some(tree)) = (named(GIT_DIR), named(WORK_TREE)) else { return false };
        let found = place::git_dir(tree).map(|found| without_links(&found));
        found.is_ok_and(|found| found == without_links(git_dir))
    }

    /// How the user's own programs are started, where this call may start one.
    fn user_programs(&self, configuration: &Configuration) -> Result<Programs> {
        let of_an_act = self.how != How::Look && !self.ours && !self.is_live();
        if !of_an_act || !configuration.user_has_programs() {
            return Ok(Programs::None);
        }
        if configuration.user_has_lfs() && configuration.misread().is_some() {
            // Git LFS started by a hook would read it wrong in the repository, and cannot in the copy.
            return match self.how {
                How::ActOutside => Err(self.misread(configuration)),
                How::Look | How::Act => Ok(Programs::InTheCopy),
            };
        }
        let own = UserPrograms::of(configuration, self.git, self.is_found())?;
        Ok(own.map_or(Programs::NowhereToStart, Programs::InTheRepository))
    }

    /// Programs of the user's own read the repository's configuration itself, and Git LFS may be among them.
    fn misread(&self, configuration: &Configuration) -> Error {
        let text = format!(
            "{}: Git LFS would take the setting {} of this repository for several, because it holds a line break \
             or a `=` in its name",
            self.named(),
            configuration.misread().unwrap_or_default()
        );
        let hint = "remove it with `git config --unset`, then try again";
        Error::new(Kind::Refused, text).hint(hint)
    }

    /// What this call must not follow. `frozen`: of the repository's configuration only a copy counts,
    /// which names no programs.
    fn harden(
        &mut self,
        configuration: &Configuration,
        frozen: bool,
        programs: &Programs,
    ) -> Result<()> {
        let (mut set, always): (_, &[_]) = match (self.how, programs) {
            (How::Look, _) if frozen => (configuration.own_off(), OF_LOOKS),
            (How::Look, _) => (configuration.all_off(), OF_LOOKS),
            (_, Programs::None) if frozen => (configuration.here_off(), NO_HOOKS),
            (_, Programs::InTheRepository(own)) => {
                ([configuration.foreign_off(), own.overrides()].concat(), &[])
            }
            _ => (configuration.foreign_off(), &[]),
        };
        let always = ALWAYS.iter().chain(always);
        set.extend(always.map(|(name, value)| (name.as_bytes().into(), value.as_bytes().into())));
        let git_dir = self.env.get(OsStr::new(GIT_DIR)).map(PathBuf::from);
        let git_dir = git_dir.or_else(|| place::git_dir(self.dir).ok());
        let folds = git_dir.is_some_and(|git_dir| place::folds_case(&git_dir));
        set.push((b"core.ignoreCase".to_vec(), folds.to_string().into_bytes()));
        if self.how != How::Look && !self.ours && configuration.user_has_programs() {
            let root = self.env.get(OsStr::new(WORK_TREE)).map_or(self.dir, Path::new);
            set.extend(submodules_not_entered(self.git, root, configuration)?);
        }
        set.append(&mut self.set);
        if let Programs::InTheRepository(own) = programs {
            self.env.extend(own.variables(&set).map(|(name, value)| (name.into(), value)));
        }
        let size: usize = set.iter().map(|(name, value)| name.len() + value.len()).sum();
        if set.len() > OVERRIDES_MAX || size > OVERRIDES_MAX_BYTES {
            let text =
                format!("{} has more settings that name programs than are read", self.named());
            return Err(Error::new(Kind::Refused, text).hint(LIST_HINT));
        }
        self.env.insert("GIT_CONFIG_COUNT".into(), set.len().to_string().into());
        for (n, (name, value)) in set.into_iter().enumerate() {
            self.env.insert(format!("GIT_CONFIG_KEY_{n}").into(), OsString::from_vec(name));
            self.env.insert(format!("GIT_CONFIG_VALUE_{n}").into(), OsString::from_vec(value));
        }
        // A partial clone cannot be checked out without what it left at its remote.
        let outside = match self.how {
            How::Look => false,
            How::Act => configuration.is_partial_clone(),
            How::ActOutside => true,
        };
        let mut insert = |name: &str, value: &str| {
            self.env.insert(name.into(), value.into());
        };
        if !outside {
            insert("GIT_NO_LAZY_FETCH", "1");
        }
        if self.how == How::Look {
            insert("GIT_OPTIONAL_LOCKS", "0");
        }
        let protocols = if outside { NETWORK } else { "" };
        self.env.entry(PROTOCOLS.into()).or_insert_with(|| protocols.into());
        // The first of these that fits counts, so that none can be put in its place.
        if !self.git.env.contains_key(OsStr::new(PROXY)) {
            self.env.insert(PROXY.into(), OsString::new());
        }
        Ok(())
    }

    fn named(&self) -> String {
        let words = self.args.iter().take(2);
        let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        format!("git {} in {}", words.join(" "), self.dir.display())
    }
}

pub(crate) fn not_started(dir: &Path, error: &std::io::Error) -> Error {
    let text = format!("git in {}: {error}", dir.display());
    // The system says the same of a program and of a directory that are not there.
    let hint = match dir.is_dir() {
        true => {
            "install git, or put its directory on the PATH: an absolute one, outside of the repository"
        }
        false => "that directory is not there; put it back",
    };
    Error::new(Kind::Git, text).hint(hint)
}

pub(crate) fn took_too_long(named: &str, timeout: Duration) -> Error {
    Error::new(Kind::Git, format!("{named} did not end within {timeout:?} and was ended"))
}

/// The last line of what git says where it failed: it may be why.
fn not_followed_note(names: &[String]) -> String {
    let names = names.join(", ");
    format!(
        "\n{names} of your own settings did not count: the command may run a file of this repository\n"
    )
}

/// git's own words are the best explanation there is.
pub fn failed(named: &str, ended: &Ended) -> Error {
    let how = match (ended.code, ended.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or_default()),
    };
    match complaint(ended).as_str() {
        "" => Error::new(Kind::Git, format!("{named}: {how}")),
        complaint => Error::new(Kind::Git, format!("{named}: {how}: {complaint}")),
    }
}

/// For people: what is not UTF-8 is replaced.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The pieces of NUL-separated output.
pub fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&b| b == 0).filter(|piece| !piece.is_empty())
}
