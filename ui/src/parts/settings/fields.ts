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
  { id: "system", title: "As the system" },
  { id: "on", title: "On" },
  { id: "off", title: "Off" },
];

const DEFAULTS: Block = {
  title: "New sessions",
  note: "A dispatch can override each of these.",
  fields: [
    {
      kind: "text",
      path: ["defaults", "agent"],
      title: "Agent",
      help: "Its id, as the agents page lists it.",
      usual: "the first that is installed",
    },
    {
      kind: "text",
      path: ["defaults", "model"],
      title: "Model",
      help: "Belongs to the agent above.",
      usual: "the agent's own",
    },
    {
      kind: "text",
      path: ["defaults", "permission_mode"],
      title: "Permission mode",
      help: "Belongs to the agent above.",
      usual: "the one that asks",
    },
  ],
};

const WORKTREES: Block = {
  title: "Worktrees",
  note: "A repository may say otherwise in its .nightshift/settings.json.",
  fields: [
    {
      kind: "choice",
      path: ["worktree", "isolation"],
      title: "Isolation",
      help: "Whether an agent in a git repository works in a worktree of its own.",
      usual: "worktree",
      choices: [
        { id: "worktree", title: "A worktree of its own" },
        { id: "none", title: "The directory itself" },
      ],
    },
    {
      kind: "text",
      mono: true,
      path: ["worktree", "dir"],
      title: "Directory",
      help: "Where worktrees are made, below the repository.",
      usual: ".claude/worktrees",
    },
    {
      kind: "text",
      mono: true,
      path: ["worktree", "branch_prefix"],
      title: "Branch prefix",
      help: "What names of new branches begin with.",
      usual: "worktree-",
    },
    {
      kind: "text",
      mono: true,
      path: ["worktree", "base"],
      title: "Base",
      help: "What new branches begin at.",
      usual: "the commit at hand",
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
      help: "A free block handed to each worktree.",
      usual: "10",
    },
  ],
};

const LIFE: Block = {
  title: "Rest",
  fields: [
    {
      kind: "number",
      min: 60,
      max: 604_800,
      unit: "seconds",
      path: ["life", "retire_after_s"],
      title: "Finished agents keep their process for",
      help: "Then it is ended to free memory; a reply starts it again.",
      usual: "3600",
    },
    {
      kind: "number",
      min: 5,
      max: 604_800,
      unit: "seconds",
      path: ["life", "shell_keep_s"],
      title: "Finished shell jobs stay for",
      help: "Counted from when somebody looked at the end.",
      usual: "300",
    },
  ],
};

const JUDGE: Block = {
  title: "Who judges goals",
  note: "Keys are named by variable, never written into the file.",
  fields: [
    {
      kind: "choice",
      path: ["judge", "provider"],
      title: "Evaluator",
      help: "A small model that reads the transcript after each turn.",
      usual: "auto",
      choices: [
        { id: "auto", title: "The first that is there" },
        { id: "anthropic", title: "Anthropic" },
        { id: "openai", title: "OpenAI, a gateway, Ollama" },
        { id: "claude", title: "Claude Code" },
        { id: "codex", title: "Codex" },
        { id: "gemini", title: "Gemini CLI" },
        { id: "fixed", title: "Rules, without a model" },
        { id: "none", title: "Nobody" },
      ],
    },
    {
      kind: "text",
      mono: true,
      path: ["judge", "model"],
      title: "Model",
      help: "Belongs to the evaluator above.",
      usual: "its cheapest",
    },
    {
      kind: "text",
      mono: true,
      path: ["judge", "base_url"],
      title: "Address",
      help: "Of a gateway or of Ollama; for Anthropic and OpenAI only.",
      usual: "the vendor's",
    },
    {
      kind: "text",
      mono: true,
      path: ["judge", "key_env"],
      title: "Key variable",
      help: "The name of the variable that holds the key.",
      usual: "the vendor's",
    },
    {
      kind: "toggle",
      on: false,
      path: ["judge", "allow_plain_http"],
      title: "Send the key over plain HTTP",
      help: "To another machine, where everybody on the way can read it.",
      usual: "off",
    },
    {
      kind: "number",
      min: 1,
      max: 3_600,
      unit: "seconds",
      path: ["judge", "timeout_s"],
      title: "A judgement takes at most",
      help: "",
      usual: "120",
    },
    {
      kind: "number",
      min: 1,
      max: 86_400,
      unit: "seconds",
      path: ["judge", "check_timeout_s"],
      title: "A check takes at most",
      help: "A command given with --check.",
      usual: "900",
    },
    {
      kind: "toggle",
      on: false,
      path: ["judge", "settle_turn_ends"],
      title: "Settle doubtful ends of turns",
      help: "One short call where an agent's last words leave open whether it is done.",
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
        { id: "system", title: "As the system" },
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
      help: "Nothing moves of itself.",
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
      help: "Rows grow along.",
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
      help: "A font with letters of one width.",
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
        { id: "window", title: "As the window" },
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
      help: "What is selected goes to the clipboard at once.",
      usual: "off",
    },
  ],
};

