/**
 * How this user arranges the board: grouping, folds, and rows placed by hand.
 *
 * Promise: remembered between two starts; a row's place is forgotten when it leaves its group.
 * Must not know: the DOM, the backend.
 */
import { SvelteSet } from "svelte/reactivity";
import type { Group, Grouping } from "./groups";
import { isStrings, recall, remember } from "./storage";

type Places = Record<string, string[]>;

const isGrouping = (value: unknown): value is Grouping => value === "state" || value === "directory";
const isPlaces = (value: unknown): value is Places =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isStrings);

export class BoardLayout {
  by = $state<Grouping>(recall("grouping", "state", isGrouping));
  readonly collapsed = new SvelteSet<string>(recall("collapsed", [], isStrings));
  readonly unfolded = new SvelteSet<string>();
  private places = $state.raw<Places>(recall("places", {}, isPlaces));

  groupBy(by: Grouping): void {
    this.by = by;
    remember("grouping", by);
  }

  toggleGrouping(): void {
    this.groupBy(this.by === "state" ? "directory" : "state");
  }

  toggle(group: string): void {
    if (!this.collapsed.delete(group)) this.collapsed.add(group);
    remember("collapsed", [...this.collapsed]);
  }

  placed(group: string): readonly string[] {
    return this.places[group] ?? [];
  }

  /** Puts a row where another one of its group stands, which makes room. */
  place(group: Group, id: string, where: string): void {
    const ids = group.all.map((view) => view.id);
    const [from, to] = [ids.indexOf(id), ids.indexOf(where)];
    if (from < 0 || to < 0) return;
    ids.splice(from, 1);
    ids.splice(to, 0, id);
    this.keep({ ...this.places, [group.id]: ids });
  }

  /** Forgets places of rows that are no longer in that group. */
  prune(groupsOf: (id: string) => readonly string[]): void {
    let changed = false;
    const kept: Places = {};
    for (const [group, ids] of Object.entries(this.places)) {
      const left = ids.filter((id) => groupsOf(id).includes(group));
      changed ||= left.length !== ids.length;
      if (left.length > 0) kept[group] = left;
    }
    if (changed) this.keep(kept);
  }

  private keep(places: Places): void {
    this.places = places;
    remember("places", places);
  }
}
