//! Making a worktree.
//!
//! Promise: ten at once get ten paths, branches and port blocks; asked again for the same session,
//! the same worktree is handed out; a worktree whose making was cut off is set aside whole and never
//! used; the main checkout is only read.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::configuration::Whose;
use crate::git_program::git::{Git, failed, text};
use crate::git_program::status::{Change, FOLDED_ARGS, changes};
use crate::git_program::written_refs::is_symbolic;
use crate::limits::{CREATE_TRIES, NAME_TRIES, NAMED_MAX};
use crate::looking::absence::Grounds;
use crate::looking::checkout::{Checkout, refuse_shared};
use crate::looking::inspect::Policy;
use crate::looking::place;
use crate::looking::place::Place;
use crate::making::exclude::exclude;
use crate::making::include::include;
use crate::making::name::{numbered, slug};
use crate::making::plan::Own;
use crate::making::ports::{Ports, free_block};
use crate::making::scripts::Scripts;
use crate::making::{hold, submodules};
use crate::removing::ledger::{Ledger, Phase, RECORD_VERSION, Record};
use crate::removing::owner;
use crate::removing::remove::remove;
use nightshift_model::quoted::{quoted, quoted_list};
use nightshift_platform::clock;
use nightshift_platform::private;
use nightshift_platform::process::Identity;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// Filters of Git LFS that are not at hand fail a checkout; without them the pointers are there.
const WITHOUT_LFS: &[&str] =
    &["-c", "filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false"];

const MEND: &str = "mend what git says, or start with --no-worktree";

/// What is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The session's id.
    pub id: &'a str,
    /// What the session is called; its words become the worktree's name.
    pub hint: &'a str,
    pub own: &'a Own,
    /// The process that holds the worktree until the session's own does.
    pub holder: Option<Identity>,
}

/// A worktree that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    pub record: Record,
    /// It was there before: the session starts again.
    pub again: bool,
}

pub fn create(git: &Git, ledger: &Ledger, order: &Order<'_>) -> Result<Created> {
    if let Some(record) = earlier(ledger, order)? {
        return Ok(Created { record, again: true });
    }
    refuse_shared(git, &order.own.repository)?;
    for attempt in 1..=CREATE_TRIES {
        let mut record = reserve(git, ledger, order)?;
        match make(git, ledger, order, &mut record) {
            Ok(()) => {
                record.phase = Phase::Made;
                ledger.save(&record)?;
                return Ok(Created { record, again: false });
            }
            Err(error) => {
                clear_up(git, ledger, &mut record)?;
                if error.kind != Kind::Taken || attempt == CREATE_TRIES || order.own.name.is_some()
                {
                    return Err(error);
                }
            }
        }
    }
    Err(Error::new(Kind::Taken, "names for worktrees are being taken again and again"))
}

/// The worktree that was made for session `id`, for a session that starts again.
pub fn reopen(ledger: &Ledger, id: &str) -> Result<Record> {
    let Some(record) = ledger.record(id)? else {
        let text = format!("the worktree of {id} was removed");
        let hint = format!("`nightshift undo rm {id}` brings it back for a while");
        return Err(Error::new(Kind::NotFound, text).hint(hint));
    };
    match place::look(&record)? {
        Place::There { .. } => Ok(record),
        Place::Missing => {
            let text = format!("the worktree {} is gone", record.path.display());
            let hint = format!("its branch {} is kept; start a new session", record.branch);
            Err(Error::new(Kind::NotFound, text).hint(hint))
        }
        Place::Lost(_) => {
            let text = format!(
                "the worktree {} is gone, and git has no notes of it",
                record.path.display()
            );
            Err(Error::new(Kind::NotFound, text).hint("start a new session"))
        }
    }
}

/// The worktree this session has already.
fn earlier(ledger: &Ledger, order: &Order<'_>) -> Result<Option<Record>> {
    let Some(record) = ledger.record(order.id)? else { return Ok(None) };
    if record.phase != Phase::Reserved {
        return reopen(ledger, order.id).map(Some);
    }
    // Cut off in the middle, by a kill: kept under another id for whoever cleans up.
    let _turn = ledger.lock()?;
    let free = (1..).map(|n| format!("{}_{n}", order.id));
    for id in free.take(NAME_TRIES as usize) {
        if ledger.record(&id)?.is_none() {
            ledger.save(&Record { id, ..record })?;
            ledger.forget(order.id)?;
            break;
        }
    }
    Ok(None)
}

