//! A list that names its first entries and counts them all.

use crate::limits::{LISTED_MAX, LISTED_MAX_BYTES};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Listed<T> {
    /// In the order of the looking.
    pub named: Vec<T>,
    /// All of them, named or not.
    pub count: usize,
    /// What the named ones hold, in bytes, while the list is made.
    #[serde(skip)]
    bytes: usize,
}

impl<T> Listed<T> {
    /// Counts an entry, and keeps it while there is room for its `bytes`.
    pub(crate) fn push(&mut self, entry: T, bytes: usize) {
        self.count += 1;
        // Once one was left out, no later one is named: the list is a beginning, not a choice.
        let whole = self.named.len() + 1 == self.count;
        if whole && self.named.len() < LISTED_MAX && self.bytes + bytes <= LISTED_MAX_BYTES {
            self.bytes += bytes;
            self.named.push(entry);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Every entry is named.
    pub fn is_whole(&self) -> bool {
        self.named.len() == self.count
    }
}

/// The same entries and the same count.
impl<T: PartialEq> PartialEq for Listed<T> {
    fn eq(&self, other: &Listed<T>) -> bool {
        self.count == other.count && self.named == other.named
    }
}

impl<T: Eq> Eq for Listed<T> {}

impl<T> Default for Listed<T> {
    fn default() -> Listed<T> {
        Listed { named: Vec::new(), count: 0, bytes: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_counted() {
        let mut many = Listed::default();
        (0..LISTED_MAX + 3).for_each(|n| many.push(n, 1));
        assert_eq!(
            (many.named.len(), many.count, many.is_whole()),
            (LISTED_MAX, LISTED_MAX + 3, false)
        );
        let mut large = Listed::default();
        large.push("small", 10);
        large.push("large", LISTED_MAX_BYTES);
        large.push("late", 10);
        assert_eq!((large.named.as_slice(), large.count), (&["small"][..], 3));
    }
}
