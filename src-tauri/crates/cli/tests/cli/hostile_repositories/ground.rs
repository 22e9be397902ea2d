//! Where the repositories stand: one home with one supervisor for many of them, a repository that is
//! built once and copied, a `gh`, and agents that take up whatever a repository tells them to.

use crate::support::{Ran, Shift, binary, ran};
use nightshift_client::Client;
use nightshift_platform::dirs::Home;
use nightshift_protocol::{Command, Environment, Reply, SessionView};
use nightshift_testkit::wait_until;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;
use tokio::runtime::Builder;

/// `gh`, which looks at the repository as the real one does. Each worktree has a pull request of its own.
const GH: &str = "#!/bin/sh
{ git status --porcelain; git remote -v; git log -1 --format=%H; } >/dev/null 2>&1
case \"$2\" in
create) cat >/dev/null; echo https://github.com/acme/shop/pull/$(($(pwd | cksum | cut -d' ' -f1) % 999999)) ;;
view) echo '{\"state\": \"MERGED\", \"isDraft\": false}' ;;
esac
exit 0
";

/// An agent that runs every command that the settings of a repository name, those of the directories
/// above it too, unless it is told as the real ones are that nobody trusts it.
const GULLIBLE: &str = "#!/bin/sh
take() {
    dir=$PWD
    while [ \"$dir\" != / ]; do
        for file in \"$@\"; do
            [ -f \"$dir/$file\" ] || continue
            sed -n 's/.*\"command\": *\\[*\"\\([^\"]*\\)\".*/\\1/p' \"$dir/$file\" | sh >/dev/null 2>&1
        done
        dir=$(dirname \"$dir\")
    done
}
case \"$1\" in
gemini) [ \"$GEMINI_CLI_TRUST_WORKSPACE\" = false ] || take .gemini/settings.json .mcp.json ;;
opencode) [ -n \"$OPENCODE_DISABLE_PROJECT_CONFIG\" ] || take opencode.json ;;
claude)
    while IFS= read -r line; do
        case \"$line\" in
        *settingSources*) ;;
        *session/new*) take .claude/settings.json .claude/settings.local.json .mcp.json ;;
        esac
        printf '%s\\n' \"$line\"
    done | \"$0.rehearsal\" rehearsal-agent
    exit ;;
esac
exec \"$0.rehearsal\" rehearsal-agent
";

const GULLIBLES: [&str; 3] = ["claude", "gemini", "opencode"];

pub struct Ground {
    pub shift: Shift,
    pub work: PathBuf,
    /// The repository that all others are copies of, and its remote.
    pub base: PathBuf,
    /// A repository without anything, in whose name objects of others are read.
    neutral: PathBuf,
}

/// Follows the board, as a window does, for as long as there is a supervisor: only then pull requests are
/// asked about.
fn open_window(home: Home) {
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = Client::connect(&home).await.unwrap();
            let mut board = client.follow_board().await.unwrap();
            while board.next().await.is_ok() {}
        });
    });
}

fn program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

impl Ground {
    pub fn new() -> Ground {
        let shift = Shift::new();
        let work = fs::canonicalize(shift.home.work()).unwrap();
        let config = "[user]\n\tname = T\n\temail = t@t\n[init]\n\tdefaultBranch = main\n\
                      [protocol \"file\"]\n\tallow = always\n[gc]\n\tauto = 0\n\
                      [maintenance]\n\tauto = false\n[advice]\n\tdetachedHead = false\n";
        fs::write(shift.home.user_home().join(".gitconfig"), config).unwrap();
        program(&work.join("bin/gh"), GH);
        program(&work.join("bin/gullible"), GULLIBLE);
        std::os::unix::fs::symlink(binary(), work.join("bin/gullible.rehearsal")).unwrap();
        fs::create_dir_all(shift.home.state()).unwrap();
        let agents = GULLIBLES.map(|like| {
            let command = work.join("bin/gullible");
            format!(
                "[agent_servers.gullible-{like}]\ncommand = \"{}\"\nargs = [\"{like}\"]\n\
                 nightshift = {{ like = \"{like}\", modes = [\"auto\"] }}\n",
                command.display()
            )
        });
        fs::write(shift.home.state().join("settings.toml"), agents.concat()).unwrap();
        shift.start(&[("NIGHTSHIFT_PULL_PAUSE_S", "1")]);
        open_window(shift.home.home());
        let (base, neutral) = (work.join("base"), work.join("neutral"));
        let ground = Ground { shift, work, base, neutral };
        ground.build_base();
        ground
    }

