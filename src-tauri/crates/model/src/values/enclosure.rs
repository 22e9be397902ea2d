//! Files that go with a prompt: images and others. Their bytes are in the session's directory, never
//! in its record.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Enclosure {
    /// Names it within its session, for ever.
    pub id: String,
    /// The file's name, without a directory.
    pub name: String,
    /// What its bytes are, as their beginning says.
    pub media_type: String,
    pub bytes: u32,
}

impl Enclosure {
    pub fn is_image(&self) -> bool {
        self.media_type.starts_with("image/")
    }

    /// Where it is below the directory that holds all of a session's.
    pub fn path(&self) -> String {
        format!("{}/{}", self.id, self.name)
    }
}
