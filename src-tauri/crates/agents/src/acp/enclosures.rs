//! Files that go with a prompt, as content blocks: images in the line itself where the agent takes
//! them, everything else as a link to the file.
//!
//! Promises: the driver reads no file: the line names it, and whoever writes the line puts the bytes
//! in its place; what went with a prompt is known again from the journal alone.
//! Must not know: when prompts are sent.

use nightshift_model::Enclosure;
use nightshift_protocol::enclosure::BYTES_PREFIX;
use serde_json::{Value, json};

/// Larger images go as links: vendors refuse them in a request.
const IMAGE_MAX_BYTES: u32 = 4 * 1024 * 1024;
/// Key in a block's `_meta` of what it stands for.
const META: &str = "nightshift";

/// The blocks that follow the prompt's text. `files`: the directory that holds the session's files.
pub fn blocks(enclosures: &[Enclosure], files: &str, takes_images: bool) -> Vec<Value> {
    enclosures.iter().map(|enclosure| block(enclosure, files, takes_images)).collect()
}

fn block(enclosure: &Enclosure, files: &str, takes_images: bool) -> Value {
    let Enclosure { name, media_type, bytes, .. } = enclosure;
    let path = format!("{files}/{}", enclosure.path());
    let uri = format!("file://{}", escaped(&path));
    let mut block = match (enclosure.is_image(), takes_images) {
        (true, true) if *bytes <= IMAGE_MAX_BYTES => {
            let data = format!("{BYTES_PREFIX}{}", enclosure.path());
            json!({"type": "image", "mimeType": media_type, "data": data, "uri": uri})
        }
        (true, false) => {
            let text = format!(
                "Attached file: {path} ({media_type}; given by its path, for this agent takes no \
                 images in a prompt)"
            );
            json!({"type": "text", "text": text})
        }
        (true | false, _) => json!({"type": "resource_link", "uri": uri, "name": name,
            "mimeType": media_type, "size": bytes}),
    };
    block["_meta"] = json!({META: enclosure});
    block
}

/// What went with a prompt, from its blocks.
pub fn of_prompt(prompt: &Value) -> Vec<Enclosure> {
    let blocks = prompt.as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |block: &Value| serde_json::from_value(block["_meta"].get(META)?.clone()).ok();
    blocks.iter().filter_map(of).collect()
}

/// A path as the path of a URI: what RFC 3986 does not allow there is percent-encoded.
fn escaped(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enclosure(name: &str, media_type: &str, bytes: u32) -> Enclosure {
        Enclosure { id: "e1".into(), name: name.into(), media_type: media_type.into(), bytes }
    }

    #[test]
    fn files_are_given_in_the_way_that_the_agent_takes() {
        let cases = [
            (
                enclosure("a b.png", "image/png", 9),
                true,
                json!({"type": "image", "mimeType": "image/png",
                    "data": "nightshift-file:e1/a b.png", "uri": "file:///s/e1/a%20b.png"}),
            ),
            (
                enclosure("big.png", "image/png", IMAGE_MAX_BYTES + 1),
                true,
                json!({"type": "resource_link", "uri": "file:///s/e1/big.png", "name": "big.png",
                    "mimeType": "image/png", "size": IMAGE_MAX_BYTES + 1}),
            ),
            (
                enclosure("a.png", "image/png", 9),
                false,
                json!({"type": "text", "text": "Attached file: /s/e1/a.png (image/png; given by \
                    its path, for this agent takes no images in a prompt)"}),
            ),
            (
                enclosure("log.txt", "text/plain", 9),
                true,
                json!({"type": "resource_link", "uri": "file:///s/e1/log.txt", "name": "log.txt",
                    "mimeType": "text/plain", "size": 9}),
            ),
        ];
        for (enclosure, takes_images, expected) in cases {
            let mut blocks = blocks(std::slice::from_ref(&enclosure), "/s", takes_images);
            assert_eq!(of_prompt(&json!(blocks)), [enclosure]);
            blocks[0].as_object_mut().unwrap().remove("_meta");
            assert_eq!(blocks[0], expected);
        }
    }

    #[test]
    fn the_users_own_words_name_no_file() {
        let blocks = json!([{"type": "text", "text": "nightshift-file:e1/a.png"}]);
        assert_eq!(of_prompt(&blocks), []);
    }
}
