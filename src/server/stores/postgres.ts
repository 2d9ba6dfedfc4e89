import type { SessionStore, StoredSession } from '../sessions.ts'

/** The part of a pool of `pg`, or of something like it, that is used here. */
export interface PostgresLike {
  query(text: string, values: readonly unknown[]): Promise<{ rowCount: number | null; rows: readonly unknown[] }>
}

/** The table. Create it once, in a migration of yours. */
export const POSTGRES_SCHEMA = `CREATE TABLE IF NOT EXISTS refresh_sessions (
  id text PRIMARY KEY,
  sub text NOT NULL,
  counter bigint NOT NULL,
  expires_at timestamptz NOT NULL,
  data jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS refresh_sessions_sub ON refresh_sessions (sub);
CREATE INDEX IF NOT EXISTS refresh_sessions_expires_at ON refresh_sessions (expires_at);`

/** Keeps sessions in PostgreSQL: see {@link POSTGRES_SCHEMA}. Now and then, delete the rows whose `expires_at` is past. */
export function postgresStore(pool: PostgresLike): SessionStore {
  const isOne = ({ rowCount }: { rowCount: number | null }) => rowCount === 1
  return {
    read: async id => {
      const { rows } = await pool.query('SELECT data FROM refresh_sessions WHERE id = $1 AND expires_at > now()', [id])
      return (rows[0] as { data: StoredSession } | undefined)?.data ?? null
    },
    swap: async (id, counter, next) => {
      if (!next)
        return isOne(await pool.query('DELETE FROM refresh_sessions WHERE id = $1 AND counter = $2', [id, counter]))
      const values = [id, next.sub, next.counter, new Date(next.expiresAt * 1000), JSON.stringify(next)]
      if (counter === null)
        return isOne(
          await pool.query(
            'INSERT INTO refresh_sessions (id, sub, counter, expires_at, data) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
            values,
          ),
        )
      return isOne(
        await pool.query(
          'UPDATE refresh_sessions SET sub = $2, counter = $3, expires_at = $4, data = $5 WHERE id = $1 AND counter = $6',
          [...values, counter],
        ),
      )
    },
    endAll: async sub => {
      await pool.query('DELETE FROM refresh_sessions WHERE sub = $1', [sub])
    },
  }
}
