//! A block of ports for each worktree, so that two servers started side by side do not meet.
//!
//! Promise: no two recorded worktrees share a port, and none of the block is in use when it is given.

use crate::limits::{PORTS_FROM, PORTS_UNTIL};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, TcpListener};

/// First port of the block, for whatever runs in the worktree.
pub const PORT_VARIABLE: &str = "NIGHTSHIFT_PORT";
/// Last port of the block.
pub const PORT_END_VARIABLE: &str = "NIGHTSHIFT_PORT_END";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    pub first: u16,
    pub last: u16,
}

impl Ports {
    /// Some port belongs to one of `others` too.
    pub(crate) fn meet(self, others: &[Ports]) -> bool {
        others.iter().any(|other| self.first <= other.last && other.first <= self.last)
    }

    pub(crate) fn count(self) -> u16 {
        self.last - self.first + 1
    }
}

/// A block of `count` that is neither in `taken` nor in use. The search begins at a place of `name`'s
/// own, so that a worktree made again mostly gets its old ports. None when all are taken.
pub(crate) fn free_block(name: &str, count: u16, taken: &[Ports]) -> Option<Ports> {
    let blocks = (PORTS_UNTIL - PORTS_FROM).checked_div(count)?;
    let begin = u16::try_from(crc32fast::hash(name.as_bytes()) % u32::from(blocks)).unwrap_or(0);
    let candidates = (0..blocks).map(|n| (begin + n) % blocks).map(|block| {
        let first = PORTS_FROM + block * count;
        Ports { first, last: first + count - 1 }
    });
    candidates.filter(|ports| !ports.meet(taken)).find(|ports| is_free(*ports))
}

fn is_free(ports: Ports) -> bool {
    (ports.first..=ports.last).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_never_given_twice_nor_while_in_use() {
        let first = free_block("a", 10, &[]).unwrap();
        assert_eq!(first.last - first.first + 1, 10);
        let second = free_block("a", 10, &[first]).unwrap();
        assert!(second.first > first.last || second.last < first.first);
        let _held = TcpListener::bind((Ipv4Addr::LOCALHOST, second.last)).unwrap();
        assert_ne!(free_block("a", 10, &[first]).unwrap(), second);
        // Blocks of another size do not lie across it either.
        for count in [1, 7, 100] {
            let other = free_block("a", count, &[first]).unwrap();
            assert!(other.first > first.last || other.last < first.first, "{count}");
        }
        assert_eq!(free_block("a", 0, &[]), None);
    }
}