    /// A commit that has a branch beside it and a stash above it; staged, changed, new and ignored work
    /// of the user's; a remote on GitHub, which is a directory here.
    fn build_base(&self) {
        let root = self.base.join("repo");
        fs::create_dir_all(root.join("dir")).unwrap();
        fs::create_dir_all(self.base.join("outside/deep")).unwrap();
        fs::write(self.base.join("outside/precious.txt"), "precious\n").unwrap();
        fs::write(self.base.join("outside/deep/b.txt"), "precious too\n").unwrap();
        let git = |args: &[&str]| self.git(&root, args);
        let write = |path: &str, text: &str| fs::write(root.join(path), text).unwrap();
        git(&["init", "--quiet", "--bare", "../remote.git"]);
        git(&["init", "--quiet"]);
        let lines: String = (1..10).map(|n| format!("line {n}\n")).collect();
        write("shared.txt", &lines);
        write("a.txt", "a\n");
        write("staged.txt", "s\n");
        write("dir/b.txt", "b\n");
        write(".gitignore", "*.ignored\n");
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "-m", "first"]);
        git(&["switch", "--quiet", "-c", "side"]);
        write("shared.txt", &lines.replace("line 9", "line nine"));
        git(&["commit", "--quiet", "-am", "side"]);
        git(&["switch", "--quiet", "main"]);
        write("shared.txt", &lines.replace("line 5", "line five"));
        git(&["commit", "--quiet", "-am", "second"]);
        git(&["remote", "add", "origin", "git@github.com:acme/shop"]);
        git(&["push", "--quiet", "../remote.git", "main"]);
        git(&["update-ref", "refs/remotes/origin/main", "main"]);
        write("a.txt", "stashed\n");
        git(&["stash", "--quiet"]);
        write("staged.txt", "t\n");
        git(&["add", "staged.txt"]);
        // Of the same size, so that git has to look at its content.
        write("dir/b.txt", "m\n");
        write("mine.txt", "mine\n");
        write("env.ignored", "A=1\n");
        git(&["init", "--quiet", "--bare", &self.neutral.to_string_lossy()]);
    }

    fn path(&self) -> String {
        format!("{}:{}", self.work.join("bin").display(), std::env::var("PATH").unwrap())
    }

    /// The command as the user types it in `dir`.
    pub fn nightshift(&self, dir: &Path, args: &[&str]) -> Ran {
        ran(self.shift.command(args).current_dir(dir).env("PATH", self.path()), b"")
    }

    /// The session's row once `condition` holds for it. One connection asks again and again: a command for
    /// each look would cost more than the acts.
    pub fn until(&self, id: &str, what: &str, condition: impl Fn(&SessionView) -> bool) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(Client::connect(&self.shift.home.home())).unwrap();
        wait_until(&format!("{id}: {what}"), || {
            let show = Command::Show { session: id.to_owned() };
            match runtime.block_on(client.call(show)) {
                Ok(Reply::Session { view }) => condition(&view),
                other => panic!("{what}: {other:?}"),
            }
        });
    }

    /// As a window throws a worktree without a session away.
    pub fn discard_worktree(&self, id: &str) -> Reply {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let mut env = Environment::from_iter(self.shift.home.environment());
        env.insert("PATH".to_owned(), self.path());
        runtime.block_on(async {
            let client = Client::connect(&self.shift.home.home()).await.unwrap();
            let id = id.to_owned();
            client.call(Command::RemoveWorktree { id, discard: true, env }).await.unwrap()
        })
    }

    fn git_command(&self, dir: &Path, args: &[&str]) -> process::Command {
        let mut git = self.shift.home.command(Path::new("git"));
        git.args(args).current_dir(dir).env("GIT_CONFIG_NOSYSTEM", "1");
        git
    }

    /// Plain git, as the user has it.
    pub fn git(&self, dir: &Path, args: &[&str]) -> String {
        ran(&mut self.git_command(dir, args), b"").ok(args)
    }

    pub fn try_git(&self, dir: &Path, args: &[&str]) -> Ran {
        ran(&mut self.git_command(dir, args), b"")
    }

    pub fn shell(&self, dir: &Path, words: &str) -> Ran {
        let mut sh = self.shift.home.command(Path::new("sh"));
        ran(sh.args(["-c", words]).current_dir(dir).env("GIT_CONFIG_NOSYSTEM", "1"), b"")
    }

    /// git with the index and objects of a repository, and nothing else of it: no configuration, no
    /// attributes, no hooks.
    pub fn plumbing(&self, index: &Path, git_dir: &Path, args: &[&str]) -> String {
        let mut git = self.git_command(&self.neutral, args);
        git.env("GIT_DIR", &self.neutral)
            .env("GIT_INDEX_FILE", index)
            .env("GIT_OBJECT_DIRECTORY", git_dir.join("objects"))
            .env("GIT_NO_LAZY_FETCH", "1");
        ran(&mut git, b"").ok(args)
    }
}
