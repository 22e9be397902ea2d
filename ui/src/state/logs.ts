/**
 * Reads a session's log: its last lines, or all of its bytes.
 *
 * Promise: bounded; a log that cannot be read is an empty one (the row says what is wrong).
 * Must not know: how logs are shown.
 */
import type { Backend } from "../backend/api";

/** Lines a peek shows. */
const PEEK_LINES = 14;
/** Pages read at most: with the supervisor's page size this is far more than a terminal keeps. */
const PAGES_MAX = 64;

export async function lastLines(backend: Backend, session: string): Promise<string> {
  let tail = "";
  try {
    await eachPage(backend, session, false, (data) => {
      tail = (tail + data)
        .split("\n")
        .slice(-PEEK_LINES - 1)
        .join("\n");
    });
  } catch {
    return tail.trimEnd();
  }
  return tail.trimEnd();
}

/** The whole log as the terminal received it. */
export async function logBytes(backend: Backend, session: string, on: (bytes: Uint8Array) => void): Promise<void> {
  await eachPage(backend, session, true, (data) => on(fromBase64(data)));
}

/** Asks for what comes after a log's end. That is nothing, but whoever asks has seen the end. */
export async function reportEndViewed(backend: Backend, session: string): Promise<void> {
  try {
    await backend.logs(session, Number.MAX_SAFE_INTEGER, true);
  } catch {
    // Removed meanwhile, or the connection is lost: the row says so, and the next look comes.
  }
}

async function eachPage(backend: Backend, session: string, raw: boolean, on: (data: string) => void): Promise<void> {
  let offset = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { data, next, end } = await backend.logs(session, offset, raw);
    if (data) on(data);
    if (end || next <= offset) return;
    offset = next;
  }
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}
