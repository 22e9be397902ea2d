/**
 * Chooses the backend: the real window's, or the simulation for a plain browser (`?fake`).
 *
 * Promise: the simulation is a separate chunk that the real window never loads.
 */
import type { Backend } from "./api";

export async function chooseBackend(search: string): Promise<Backend> {
  const fake = new URLSearchParams(search).get("fake");
  if (fake !== null) {
    const { fakeBackend } = await import("./fake");
    return fakeBackend(fake);
  }
  const { tauriBackend } = await import("./tauri");
  return tauriBackend();
}
