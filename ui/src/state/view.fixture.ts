/** A session for unit tests; each names only what it is about. */
import type { SessionView } from "../backend/api";

export function aView(id: string, part: Partial<SessionView> = {}): SessionView {
  return {
    id,
    sessionId: id,
    name: id,
    kind: "agent",
    agent: "rehearsal",
    model: null,
    permissionMode: null,
    choosing: [],
    agentSessionId: null,
    cwd: "/",
    prompt: "",
    state: { type: "working" },
    stateSince: 0,
    liveness: { type: "gone", since: 0 },
    line: "",
    pullRequests: [],
    pinned: false,
    createdAt: 0,
    queued: 0,
    surface: "conversation",
    exitCode: null,
    continueAt: null,
    usage: null,
    standing: null,
    routine: null,
    lodging: null,
    untrusted: null,
    ...part,
  };
}
