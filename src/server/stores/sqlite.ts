import type { SessionStore } from '../sessions.ts'

/** The part of `node:sqlite`'s `DatabaseSync`, or of better-sqlite3's database, that is used here. */
export interface SqliteLike {
  exec(sql: string): unknown
  prepare(sql: string): {
    get(...values: readonly (string | number)[]): unknown
    run(...values: readonly (string | number)[]): { changes: number | bigint }
  }
}

/** Keeps sessions in SQLite, for one machine. Makes its table if there is none. */
export function sqliteStore(database: SqliteLike): SessionStore {
  database.exec(`CREATE TABLE IF NOT EXISTS refresh_sessions (
    id TEXT PRIMARY KEY, sub TEXT NOT NULL, counter INTEGER NOT NULL, expires_at INTEGER NOT NULL, data TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS refresh_sessions_sub ON refresh_sessions (sub);
  CREATE INDEX IF NOT EXISTS refresh_sessions_expires_at ON refresh_sessions (expires_at);`)
  const run = (sql: string, ...values: readonly (string | number)[]) =>
    Number(database.prepare(sql).run(...values).changes)
  const now = () => Math.floor(Date.now() / 1000)
  return {
    read: async id => {
      const row = database.prepare('SELECT data FROM refresh_sessions WHERE id = ? AND expires_at > ?').get(id, now())
      return row ? JSON.parse((row as { data: string }).data) : null
    },
    swap: async (id, counter, next) => {
      if (!next) return run('DELETE FROM refresh_sessions WHERE id = ? AND counter = ?', id, counter ?? -1) === 1
      const values = [next.sub, next.counter, next.expiresAt, JSON.stringify(next)]
      if (counter !== null)
        return (
          run(
            'UPDATE refresh_sessions SET sub = ?, counter = ?, expires_at = ?, data = ? WHERE id = ? AND counter = ?',
            ...values,
            id,
            counter,
          ) === 1
        )
      run('DELETE FROM refresh_sessions WHERE expires_at <= ?', now())
      return (
        run(
          'INSERT OR IGNORE INTO refresh_sessions (sub, counter, expires_at, data, id) VALUES (?, ?, ?, ?, ?)',
          ...values,
          id,
        ) === 1
      )
    },
    endAll: async sub => {
      run('DELETE FROM refresh_sessions WHERE sub = ?', sub)
    },
  }
}
