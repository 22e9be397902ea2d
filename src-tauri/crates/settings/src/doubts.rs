//! Values that can be read and name nothing: a colour, a key or an action that there is not, a number that
//! nothing can be that large, a text that is empty.
//!
//! Promise: each is told with its place, and the default that holds in its stead; what only others know (agents,
//! models, modes) they look at.

use crate::Settings;
use crate::actions::ACTIONS;
use crate::look::Chords;
use std::ops::RangeInclusive;

/// Colours of terminals; a test of the window's compares them with its own.
const TERMINAL_THEMES: &[&str] =
    &["window", "gruvbox", "nord", "solarized_dark", "solarized_light"];
/// What the window can draw and read.
const WINDOW_FONT_PX: RangeInclusive<u64> = 11..=20;
const TERMINAL_FONT_PX: RangeInclusive<u64> = 8..=32;
const SCROLLBACK_LINES: RangeInclusive<u64> = 100..=100_000;
/// As many as a repository's own settings may ask for.
const PORTS: RangeInclusive<u64> = 0..=100;
const MODIFIERS: &[&str] = &["ctrl", "control", "cmd", "meta", "alt", "option", "shift"];
/// Modifiers that only a desktop's shortcuts have.
const OF_DESKTOP: &[&str] =
    &["super", "command", "cmdorctrl", "cmdorcontrol", "commandorcontrol", "commandorctrl"];
const NAMED_KEYS: &[&str] = &[
    "up",
    "down",
    "left",
    "right",
    "enter",
    "return",
    "esc",
    "escape",
    "space",
    "tab",
    "home",
    "end",
    "pageup",
    "pagedown",
    "delete",
    "backspace",
    "insert",
];
const FUNCTION_KEYS: RangeInclusive<u8> = 1..=24;

/// A key of the file, part by part, and what is to be said of its value.
pub(crate) type Doubt = (Vec<String>, String);

/// Values that name nothing, in no order.
pub(crate) fn doubts(settings: &Settings) -> Vec<Doubt> {
    let mut found = Vec::new();
    let mut say = |path: &[&str], why: String| {
        found.push((path.iter().map(|&part| part.to_owned()).collect(), why));
    };
    empty(settings, &mut say);
    let terminal = &settings.terminal;
    if let Some(theme) = terminal.theme.as_deref().filter(|name| !TERMINAL_THEMES.contains(name)) {
        let known = TERMINAL_THEMES.join(", ");
        say(
            &["terminal", "theme"],
            format!("there is no theme `{theme}`, so `window` is used; it may be {known}"),
        );
    }
    for (path, value, range) in [
        (["appearance", "font_size"], settings.appearance.font_size.map(u64::from), WINDOW_FONT_PX),
        (["terminal", "font_size"], terminal.font_size.map(u64::from), TERMINAL_FONT_PX),
        (["terminal", "scrollback"], terminal.scrollback.map(u64::from), SCROLLBACK_LINES),
        (["worktree", "ports"], settings.worktree.ports.map(u64::from), PORTS),
    ] {
        if let Some(value) = value.filter(|value| !range.contains(value)) {
            let (name, first, last) = (path[1], range.start(), range.end());
            say(&path, format!("`{name}` is {value}; it goes from {first} to {last}"));
        }
    }
    if let Some(keys) =
        settings.window.quick_shortcut.as_deref().filter(|keys| !keys.trim().is_empty())
        && !is_shortcut(keys)
    {
        say(
            &["window", "quick_shortcut"],
            format!("`{keys}` is no shortcut; write it as Ctrl+Alt+Space"),
        );
    }
    for (id, chords) in &settings.keys {
        if !ACTIONS.contains(&id.as_str()) {
            let near = ACTIONS.iter().find(|known| known.eq_ignore_ascii_case(id));
            let near = near.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
            say(&["keys", id], format!("there is no action `{id}`{near}"));
        }
        let chords = match chords {
            Chords::One(chord) => std::slice::from_ref(chord),
            Chords::Several(chords) => chords,
        };
        for chord in chords.iter().filter(|chord| !is_chord(chord)) {
            say(
                &["keys", id],
                format!("`{chord}` is no key; write it as Ctrl+Shift+P, F2 or Enter"),
            );
        }
    }
    found
}

/// An empty text chooses nothing.
fn empty(settings: &Settings, say: &mut impl FnMut(&[&str], String)) {
    let Settings { worktree, terminal, .. } = settings;
    for (path, value) in [
        (["worktree", "dir"], &worktree.dir),
        (["worktree", "base"], &worktree.base),
        (["terminal", "font_family"], &terminal.font_family),
    ] {
        if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
            let name = path[1];
            say(&path, format!("`{name}` is empty; name something, or take the line out"));
        }
    }
}