/// Takes a name, a branch and ports that nobody has.
fn reserve(git: &Git, ledger: &Ledger, order: &Order<'_>) -> Result<Record> {
    let Own { repository, settings, .. } = order.own;
    let directory = folded(&repository.root, &settings.directory);
    refuse_links(&repository.root, &settings.directory)?;
    let given = order.own.name.as_deref();
    let name = slug(given.unwrap_or(order.hint)).unwrap_or_else(|| order.id.to_owned());
    let _turn = ledger.lock()?;
    let (records, damaged) = ledger.records();
    if let Some(error) = damaged.into_iter().next() {
        return Err(error);
    }
    let free = |name: &str| -> Result<bool> {
        let path = directory.join(name);
        let branch = format!("{}{name}", settings.branch_prefix);
        let recorded = records.iter().any(|r| {
            r.path == path || (r.repository.common == repository.common && r.branch == branch)
        });
        Ok(!recorded && !exists(&path)? && !branch_exists(git, &repository.checkout(), &branch)?)
    };
    let mut chosen = None;
    for n in 1..=if given.is_some() { 1 } else { NAME_TRIES } {
        let candidate = numbered(&name, n);
        if free(&candidate)? {
            chosen = Some(candidate);
            break;
        }
    }
    let Some(name) = chosen else {
        let text = format!("a worktree or branch named `{name}` is there already");
        return Err(Error::new(Kind::Taken, text).hint("choose another name with --worktree"));
    };
    let path = directory.join(&name);
    let taken: Vec<Ports> = records.iter().filter_map(|r| r.ports).collect();
    let mut record =
        record(order, name, &path, free_block(&path.to_string_lossy(), settings.ports, &taken));
    record.notes.extend(exclude(order.own)?);
    ledger.save(&record)?;
    Ok(record)
}

fn record(order: &Order<'_>, name: String, path: &Path, ports: Option<Ports>) -> Record {
    let Own { repository, subdirectory, base, settings, scripts, .. } = order.own;
    let mut notes = settings.notes.clone();
    if ports.is_none() && settings.ports > 0 {
        notes.push("no block of ports was free".to_owned());
    }
    Record {
        version: RECORD_VERSION,
        id: order.id.to_owned(),
        branch: format!("{}{name}", settings.branch_prefix),
        name,
        session_name: String::new(),
        repository: repository.clone(),
        path: path.to_owned(),
        admin: None,
        base: base.clone(),
        subdirectory: subdirectory.clone(),
        created_at: clock::now().0,
        phase: Phase::Reserved,
        ports,
        included: Vec::new(),
        setup: None,
        teardown: None,
        scripts: Some(scripts.clone()),
        setup_timeout_seconds: settings.setup_timeout.as_secs(),
        absent: Vec::new(),
        absent_count: 0,
        notes,
        grounds: Grounds::default(),
    }
}

/// `directory` as seen from `root`, without `..`: what is recorded is compared with what git says. No part of
/// it is a link.
pub(crate) fn folded(root: &Path, directory: &Path) -> PathBuf {
    let mut path = root.to_owned();
    for part in directory.components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

/// A link on the way would put worktrees where nobody expects them, and removals too.
fn refuse_links(root: &Path, directory: &Path) -> Result<()> {
    let mut path = root.to_owned();
    for part in directory.components() {
        path.push(part);
        if std::fs::symlink_metadata(&path).is_ok_and(|m| m.is_symlink()) {
            let text = format!("{} is a symbolic link; no worktree is made there", path.display());
            let hint = "set worktree.directory in .nightshift/settings.json to a plain directory, \
                        or start with --no-worktree";
            return Err(Error::new(Kind::Refused, text).hint(hint));
        }
    }
    Ok(())
}

fn exists(path: &Path) -> Result<bool> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Error::io(path, &e)),
    }
}

