//! What could not be read and was put where it harms nothing and can still be looked at.

use nightshift_model::Millis;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The table of the row, or `database` when it was the whole file.
    pub table: String,
    /// The row's id, or the path that the file was moved to.
    pub id: String,
    /// The row as it was (lossy where it was no text); empty for a file.
    pub raw: String,
    pub why: String,
    pub at: Millis,
}
