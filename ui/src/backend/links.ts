/**
 * Which links are opened, as what, and what of their target is shown beside them.
 *
 * Promise: says of every link what `open_external` will do with it, which has the last word; both are tested
 * with `links.cases.json`. Must not know: how links are opened.
 */

/** Longer ones are no links that a person follows. */
const URL_MAX_CHARS = 8 * 1024;
/** What a parser drops silently: what was read would not be what is opened. */
const DROPPED = /[\u0000-\u0020\u007f-\u009f]/;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
const CONTROL_BUT_LINES = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
/** In an opener's command line a quote or a dash would be more than an address. */
const ADDRESS = /^([A-Za-z0-9.!#$*+/^_`{|}~][A-Za-z0-9.!#$*+/^_`{|}~-]*)@([A-Za-z0-9.][A-Za-z0-9.-]*)$/;

/** The link as it is opened outside, or nothing when it is not. */
export function externalUrl(link: string): string | null {
  if (DROPPED.test(link)) return null;
  const url = parsed(link);
  if (!url) return null;
  let opened: string | null = null;
  if (url.protocol === "https:" || url.protocol === "http:") {
    // What stands before the host only looks like one.
    url.username = "";
    url.password = "";
    opened = url.href;
  } else if (url.protocol === "mailto:") {
    opened = mail(url);
  }
  return opened !== null && opened.length <= URL_MAX_CHARS ? opened : null;
}

function parsed(link: string): URL | null {
  try {
    return new URL(link);
  } catch {
    return null;
  }
}

/** To whom, subject and text. Mail programs know more fields, some of which attach files. */
function mail(url: URL): string | null {
  const to = addresses(url.pathname);
  const fields = new Map<string, string>();
  if (!to) return null;
  for (const field of url.search.slice(1).split("&")) {
    const at = field.indexOf("=");
    const name = decoded(at < 0 ? field : field.slice(0, at))?.toLowerCase();
    if (name === undefined) return null;
    const value = at < 0 ? "" : field.slice(at + 1);
    if (name === "to") {
      const more = addresses(value);
      if (!more) return null;
      to.push(...more);
    } else if ((name === "subject" || name === "body") && !fields.has(name)) {
      const text = decoded(value);
      if (text === undefined) return null;
      fields.set(name, text.replace(name === "subject" ? CONTROL : CONTROL_BUT_LINES, ""));
    }
  }
  const kept = ["subject", "body"].flatMap((name) => {
    const text = fields.get(name);
    return text === undefined ? [] : [`${name}=${encoded(text)}`];
  });
  return `mailto:${to.join(",")}${kept.length > 0 ? "?" : ""}${kept.join("&")}`;
}

function addresses(list: string): string[] | null {
  const each = decoded(list)
    ?.split(",")
    .filter((address) => address !== "");
  if (!each) return null;
  const plain = each.map((address) => {
    const [, name = "", host = ""] = ADDRESS.exec(address) ?? [];
    return name === "" ? null : `${encoded(name)}@${host}`;
  });
  return plain.every((address) => address !== null) ? plain : null;
}

/** Also what `encodeURIComponent` leaves: openers are shell scripts. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Undefined for what is no encoding: programs differ in what they make of it. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export type LinkTarget = {
  /** What is opened; its host is in ASCII. */
  url: string;
  /** Where it goes, when the link's text does not say so. */
  beside: string | null;
};

/** What a link with this text would open; nothing when it opens nothing. */
export function linkTarget(link: string, text: string): LinkTarget | null {
  const url = externalUrl(link);
  if (url === null) return null;
  const { protocol, host, pathname } = new URL(url);
  const place = protocol === "mailto:" ? pathname : host;
  return { url, beside: saysUrl(text.trim(), url) ? null : place || "mail" };
}

/** Whether a text is this URL, letter for letter but for its scheme and last slash. */
function saysUrl(text: string, url: string): boolean {
  const short = url.replace(/^(?:https?:\/\/|mailto:)/, "");
  const forms = [url, short].flatMap((form) => [form, form.replace(/\/$/, "")]);
  return forms.includes(text);
}
