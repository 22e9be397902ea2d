/**
 * What agents said can be chosen and which commands they take, from the sessions that were open here.
 *
 * Promise: remembered between two starts, for a bounded number of agents. It is what an agent said
 * last, not what it will say: whoever sends it is answered by the agent.
 * Must not know: the DOM, sessions.
 */
import type { ConfigOption, Configuration, OptionRole } from "../backend/api";
import { recall, remember } from "./storage";

/** The name in the store since the first version. */
const STORED_AS = "told";

/** More agents than anybody uses. */
const AGENTS_MAX = 20;

type Known = Record<string, Configuration>;

const isList = (value: unknown): value is object[] =>
  Array.isArray(value) && value.every((one) => typeof one === "object" && one !== null);
const isConfiguration = (value: unknown): value is Configuration =>
  typeof value === "object" &&
  value !== null &&
  "commands" in value &&
  isList(value.commands) &&
  "options" in value &&
  isList(value.options) &&
  value.options.every((option) => "values" in option && isList(option.values));
const isKnown = (value: unknown): value is Known =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isConfiguration);

export class AgentOptions {
  private known = $state.raw<Known>(recall(STORED_AS, {}, isKnown));

  of(agent: string | null): Configuration {
    return (agent !== null && this.known[agent]) || { options: [], commands: [] };
  }

  option(agent: string | null, role: OptionRole): ConfigOption | null {
    return this.of(agent).options.find((option) => option.role === role) ?? null;
  }

  learn(agent: string, offered: Configuration): void {
    if (offered.options.length + offered.commands.length === 0) return;
    if (JSON.stringify(offered) === JSON.stringify(this.known[agent])) return;
    const others = Object.entries(this.known).filter(([id]) => id !== agent);
    this.known = Object.fromEntries([...others, [agent, offered] as const].slice(-AGENTS_MAX));
    remember(STORED_AS, this.known);
  }
}
