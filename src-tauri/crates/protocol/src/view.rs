//! What clients see of sessions and agents.

use crate::standing::StandingSummary;
use nightshift_model::naming::clip;
use nightshift_model::{
    Choice, Liveness, Lodging, Millis, Need, NeedId, Prompt, PromptState, PullRequest, Session,
    State, Surface, Usage, Work,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    Agent,
    Shell,
}

/// One row of the board, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    pub id: String,
    pub session_id: String,
    pub name: String,
    pub kind: SessionKind,
    /// Registry id of the agent; none for a shell job.
    pub agent: Option<String>,
    /// Whether an agent is shown as a conversation or in its own terminal.
    #[serde(default)]
    pub surface: Surface,
    pub model: Option<String>,
    pub permission_mode: Option<String>,
    /// Chosen by the user, and not with the agent yet.
    #[serde(default)]
    pub choosing: Vec<Choice>,
    pub agent_session_id: Option<String>,
    pub cwd: String,
    /// Where an agent works: its worktree, or why it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lodging: Option<Lodging>,
    /// Why its agent takes up nothing of the repository; none where that is trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untrusted: Option<String>,
    /// The first prompt or the command, shortened.
    pub prompt: String,
    pub state: State,
    pub state_since: Millis,
    pub liveness: Liveness,
    /// What it does, needs or produced, in one line.
    pub line: String,
    /// What came of its work, oldest first.
    #[serde(default)]
    pub pull_requests: Vec<PullRequest>,
    pub pinned: bool,
    pub created_at: Millis,
    /// Replies that wait for the current turn or for the process.
    pub queued: u32,
    pub exit_code: Option<i32>,
    /// When it goes on by itself after a usage limit, where the user chose so.
    #[serde(default)]
    pub continue_at: Option<Millis>,
    /// Tokens and money, as the agent counted them at the end of its last turn.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// What keeps it going by itself; none when nothing does.
    #[serde(default)]
    pub standing: Option<StandingSummary>,
    /// There in runs of a routine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routine: Option<RoutineMark>,
}

/// Which routine a session is a run of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct RoutineMark {
    pub id: String,
    /// Its name when the run began.
    pub name: String,
    /// The run.
    pub occurrence: String,
    /// It was done without a problem and has left the board by itself.
    #[serde(default)]
    pub archived: bool,
}

impl RoutineMark {
    fn of(session: &Session) -> Option<RoutineMark> {
        let run = session.unattended.as_deref()?;
        Some(RoutineMark {
            id: run.routine.clone(),
            name: run.name.clone(),
            occurrence: run.occurrence.clone(),
            archived: run.archived,
        })
    }
}

impl SessionView {
    /// It has left the board by itself.
    pub fn is_archived(&self) -> bool {
        self.routine.as_ref().is_some_and(|routine| routine.archived)
    }

    pub fn of(session: &Session) -> SessionView {
        let agent = session.agent();
        let kind = match session.work {
            Work::Shell { .. } => SessionKind::Shell,
            Work::Agent(_) => SessionKind::Agent,
        };
        let queued = agent.map_or(0, |a| waiting(&a.prompts, &session.state));
        SessionView {
            id: session.id.to_string(),
            session_id: session.session_id.clone(),
            name: session.name.clone(),
            kind,
            agent: agent.map(|a| a.agent.clone()),
            surface: agent.map_or(Surface::Conversation, |a| a.surface),
            model: agent.and_then(|a| a.model.clone()),
            permission_mode: agent.and_then(|a| a.permission_mode.clone()),
            choosing: agent.map_or_else(Vec::new, |a| a.choices.waiting.clone()),
            agent_session_id: agent.and_then(|a| a.agent_session_id.clone()),
            cwd: session.cwd.clone(),
            lodging: session.lodging.clone(),
            untrusted: session.untrusted().map(str::to_owned),
            prompt: session.first_prompt.clone(),
            state: session.state.clone(),
            state_since: session.state_since,
            liveness: session.liveness.clone(),
            line: session.line.clone(),
            pull_requests: session.pull_requests.clone(),
            pinned: session.pinned,
            created_at: session.created_at,
            queued: u32::try_from(queued).unwrap_or(u32::MAX),
            exit_code: session.exit_code,
            usage: agent.and_then(|a| a.usage.clone()),
            continue_at: agent.and_then(|a| a.continues.as_ref()).map(|c| c.at),
            standing: StandingSummary::of(session),
            routine: RoutineMark::of(session),
        }
    }
}

