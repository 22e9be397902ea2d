//! The titles that an agent suggests: told at once while they are few, the newest of many later.
//!
//! Promise: however many come, a bounded number is told in any time, and the last one is not lost.
//! Must not know: what a title is for.

use crate::limits::LINE_INTERVAL_MS;
use crate::time::Millis;

/// Told in one interval; real agents change theirs once or twice in a turn.
const TOLD_MAX: u32 = 4;

#[derive(Debug, Default)]
pub struct Titles {
    began: Option<Millis>,
    told: u32,
    last: String,
    held: Option<String>,
}

impl Titles {
    /// A title came; gives it back if it is to be told now.
    pub fn heard(&mut self, at: Millis, title: String) -> Option<String> {
        if title == self.last {
            self.held = None;
            return None;
        }
        if self.began.is_none_or(|began| at.since(began) >= LINE_INTERVAL_MS) {
            (self.began, self.told) = (Some(at), 0);
        }
        if self.told >= TOLD_MAX {
            self.held = Some(title);
            return None;
        }
        self.told += 1;
        self.held = None;
        self.last.clone_from(&title);
        Some(title)
    }

    /// Something else happens: the newest title that was held back, if there is one.
    pub fn settled(&mut self) -> Option<String> {
        let title = self.held.take()?;
        self.last.clone_from(&title);
        Some(title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_15_many_titles_are_few_and_the_last_one_counts() {
        let mut titles = Titles::default();
        let told = |titles: &mut Titles, n: u64, at: u64| titles.heard(Millis(at), format!("t{n}"));
        let first = (0..100_000).filter_map(|n| told(&mut titles, n, 1_000)).count();
        assert_eq!(first, 4);
        assert_eq!(titles.settled().as_deref(), Some("t99999"));
        assert_eq!(titles.settled(), None);
        assert_eq!(told(&mut titles, 7, 1_000 + LINE_INTERVAL_MS).as_deref(), Some("t7"));
        assert_eq!(told(&mut titles, 7, 2_000 + LINE_INTERVAL_MS), None);
    }
}
