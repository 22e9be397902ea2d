//! Files that go with prompts, inside lines for agents: a line is handed over with a name in place of
//! an image's bytes, and whoever writes it puts the bytes in.

use serde_json::{Value, json};

/// Begins the `data` of an image block that stands for a file below the session's directory of
/// enclosures.
pub const BYTES_PREFIX: &str = "nightshift-file:";
/// Below the session's directory.
pub const DIRECTORY: &str = "enclosures";

/// `line` with the bytes of the files that its image blocks name; `base64_of` reads one by its path
/// below the directory, and a file that it cannot read becomes words that say so. A line without
/// such blocks comes back as it is.
pub fn filled(line: String, base64_of: impl Fn(&str) -> Result<String, String>) -> String {
    // Most lines hold no file; the words may stand in the user's text, where they mean nothing.
    if !line.contains(BYTES_PREFIX) {
        return line;
    }
    let Ok(mut message) = serde_json::from_str::<Value>(&line) else { return line };
    let blocks = message.pointer_mut("/params/prompt").and_then(Value::as_array_mut);
    let mut changed = false;
    for block in blocks.into_iter().flatten().filter(|block| block["type"] == "image") {
        let Some(path) = block["data"].as_str().and_then(|d| d.strip_prefix(BYTES_PREFIX)) else {
            continue;
        };
        match base64_of(path) {
            Ok(data) => block["data"] = Value::String(data),
            Err(why) => {
                let text = format!("Attached file {path} is missing: {why}");
                *block = json!({"type": "text", "text": text});
            }
        }
        changed = true;
    }
    if changed { message.to_string() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_image_blocks_are_filled() {
        let read = |path: &str| match path {
            "e1/a.png" => Ok("QUJD".to_owned()),
            other => Err(format!("no {other}")),
        };
        let line = |prompt: Value| json!({"params": {"prompt": prompt}}).to_string();
        let words = line(json!([{"type": "text", "text": "nightshift-file:e1/a.png"}]));
        assert_eq!(filled(words.clone(), read), words);
        let image = |data: &str| line(json!([{"type": "image", "data": data}]));
        assert_eq!(filled(image("nightshift-file:e1/a.png"), read), image("QUJD"));
        let gone = filled(image("nightshift-file:gone"), read);
        assert!(gone.contains("Attached file gone is missing: no gone"), "{gone}");
        assert_eq!(filled("no json".to_owned(), read), "no json");
    }
}
