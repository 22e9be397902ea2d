//! One file per table: its migrations, its rows, its reads and writes.

pub(crate) mod evidence;
pub(crate) mod notices;
pub(crate) mod occurrences;
pub(crate) mod outside;
pub(crate) mod permissions;
pub(crate) mod receipts;
pub(crate) mod routines;
pub(crate) mod sessions;
pub(crate) mod set_aside;
pub(crate) mod switches;

use crate::migrate::Migration;

/// Every step of every table; steps of one version run in this order.
pub(crate) fn migrations() -> Vec<Migration> {
    [
        sessions::MIGRATIONS,
        evidence::MIGRATIONS,
        notices::MIGRATIONS,
        set_aside::MIGRATIONS,
        receipts::MIGRATIONS,
        switches::MIGRATIONS,
        permissions::MIGRATIONS,
        routines::MIGRATIONS,
        occurrences::MIGRATIONS,
        outside::MIGRATIONS,
    ]
    .concat()
}

/// SQLite integers are signed; times beyond the year 292 million are cut to it.
pub(crate) fn to_sql(at: nightshift_model::Millis) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// A negative time can only be damage: it reads as the epoch.
pub(crate) fn from_sql(at: i64) -> nightshift_model::Millis {
    nightshift_model::Millis(u64::try_from(at).unwrap_or(0))
}