/// Modifiers, and a key by a name that the desktop may know and we do not.
fn is_shortcut(text: &str) -> bool {
    let mut parts: Vec<String> = text.split('+').map(|part| part.trim().to_lowercase()).collect();
    let key = parts.pop().unwrap_or_default();
    let known =
        |part: &String| MODIFIERS.contains(&part.as_str()) || OF_DESKTOP.contains(&part.as_str());
    !key.is_empty() && !known(&key) && parts.iter().all(known)
}

/// Modifiers, and one key.
fn is_chord(text: &str) -> bool {
    let text = text.trim();
    // The last plus may be the key itself.
    let (held, key) = match text.strip_suffix('+') {
        Some("") => ("", "+"),
        Some(held) => (held, "+"),
        None => text.rsplit_once('+').unwrap_or(("", text)),
    };
    let key = key.trim().to_lowercase();
    let modifier = |part: &str| MODIFIERS.contains(&part.trim().to_lowercase().as_str());
    let held = held.strip_suffix('+').unwrap_or(held);
    let is_held = held.is_empty() || held.split('+').all(modifier);
    let number = key.strip_prefix('f').and_then(|number| number.parse::<u8>().ok());
    let is_key = key.chars().count() == 1
        || NAMED_KEYS.contains(&key.as_str())
        || number.is_some_and(|number| FUNCTION_KEYS.contains(&number));
    is_held && is_key
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn silent_settings_what_names_nothing_is_told_with_its_line() {
        for (text, part) in [
            ("[terminal]\n\ntheme = \"solarised\"\n", "solarized_dark"),
            ("[terminal]\n\ntheme = \"Nord\"\n", "no theme `Nord`"),
            ("[terminal]\n\ntheme = \"\"\n", "no theme ``"),
            ("[terminal]\n\nfont_size = 200\n", "from 8 to 32"),
            ("[terminal]\n\nscrollback = 5\n", "from 100 to 100000"),
            ("[terminal]\n\nfont_family = \" \"\n", "`font_family` is empty"),
            ("[appearance]\n\nfont_size = 3\n", "from 11 to 20"),
            ("[worktree]\n\nports = 101\n", "from 0 to 100"),
            ("[worktree]\n\nbase = \"\"\n", "`base` is empty"),
            ("[window]\n\nquick_shortcut = \"Ctr+Alt+N\"\n", "`Ctr+Alt+N` is no shortcut"),
            ("[window]\n\nquick_shortcut = \"Ctrl+Alt\"\n", "no shortcut"),
            ("[keys]\n\n\"session.pinn\" = \"F2\"\n", "no action `session.pinn`"),
            ("[keys]\n\n\"Session.Pin\" = \"F2\"\n", "did you mean `session.pin`?"),
            ("[keys]\n\n\"session.pin\" = \"Ctr+P\"\n", "`Ctr+P` is no key"),
            ("[keys]\n\n\"session.pin\" = \"\"\n", "`` is no key"),
            ("[keys]\n\n\"session.pin\" = [\"F2\", \"Ctrl+\"]\n", ""),
            ("[keys]\n\n\"session.pin\" = [\"F2\", \"F99\"]\n", "`F99` is no key"),
        ] {
            let told = parse(text).unwrap().unknown;
            let whole = format!("{text}: {told:?}");
            match part {
                // The plus is a key.
                "" => assert!(told.is_empty(), "{whole}"),
                part => {
                    assert_eq!((told.len(), told[0].line), (1, 3), "{whole}");
                    assert!(told[0].message.contains(part), "{whole}");
                }
            }
        }
    }

    #[test]
    fn silent_settings_what_is_there_is_no_mistake() {
        for text in [
            "[terminal]\ntheme = \"window\"\nfont_size = 32\nscrollback = 100\n",
            "[keys]\n\"session.why\" = []\n\"open.1\" = \"alt+1\"\n\"session.pin\" = [\"Ctrl++\", \"+\", \"?\"]\n",
            "[keys]\n\"session.pin\" = \"Ctrl + Shift + Up\"\n\"move.up\" = \"k\"\n",
            "[worktree]\nsetup = \"\"\nbranch_prefix = \"\"\nports = 0\n",
            "[window]\nquick_shortcut = \"\"\n",
            "[window]\nquick_shortcut = \"Super+Shift+KeyN\"\n",
        ] {
            assert_eq!(parse(text).unwrap().unknown, [], "{text}");
        }
    }
}