const NOTICES: Block = {
  title: "Tell me when a session",
  fields: [
    {
      kind: "toggle",
      on: true,
      path: ["notifications", "needs_input"],
      title: "needs input",
      help: "With its question, once.",
      usual: "on",
    },
    {
      kind: "toggle",
      on: true,
      path: ["notifications", "finished"],
      title: "has finished",
      help: "With its result.",
      usual: "on",
    },
    { kind: "toggle", on: true, path: ["notifications", "failed"], title: "has failed", help: "", usual: "on" },
    {
      kind: "toggle",
      on: true,
      path: ["notifications", "push"],
      title: "sends a message itself",
      help: "What an agent thought worth telling.",
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
      title: "Also while I look at it",
      help: "Else a session in front of you stays quiet.",
      usual: "off",
    },
    {
      kind: "text",
      mono: true,
      path: ["notifications", "quiet_hours"],
      title: "Quiet hours",
      help: "Local time in which nothing is told, as 22:00-07:00.",
      usual: "none",
    },
  ],
};

const PHONE: Block = {
  title: "Phone",
  note: "Tokens and keys are named in the file by variable or path, never written into it: see Advanced.",
  fields: [
    {
      kind: "text",
      mono: true,
      path: ["notifications", "ntfy", "url"],
      title: "ntfy topic",
      help: "Gets what agents push.",
      usual: "none",
    },
    {
      kind: "toggle",
      on: false,
      path: ["notifications", "ntfy", "allow_plain_http"],
      after: ["notifications", "ntfy", "url"],
      title: "Send the token over plain HTTP",
      help: "To another machine, where everybody on the way can read it.",
      usual: "off",
    },
    {
      kind: "toggle",
      on: false,
      path: ["notifications", "webhook", "allow_plain_http"],
      after: ["notifications", "webhook", "url"],
      title: "Send to the webhook over plain HTTP",
      help: "To another machine, where everybody on the way can read it.",
      usual: "off",
    },
  ],
};

const WINDOW: Block = {
  title: "At login and from anywhere",
  note: "Read when Nightshift starts.",
  fields: [
    {
      kind: "text",
      mono: true,
      path: ["window", "quick_shortcut"],
      title: "Quick window",
      help: "Keys that open it from any program.",
      usual: "none",
    },
    {
      kind: "toggle",
      on: false,
      path: ["window", "autostart"],
      title: "Start at login",
      help: "In the tray, without a window.",
      usual: "as it is",
    },
  ],
};

export const BLOCKS: Partial<Record<SectionId, Block[]>> = {
  general: [DEFAULTS, WORKTREES, JUDGE, LIFE, WINDOW],
  notifications: [NOTICES, QUIET, PHONE],
  appearance: [LOOK, TERMINAL],
};