/// Longest word of a row that a stub keeps.
const STUB_WORD_MAX_BYTES: usize = 256;
/// Longest path that it keeps.
const STUB_PATH_MAX_BYTES: usize = 2 * 1024;
const TOO_LARGE: &str = "this session's row is too large to show";

impl SessionView {
    /// Whether it stands for a row that was too large.
    pub fn is_stub(&self) -> bool {
        self.line == TOO_LARGE
    }

    /// What is shown of a row that is too large for a board: who it is and what it is in. It is still
    /// shown, answered and removed by its id.
    #[must_use]
    pub fn stub(&self) -> SessionView {
        let word = |text: &str| cut(text, STUB_WORD_MAX_BYTES);
        let words = |text: &Option<String>| text.as_deref().map(word);
        let state = match &self.state {
            State::NeedsInput { needs } => {
                State::NeedsInput { needs: needs.iter().take(1).map(stub_of).collect() }
            }
            State::Completed { .. } => State::Completed { result: TOO_LARGE.to_owned() },
            State::Failed { trouble, .. } => {
                State::Failed { error: TOO_LARGE.to_owned(), trouble: *trouble }
            }
            State::Starting | State::Working | State::Idle | State::Stopped => self.state.clone(),
        };
        let liveness = match &self.liveness {
            Liveness::Unknown { why, way_out, since } => {
                Liveness::Unknown { why: word(why), way_out: word(way_out), since: *since }
            }
            Liveness::Alive { .. } | Liveness::Gone { .. } => self.liveness.clone(),
        };
        SessionView {
            id: word(&self.id),
            session_id: word(&self.session_id),
            name: word(&self.name),
            kind: self.kind,
            agent: words(&self.agent),
            surface: self.surface,
            model: words(&self.model),
            permission_mode: words(&self.permission_mode),
            choosing: Vec::new(),
            agent_session_id: None,
            cwd: cut(&self.cwd, STUB_PATH_MAX_BYTES),
            lodging: None,
            untrusted: words(&self.untrusted),
            prompt: word(&self.prompt),
            state,
            state_since: self.state_since,
            liveness,
            line: TOO_LARGE.to_owned(),
            pull_requests: Vec::new(),
            pinned: self.pinned,
            created_at: self.created_at,
            queued: self.queued,
            exit_code: self.exit_code,
            continue_at: self.continue_at,
            usage: None,
            standing: None,
            routine: self.routine.as_ref().map(|routine| RoutineMark {
                id: word(&routine.id),
                name: word(&routine.name),
                occurrence: word(&routine.occurrence),
                archived: routine.archived,
            }),
        }
    }
}

/// That something is asked, and nothing to answer it by: what it is must be read first.
fn stub_of(need: &Need) -> Need {
    Need {
        id: NeedId(cut(&need.id.0, STUB_WORD_MAX_BYTES)),
        kind: need.kind,
        question: TOO_LARGE.to_owned(),
        detail: String::new(),
        options: Vec::new(),
        free_text: false,
        since: need.since,
        unshown_bytes: u32::MAX,
        answered: None,
    }
}

fn cut(text: &str, max: usize) -> String {
    clip(text, max).to_owned()
}

/// Prompts that wait for another one, for an answer or for the process. The one that goes out next
/// while the agent gets ready is not waiting: it is the work.
fn waiting(prompts: &[Prompt], state: &State) -> usize {
    let queued = prompts.iter().filter(|p| p.state == PromptState::Queued).count();
    let none_sent = queued == prompts.len();
    let on_its_way = none_sent && matches!(state, State::Starting | State::Working);
    queued - usize::from(on_its_way && queued > 0)
}

/// One entry of the agent registry, as detected on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct AgentView {
    pub id: String,
    pub title: String,
    pub installed: bool,
    pub version: Option<String>,
    /// Where the program was found.
    pub path: Option<String>,
    /// Whether it is signed in, as its newest session showed; none while nobody knows.
    #[serde(default)]
    pub signed_in: Option<bool>,
    /// What is known of its sign-in, in a few words; empty when it needs none.
    pub sign_in: String,
    /// How to install or sign in, one command line; empty when nothing is to do.
    pub how_to: String,
    pub is_default: bool,
    /// How it is reached.
    #[serde(default)]
    pub surface: Surface,
    /// The entry through which its conversations are reached the other way, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterpart: Option<String>,
    /// Permission modes that can be chosen at dispatch, the asking one first.
    pub modes: Vec<String>,
}
