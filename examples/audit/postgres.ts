// Records each call as a row of PostgreSQL. docs/audit.md has the table.
// deno-lint-ignore-file no-console no-unversioned-import
import { type AuditLog, auditLog, type CallEvent } from "jsr:@x/propelauth-mcp/audit";
// @ts-types="@types/pg"
import { Pool } from "pg";

const INSERT = `
  INSERT INTO mcp_calls (event_id, ended_at, org_id, subject, client_id, method, name, outcome, event)
  SELECT (e->>'eventId')::uuid, to_timestamp((e->>'endedAt')::float8), e->>'orgId', e->>'subject',
    e->>'clientId', e->>'method', coalesce(e->>'name', e->>'uri'), e->>'outcome', e
  FROM jsonb_array_elements($1::jsonb) AS e
  ON CONFLICT DO NOTHING`;

export function createPostgresLog(connectionString: string): AuditLog {
  const pool = new Pool({
    connectionString,
    max: 1,
    allowExitOnIdle: true,
    // A write that takes longer has failed: it is tried again, on a new connection.
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
  });
  // Without a listener, a connection that is lost while nothing is written would end the process.
  pool.on("error", () => {});
  return auditLog({
    async write(events) {
      await pool.query(INSERT, [toJson(events)]);
    },
    onProblem: ({ error, ...problem }) => console.error("audit:", JSON.stringify(problem), error),
  });
}

/** Replaces U+0000 and halves of surrogate pairs: clients may send them, and jsonb refuses them. */
function toJson(events: readonly CallEvent[]): string {
  return JSON.stringify(events).replace(
    /\\(u0000|ud[89a-f]..|.)/g,
    (escape, code: string) => code.length > 1 ? "\\ufffd" : escape,
  );
}