fn branch_exists(git: &Git, checkout: &Checkout, branch: &str) -> Result<bool> {
    let name = format!("refs/heads/{branch}");
    // One that leads nowhere has no commit, but git would make the branch there.
    if is_symbolic(git, checkout, &name)? {
        return Ok(true);
    }
    let root = &checkout.root;
    let found = git.look(root, &["rev-parse", "--verify", "--quiet", "--end-of-options"]);
    Ok(found.arg(name).find()?.is_some())
}

/// Does both, at the same time where the machine gives a thread for the second.
pub fn alongside<A, B: Send>(first: impl FnOnce() -> A, second: impl Fn() -> B + Sync) -> (A, B) {
    std::thread::scope(|scope| {
        let begun = std::thread::Builder::new().spawn_scoped(scope, &second);
        let a = first();
        let b = begun.ok().and_then(|thread| thread.join().ok());
        (a, b.unwrap_or_else(&second))
    })
}

/// The checkout itself, and beside it the look at what the main checkout has uncommitted.
fn make(git: &Git, ledger: &Ledger, order: &Order<'_>, record: &mut Record) -> Result<()> {
    let root = record.repository.root.clone();
    let main = record.repository.checkout();
    let parent = record.path.parent().unwrap_or(&root).to_owned();
    private::create_dir_all(git.script_environment(), &parent).at(&parent)?;
    let (added, absent) = alongside(
        || register(git, ledger, order, record).and_then(|()| check_out(git, record)),
        || changes(main.look(git, FOLDED_ARGS)),
    );
    record.notes.extend(added?);
    match absent {
        Ok(changes) => name_absent(record, &changes),
        Err(error) => {
            record.notes.push(format!("what is uncommitted there is not known: {error}"));
        }
    }
    record.admin = Some(place::pointer(&record.path.join(".git"), "gitdir: ")?);
    owner::mark(record, ledger)?;
    record.grounds = Grounds::of(&record.path, &record.repository.common);
    let (included, notes) = include(git, &root, &record.path)?;
    record.included = included;
    record.notes.extend(notes);
    if order.own.settings.submodules {
        record.notes.extend(submodules::fill(git, record)?);
    }
    Ok(())
}

/// `git worktree add`, locked from its first moment, without files yet.
///
/// One at a time: git reads the notes of all worktrees when it makes one, and fails on one that is
/// half written by another `git worktree add`.
fn register(git: &Git, ledger: &Ledger, order: &Order<'_>, record: &Record) -> Result<()> {
    let reason = hold::reason(order.id, order.holder);
    let args = ["worktree", "add", "--quiet", "--no-checkout", "--no-track", "--lock"];
    let main = record.repository.checkout();
    let call = main.act(git, &args).arg("--reason").arg(&reason).arg("-b").arg(&record.branch);
    let _turn = ledger.lock()?;
    let ended = call.arg(&record.path).arg(&record.base.commit).end()?;
    if ended.code == Some(0) {
        return Ok(());
    }
    let mut error = failed("git worktree add", &ended);
    if String::from_utf8_lossy(&ended.stderr).contains("already exists") {
        error.kind = Kind::Taken;
    }
    Err(error.hint(MEND))
}

/// The files, as `git worktree add` itself would check them out, and its hook. Returns notes about files that are
/// other than the user knows them.
fn check_out(git: &Git, record: &Record) -> Result<Vec<String>> {
    let admin = Some(place::pointer(&record.path.join(".git"), "gitdir: ")?);
    // Before the first file: a checkout that git takes for another would be written over.
    let checkout = Checkout::of_record(git, &Record { admin, ..record.clone() })?;
    let reset = |before: &[&str]| {
        let args: Vec<&str> = before
            .iter()
            .chain(&["reset", "--hard", "--quiet", "--no-recurse-submodules"])
            .copied()
            .collect();
        checkout.act(git, &args).long().end()
    };
    let ended = reset(&[])?;
    let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
    let mut note = lfs_pointers(git, &checkout)
        .then(|| "git-lfs is not set up, so files kept by Git LFS are pointers here".to_owned());
    if ended.code != Some(0) {
        let without = complaint.contains("lfs") && reset(WITHOUT_LFS)?.code == Some(0);
        if !without {
            return Err(failed("git reset --hard in the new worktree", &ended).hint(MEND));
        }
        let why = crate::git_program::complaint::complaint(&ended);
        note = Some(format!("files kept by Git LFS are pointers here ({why})"));
    }
    let mut notes = filters_not_run(git, &checkout)?;
    notes.extend(note);
    checkout.settle(git)?;
    let hook = ["hook", "run", "--ignore-missing", "post-checkout", "--"];
    let zero = "0".repeat(record.base.commit.len());
    let ended = checkout.act(git, &hook).arg(zero).arg(&record.base.commit).arg("1");
    let ended = ended.long().end()?;
    if ended.code != Some(0) {
        return Err(failed("the post-checkout hook", &ended).hint(MEND));
    }
    Ok(notes)
}

