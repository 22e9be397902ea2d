/**
 * Plain phrases and cron expressions as the supervisor reads them, for a handful of forms.
 *
 * Must not know: routines.
 */
import { fault } from "../api";
import type { SchedulePreview, TriggerForm } from "../api";

const MINUTE_MS = 60_000;
const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
/** Minutes that are looked through for the next time: a month. */
const LOOKED = 32 * 24 * 60;

type Read = { kind: string; value: string; words: string; rest: string };

const PHRASE =
  /^(every (weekday|day|night|morning|monday|tuesday|wednesday|thursday|friday|saturday|sunday)) at (\d{1,2})(?::(\d\d))?(?:[,:; ]+|$)/i;

function read(text: string): Read {
  const line = text.trim();
  const every = /^(?:every (\d+) hours?|every (\d+)h|hourly)(?:[,:; ]+|$)/i.exec(line);
  if (every) {
    const hours = every[1] ?? every[2];
    const rest = line.slice(every[0].length);
    if (hours === undefined) return { kind: "schedule", value: "0 * * * *", words: "hourly", rest };
    return { kind: "every", value: `${hours}h`, words: `every ${hours}h`, rest };
  }
  const phrase = PHRASE.exec(line);
  if (phrase) {
    const [whole, said = "", day = "", hour = "0", minute = "00"] = phrase;
    const week = DAYS.indexOf(day.toLowerCase());
    const on = day.toLowerCase() === "weekday" ? "1-5" : week >= 0 ? String(week) : "*";
    const at = `${hour.padStart(2, "0")}:${minute}`;
    const value = `${Number(minute)} ${Number(hour)} * * ${on}`;
    return { kind: "schedule", value, words: `${said.toLowerCase()} at ${at}`, rest: line.slice(whole.length) };
  }
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.exec(line);
  if (at)
    return { kind: "at", value: at[0], words: `on ${at[0].replace("T", " at ")}`, rest: line.slice(at[0].length) };
  const cron = /^([\d*/,-]+ ){4}[\d*/,-]+/.exec(line);
  if (cron) {
    const minute = Number(cron[0].split(" ")[0]);
    if (minute > 59) throw fault("invalid", `${minute} is no minute; write 0 to 59`);
    return { kind: "schedule", value: cron[0], words: cronWords(cron[0]), rest: line.slice(cron[0].length).trim() };
  }
  const word = line.split(/\s+/)[0] ?? "";
  if (word === "") throw fault("invalid", 'nothing is written; try "every weekday at 9"');
  throw fault(
    "invalid",
    `\`${word}\` is not understood; try "every weekday at 9", "every 2 hours" or "tomorrow at 14:30"`,
  );
}

function cronWords(cron: string): string {
  const [minute = "", hour = "", day, month, week = ""] = cron.split(" ");
  const name = week === "1-5" ? "weekday" : week === "*" ? "day" : DAYS[Number(week)];
  const simple = /^\d+$/.test(minute) && /^\d+$/.test(hour) && day === "*" && month === "*" && name !== undefined;
  return simple ? `every ${name} at ${hour.padStart(2, "0")}:${minute.padStart(2, "0")}` : `cron ${cron}`;
}

export function previewOf(schedule: string, timezone: string | null): SchedulePreview {
  const { kind, value, words, rest } = read(schedule);
  const zone = timezone ?? "UTC";
  return { kind, value, words, timezone: zone, upcoming: upcomingOf({ kind, value, words }, zone, 5), rest };
}

const fits = (field: string, value: number): boolean =>
  field.split(",").some((part) => {
    const [, from = "", to = ""] = /^(\d+)-(\d+)$/.exec(part) ?? [];
    return part === "*" || Number(part) === value || (from !== "" && Number(from) <= value && value <= Number(to));
  });

/** The next times of a trigger; months and days of a month play no part. */
export function upcomingOf({ kind, value }: TriggerForm, zone: string, count: number): number[] {
  const now = Date.now();
  if (kind === "at") return [Date.parse(`${value}:00Z`)].filter((at) => at > now);
  if (kind === "every") {
    const step = Number.parseInt(value, 10) * 60 * MINUTE_MS;
    return Array.from({ length: count }, (_, n) => now + (n + 1) * step);
  }
  const [minute = "*", hour = "*", , , day = "*"] = value.split(" ");
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    weekday: "long",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const found: number[] = [];
  let at = Math.ceil((now + 1) / MINUTE_MS) * MINUTE_MS;
  for (let n = 0; n < LOOKED && found.length < count; n += 1, at += MINUTE_MS) {
    if (!fits(minute, new Date(at).getUTCMinutes())) continue;
    const parts = Object.fromEntries(clock.formatToParts(at).map(({ type, value: text }) => [type, text]));
    const week = DAYS.indexOf((parts["weekday"] ?? "").toLowerCase());
    if (fits(hour, Number(parts["hour"])) && fits(day, week)) found.push(at);
  }
  return found;
}
