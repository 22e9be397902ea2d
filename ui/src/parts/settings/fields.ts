/**
 * Every setting that has a control: where it is in the file, what it is called, what it may be.
 *
 * Promise: data only; a setting that is not set shows what holds without it.
 * Must not know: components, what a setting does.
 */
import { TERMINAL_THEMES } from "../terminal/themes";

export type SectionId = "general" | "agents" | "permissions" | "notifications" | "keys" | "appearance" | "advanced";

export type Field = {
  path: string[];
  title: string;
  help: string;
  /** What holds while nothing is set. */
  usual: string;
  /** It is there once this is set. */
  after?: string[];
} & (
  | { kind: "text"; mono?: boolean }
  | { kind: "number"; min: number; max: number; unit: string }
  | { kind: "toggle"; on: boolean }
  | { kind: "choice"; choices: { id: string; title: string }[] }
);

export type Block = { title: string; note?: string; fields: Field[] };

const PREFERENCE = [
  { id: "system", title: "Same as the system" },
  { id: "on", title: "On" },
  { id: "off", title: "Off" },
];

const DEFAULTS: Block = {
  title: "New sessions",
  note: "You can override these for each session.",
  fields: [
    {
      kind: "text",
      path: ["defaults", "agent"],
      title: "Agent",
      help: "An id from the Agents page.",
      usual: "the first one installed",
    },
    {
      kind: "text",
      path: ["defaults", "model"],
      title: "Model",
      help: "For the agent above.",
      usual: "the agent's default",
    },
    {
      kind: "text",
      path: ["defaults", "permission_mode"],
      title: "Permission mode",
      help: "For the agent above.",
      usual: "the mode that asks",
    },
  ],
};

const WORKTREES: Block = {
  title: "Worktrees",
  note: "A repository can override these in its .nightshift/settings.json.",
  fields: [
    {
      kind: "choice",
      path: ["worktree", "isolation"],
      title: "Isolation",
      help: "Where an agent works in a git repository.",
      usual: "worktree",
      choices: [
        { id: "worktree", title: "Separate worktree" },
        { id: "none", title: "Same directory" },
      ],
    },
    {
      kind: "text",
      mono: true,
      path: ["worktree", "dir"],
      title: "Directory",
      help: "The directory for worktrees, inside the repository.",
      usual: ".claude/worktrees",
    },
    {
      kind: "text",
      mono: true,
      path: ["worktree", "branch_prefix"],
      title: "Branch prefix",
      help: "Added before the names of new branches.",
      usual: "worktree-",
    },
    {
      kind: "text",
      mono: true,
      path: ["worktree", "base"],
      title: "Base",
      help: "The starting point of new branches.",
      usual: "the current commit",
    },
    {
      kind: "text",
      mono: true,
      path: ["worktree", "setup"],
      title: "Setup script",
      help: "Runs in a new worktree before its agent starts.",
      usual: "none",
    },
    {
      kind: "text",
      mono: true,
      path: ["worktree", "teardown"],
      title: "Teardown script",
      help: "Runs before a worktree is removed.",
      usual: "none",
    },
    {
      kind: "number",
      min: 0,
      max: 100,
      unit: "ports",
      path: ["worktree", "ports"],
      title: "Ports",
      help: "Reserves a block of free ports for each worktree.",
      usual: "10",
    },
  ],
};

const LIFE: Block = {
  title: "Cleanup",
  fields: [
    {
      kind: "number",
      min: 60,
      max: 604_800,
      unit: "seconds",
      path: ["life", "retire_after_s"],
      title: "Stop the process of a finished agent after",
      help: "Then it is ended to free memory; a reply starts it again.",
      usual: "3600",
    },
    {
      kind: "number",
      min: 5,
      max: 604_800,
      unit: "seconds",
      path: ["life", "shell_keep_s"],
      title: "Remove finished shell jobs after",
      help: "Counts from when you view the result.",
      usual: "300",
    },
  ],
};

const JUDGE: Block = {
  title: "Goal evaluation",
  note: "API keys are read from environment variables and never written to the file.",
  fields: [
    {
      kind: "choice",
      path: ["judge", "provider"],
      title: "Evaluator",
      help: "A small model that reads the transcript after each turn.",
      usual: "auto",
      choices: [
        { id: "auto", title: "First available" },
        { id: "anthropic", title: "Anthropic" },
        { id: "openai", title: "OpenAI, gateway or Ollama" },
        { id: "claude", title: "Claude Code" },
        { id: "codex", title: "Codex" },
        { id: "gemini", title: "Gemini CLI" },
        { id: "fixed", title: "Rules only, no model" },
        { id: "none", title: "None" },
      ],
    },
    {
      kind: "text",
      mono: true,
      path: ["judge", "model"],
      title: "Model",
      help: "For the evaluator above.",
      usual: "the cheapest model",
    },
    {
      kind: "text",
      mono: true,
      path: ["judge", "base_url"],
      title: "Address",
      help: "Of a gateway or of Ollama; for Anthropic and OpenAI only.",
      usual: "the vendor's default",
    },
    {
      kind: "text",
      mono: true,
      path: ["judge", "key_env"],
      title: "Key variable",
      help: "The environment variable that holds the key.",
      usual: "the vendor's default",
    },
    {
      kind: "toggle",
      on: false,
      path: ["judge", "allow_plain_http"],
      title: "Send the key over plain HTTP",
      help: "To another machine. Anyone on the network can read it.",
      usual: "off",
    },
    {
      kind: "number",
      min: 1,
      max: 3_600,
      unit: "seconds",
      path: ["judge", "timeout_s"],
      title: "Evaluation timeout",
      help: "",
      usual: "120",
    },
    {
      kind: "number",
      min: 1,
      max: 86_400,
      unit: "seconds",
      path: ["judge", "check_timeout_s"],
      title: "Check timeout",
      help: "For commands given with --check.",
      usual: "900",
    },
    {
      kind: "toggle",
      on: false,
      path: ["judge", "settle_turn_ends"],
      title: "Resolve unclear turn ends",
      help: "Makes one short model call when it is unclear whether the agent is done.",
      usual: "off",
    },
  ],
};

