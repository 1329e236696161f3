// Records each call as a line of JSON in a file, which logrotate may rotate. docs/audit.md has more.
// deno-lint-ignore-file no-console no-unversioned-import
import { open } from "node:fs/promises";
import { type AuditLog, auditLog, type CallEvent } from "jsr:@x/propelauth-mcp/audit";

export function createFileLog(path: string): AuditLog {
  return auditLog({
    write: (events) => append(path, events),
    onProblem: ({ error, ...problem }) => console.error("audit:", JSON.stringify(problem), error),
    // Only the arguments that the trail needs: they may be about people.
    auditArguments: ({ name, arguments: { id } }) => name === "read_report" ? { id } : undefined,
  });
}

/** Opens the file anew for each batch, so that logrotate may rename it at any time. */
async function append(path: string, events: readonly CallEvent[]): Promise<void> {
  const file = await open(path, "a+", 0o600);
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(new Uint8Array(1), 0, 1, Math.max(0, size - 1));
    // A crash or a full disk may have left half a line.
    const separator = size > 0 && buffer[0] !== 10 ? "\n" : "";
    await file.appendFile(separator + events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    await file.datasync();
  } finally {
    await file.close();
  }
}
