//! An agent's options as lines: each with its values, the one in force marked.

use crate::output::plain::one_line;
use nightshift_protocol::{ConfigOption, Configuration, SessionView};

pub fn list(all: &Configuration) -> String {
    if all.options.is_empty() {
        return "its agent has not said that anything can be chosen\n".to_owned();
    }
    all.options.iter().map(option).collect()
}

fn option(option: &ConfigOption) -> String {
    let ConfigOption { id, name, current, values, .. } = option;
    let (id, name) = (one_line(id), one_line(name));
    let mut out = if id.eq_ignore_ascii_case(&name) { id } else { format!("{id} ({name})") };
    out.push('\n');
    for value in values {
        let mark = if current.as_ref() == Some(&value.id) { '*' } else { ' ' };
        let name = Some(value.name.as_str()).filter(|name| *name != value.id);
        let words = value.description.as_deref().filter(|words| *words != value.name);
        let about = [name, words.and_then(|words| words.lines().next())];
        let about = about.into_iter().flatten().map(one_line).collect::<Vec<_>>().join(" · ");
        let line = format!("  {mark} {}  {about}", one_line(&value.id));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// What was chosen and the agent does not have yet.
pub fn chosen(view: &SessionView) -> String {
    let words = view.choosing.iter().map(|c| one_line(&format!("{} = {}", c.option, c.value)));
    let words = words.collect::<Vec<_>>().join(", ");
    match words.as_str() {
        "" => format!("{} · set\n", view.id),
        words => format!("{} · {words}, as soon as its agent takes it\n", view.id),
    }
}