const LOOK: Block = {
  title: "Window",
  fields: [
    {
      kind: "choice",
      path: ["appearance", "theme"],
      title: "Theme",
      help: "",
      usual: "system",
      choices: [
        { id: "system", title: "Same as the system" },
        { id: "light", title: "Light" },
        { id: "dark", title: "Dark" },
      ],
    },
    {
      kind: "choice",
      path: ["appearance", "high_contrast"],
      title: "High contrast",
      help: "Stronger lines and text.",
      usual: "system",
      choices: PREFERENCE,
    },
    {
      kind: "choice",
      path: ["appearance", "reduced_motion"],
      title: "Reduced motion",
      help: "No animations.",
      usual: "system",
      choices: PREFERENCE,
    },
    {
      kind: "number",
      min: 11,
      max: 20,
      unit: "px",
      path: ["appearance", "font_size"],
      title: "Text size",
      help: "Row height follows.",
      usual: "13",
    },
  ],
};

const TERMINAL: Block = {
  title: "Terminal",
  fields: [
    {
      kind: "text",
      mono: true,
      path: ["terminal", "font_family"],
      title: "Font",
      help: "A monospaced font.",
      usual: "JetBrains Mono",
    },
    {
      kind: "number",
      min: 8,
      max: 32,
      unit: "px",
      path: ["terminal", "font_size"],
      title: "Text size",
      help: "",
      usual: "13",
    },
    {
      kind: "choice",
      path: ["terminal", "theme"],
      title: "Colours",
      help: "",
      usual: "window",
      choices: [
        { id: "window", title: "Same as the window" },
        ...Object.entries(TERMINAL_THEMES).map(([id, { title }]) => ({ id, title })),
      ],
    },
    {
      kind: "number",
      min: 100,
      max: 100_000,
      unit: "lines",
      path: ["terminal", "scrollback"],
      title: "Scrollback",
      help: "Lines kept above the screen in this window; the journal keeps more.",
      usual: "10000",
    },
    {
      kind: "toggle",
      on: false,
      path: ["terminal", "copy_on_select"],
      title: "Copy on select",
      help: "Copies selected text immediately.",
      usual: "off",
    },
  ],
};

const NOTICES: Block = {
  title: "Notify me when a session",
  fields: [
    {
      kind: "toggle",
      on: true,
      path: ["notifications", "needs_input"],
      title: "needs input",
      help: "Notifies you once, with the question.",
      usual: "on",
    },
    {
      kind: "toggle",
      on: true,
      path: ["notifications", "finished"],
      title: "finishes",
      help: "Notifies you with the result.",
      usual: "on",
    },
    { kind: "toggle", on: true, path: ["notifications", "failed"], title: "fails", help: "", usual: "on" },
    {
      kind: "toggle",
      on: true,
      path: ["notifications", "push"],
      title: "sends a message",
      help: "Notifies you when an agent asks for it.",
      usual: "on",
    },
  ],
};

const QUIET: Block = {
  title: "Quiet",
  fields: [
    {
      kind: "toggle",
      on: false,
      path: ["notifications", "while_looking"],
      title: "Also while I am looking at the session",
      help: "Otherwise you are not notified about a session you are looking at.",
      usual: "off",
    },
    {
      kind: "text",
      mono: true,
      path: ["notifications", "quiet_hours"],
      title: "Quiet hours",
      help: "No notifications between these local times, for example 22:00-07:00.",
      usual: "none",
    },
  ],
};

const PHONE: Block = {
  title: "Phone",
  note: "Refer to tokens and keys by variable or path in the settings file (see Advanced). Nightshift never writes them to the file.",
  fields: [
    {
      kind: "text",
      mono: true,
      path: ["notifications", "ntfy", "url"],
      title: "ntfy topic",
      help: "Receives the messages that agents send.",
      usual: "none",
    },
    {
      kind: "toggle",
      on: false,
      path: ["notifications", "ntfy", "allow_plain_http"],
      after: ["notifications", "ntfy", "url"],
      title: "Send the token over plain HTTP",
      help: "To another machine. Anyone on the network can read it.",
      usual: "off",
    },
    {
      kind: "toggle",
      on: false,
      path: ["notifications", "webhook", "allow_plain_http"],
      after: ["notifications", "webhook", "url"],
      title: "Send to the webhook over plain HTTP",
      help: "To another machine. Anyone on the network can read it.",
      usual: "off",
    },
  ],
};

const WINDOW: Block = {
  title: "Startup and shortcut",
  note: "Changes take effect when Nightshift restarts.",
  fields: [
    {
      kind: "text",
      mono: true,
      path: ["window", "quick_shortcut"],
      title: "Quick window",
      help: "A shortcut that works in any program.",
      usual: "Ctrl+Alt+Space",
    },
    {
      kind: "toggle",
      on: false,
      path: ["window", "autostart"],
      title: "Start at login",
      help: "In the tray, without a window.",
      usual: "unchanged",
    },
  ],
};

export const BLOCKS: Partial<Record<SectionId, Block[]>> = {
  general: [DEFAULTS, WORKTREES, JUDGE, LIFE, WINDOW],
  notifications: [NOTICES, QUIET, PHONE],
  appearance: [LOOK, TERMINAL],
};
