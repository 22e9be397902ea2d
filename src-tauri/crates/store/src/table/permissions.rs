//! Table `permissions`: what the user allowed or rejected for good.

use crate::error::StoreError;
use crate::migrate::Migration;
use crate::table;
use nightshift_protocol::{PermissionRule, PermissionVerdict, Subject};
use rusqlite::{Connection, Row, Transaction, params};

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 3,
        sql: "CREATE TABLE permissions (
              id TEXT PRIMARY KEY NOT NULL,
              at INTEGER NOT NULL,
              session TEXT NOT NULL,
              agent TEXT NOT NULL,
              project TEXT NOT NULL,
              allows INTEGER NOT NULL,
              tool TEXT NOT NULL,
              what TEXT NOT NULL,
              exactly TEXT NOT NULL
          ) STRICT, WITHOUT ROWID;",
    },
    Migration { to: 4, sql: "ALTER TABLE permissions ADD COLUMN identity TEXT;" },
];

fn rule(row: &Row<'_>) -> rusqlite::Result<PermissionRule> {
    let verdict = if row.get(5)? { PermissionVerdict::Allow } else { PermissionVerdict::Reject };
    Ok(PermissionRule {
        id: row.get(0)?,
        at: table::from_sql(row.get(1)?),
        session: row.get(2)?,
        agent: row.get(3)?,
        project: row.get(4)?,
        verdict,
        subject: Subject { tool: row.get(6)?, what: row.get(7)?, exactly: row.get(8)? },
        identity: row.get(9)?,
    })
}

/// Every rule, oldest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<PermissionRule>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, at, session, agent, project, allows, tool, what, exactly, identity
         FROM permissions ORDER BY at, id",
    )?;
    let rows = statement.query_map([], rule)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn upsert(
    transaction: &Transaction<'_>,
    rule: &PermissionRule,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO permissions
                 (id, at, session, agent, project, allows, tool, what, exactly, identity)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            rule.id,
            table::to_sql(rule.at),
            rule.session,
            rule.agent,
            rule.project,
            rule.verdict == PermissionVerdict::Allow,
            rule.subject.tool,
            rule.subject.what,
            rule.subject.exactly,
            rule.identity,
        ])?;
    Ok(())
}

pub(crate) fn revoke(transaction: &Transaction<'_>, id: &str) -> Result<(), StoreError> {
    transaction.prepare_cached("DELETE FROM permissions WHERE id = ?1")?.execute(params![id])?;
    Ok(())
}
