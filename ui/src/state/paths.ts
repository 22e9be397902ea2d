/**
 * Paths for people.
 *
 * Promise: pure. Must not know: the file system.
 */
/** Paths of this user. */
export class HomePaths {
  constructor(private readonly homeNow: () => string) {}

  get home(): string {
    return this.homeNow();
  }
}

/** The last part of a path; the path itself for the root. */
export function baseName(path: string): string {
  return path.replace(/\/+$/, "").split("/").pop() || path;
}

/** The path with the home directory as `~`. */
export function shortPath(path: string, home: string): string {
  if (home && path === home) return "~";
  return home && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