/// Filters of the user's own that the repository uses and acts do not run.
fn filters_not_run(git: &Git, checkout: &Checkout) -> Result<Vec<String>> {
    let filters = checkout.act(git, &["status"]).foreign_filters()?;
    let users = filters.into_iter().filter(|(_, whose)| *whose == Whose::User);
    let used = users.map(|(name, _)| text(&name)).filter(|name| uses_filter(checkout, name));
    let note = |name: String| {
        format!(
            "the filter {} of the user's own git configuration was not run, because its command may run a file of \
             this repository; what it should change is as it was committed",
            quoted(&name)
        )
    };
    Ok(used.map(note).collect())
}

/// As far as the attributes at the top say.
fn uses_filter(checkout: &Checkout, name: &str) -> bool {
    let attributes = std::fs::read_to_string(checkout.root.join(".gitattributes"));
    let wanted = format!("filter={name}");
    attributes.is_ok_and(|text| text.split_whitespace().any(|word| word == wanted))
}

/// The repository uses LFS and nothing here turns pointers into files.
fn lfs_pointers(git: &Git, checkout: &Checkout) -> bool {
    let uses = uses_filter(checkout, "lfs");
    let filter = |name: &str| {
        let key = format!("filter.lfs.{name}");
        let set = checkout.act(git, &["config", "--get", &key]).find();
        matches!(set, Ok(Some(command)) if !command.is_empty())
    };
    uses && !filter("process") && !filter("smudge")
}

fn name_absent(record: &mut Record, changes: &[Change]) {
    record.absent_count = changes.len();
    let named = changes.iter().take(NAMED_MAX);
    record.absent = named.map(|change| change.path.display().to_string()).collect();
    let root = &record.repository.root;
    let nested: Vec<String> = changes
        .iter()
        .filter(|change| change.untracked && root.join(&change.path).join(".git").exists())
        .map(|change| change.path.display().to_string())
        .take(NAMED_MAX)
        .collect();
    if !nested.is_empty() {
        let text = format!(
            "repositories inside the main checkout are not part of it and not here: {}",
            quoted_list(nested.iter().map(String::as_str), nested.len())
        );
        record.notes.push(text);
    }
}

/// After a failed making: what git made of it goes the way of every worktree. What cannot go is
/// recorded, so that the cleaner finds it; another program's is not touched.
fn clear_up(git: &Git, ledger: &Ledger, record: &mut Record) -> Result<()> {
    let Some(admin) = own_admin(record) else { return ledger.forget(&record.id) };
    record.admin = Some(admin);
    // No teardown for what was never set up.
    record.scripts = Some(Scripts::default());
    ledger.save(record)?;
    hold::release(record)?;
    remove(git, ledger, &record.id, Policy::Discard, Path::new("/dev/null")).map(|_| ())
}

/// The administrative directory of what is at the path, if this record's own making put it there.
fn own_admin(record: &Record) -> Option<PathBuf> {
    let admin = place::pointer(&record.path.join(".git"), "gitdir: ").ok()?;
    let head = std::fs::read_to_string(admin.join("HEAD")).ok()?;
    let lock = std::fs::read_to_string(admin.join("locked")).unwrap_or_default();
    let ours = admin.starts_with(&record.repository.common)
        && lock.starts_with(&hold::reason(&record.id, None))
        && head.trim() == format!("ref: refs/heads/{}", record.branch);
    ours.then_some(admin)
}
