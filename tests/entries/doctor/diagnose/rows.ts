/**
 * Rows of faults: what is spoilt in a set-up that is fine, and the one check that finds it.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Check, diagnose, type DiagnoseOptions } from "@x/propelauth-mcp/doctor";
import { type CheckGroup, type CheckId, CHECKS } from "../../../../src/entries/doctor/report.ts";
import { json } from "../../../support/harness.ts";
import { type Running, type Setup, type Spoil, withSetup } from "../setup.ts";

/** Diagnoses a set-up, with a token. */
export async function examine(
  setup: Setup,
  change: (running: Running) => DiagnoseOptions = () => ({}),
): Promise<readonly Check[]> {
  return await withSetup(setup, async (running) => {
    const { env, token } = running;
    const options = { env, token, ...change(running) };
    const { checks } = await diagnose(options);
    const made = Object.keys(CHECKS).filter((id) =>
      id !== "operations" || options.overrides?.operations
    );
    assert.deepEqual(checks.map(({ id }) => id), made);
    return checks;
  });
}

/** The checks that are neither green nor skipped. */
export function faultsOf(checks: readonly Check[]): readonly Check[] {
  return checks.filter(({ status }) => status === "failed" || status === "warning");
}

/** A fault, and what the check says of it. */
export interface Row {
  readonly setup?: Setup;
  readonly options?: (running: Running) => DiagnoseOptions;
  readonly status?: "warning";
  readonly seen: RegExp;
  readonly remedy: RegExp;
}

/** The rows of each check, by the fault in words. */
export type Rows = Readonly<Partial<Record<CheckId, Readonly<Record<string, Row>>>>>;

/** The checks that a browser needs; the other ones of their group have a test file of their own. */
export const BROWSER_CHECKS: readonly CheckId[] = ["cors", "preflight", "metadata_cors"];

/** The checks of a group, in order. */
export function checksOf(group: CheckGroup): CheckId[] {
  const ids = Object.keys(CHECKS).filter((id): id is CheckId => id in CHECKS);
  return ids.filter((id) => CHECKS[id][0] === group);
}

/** Has each fault found by its check and by no other; each of the checks needs a row. */
export function testRows(ids: readonly CheckId[], rows: Rows): void {
  test(`diagnose() has a row of faults for each of ${ids.join(" ")}`, () => {
    assert.deepEqual(Object.keys(rows).sort(), [...ids].sort());
  });
  for (const [id, faults] of Object.entries(rows)) {
    for (const [when, row] of Object.entries(faults)) {
      const { setup = {}, options, status = "failed", seen, remedy } = row;
      const does = status === "failed" ? "fails" : "warns at";
      test(`diagnose() ${does} ${id} alone when ${when}`, async () => {
        const found = faultsOf(await examine(setup, options));
        assert.deepEqual(found.map((check) => [check.id, check.status]), [[id, status]]);
        assert.match(found[0]?.seen ?? "", seen);
        assert.match(found[0]?.remedy ?? "", remedy);
      });
    }
  }
}

type Place = [method: string, path: string];

/** Spoils one request that comes without `Origin` and without a token. */
export function at([method, path]: Place, spoil: Spoil): Spoil {
  return (request, pass) => {
    const { headers } = request;
    const meant = request.method === method && new URL(request.url).pathname === path &&
      !headers.has("Origin") && !headers.get("Authorization")?.startsWith("Bearer ");
    return meant ? spoil(request, pass) : pass();
  };
}

/** Spoils one request of a web page. */
export function fromPage([method, path]: Place, spoil: Spoil): Spoil {
  return (request, pass) => {
    const meant = request.method === method && new URL(request.url).pathname === path &&
      request.headers.has("Origin");
    return meant ? spoil(request, pass) : pass();
  };
}

/** Spoils the requests that have the user's token. */
export function withToken(spoil: Spoil): Spoil {
  return (request, pass) => {
    const credentials = request.headers.get("Authorization") ?? "";
    return /^Bearer (?!doctor-)/.test(credentials) ? spoil(request, pass) : pass();
  };
}

/** Spoils the requests that have the doctor's random token. */
export function withRandomToken(spoil: Spoil): Spoil {
  return (request, pass) => {
    const credentials = request.headers.get("Authorization") ?? "";
    return credentials.startsWith("Bearer doctor-") ? spoil(request, pass) : pass();
  };
}

/** Answers with a status and without a body. */
export function status(code: number, headers: Record<string, string> = {}): Spoil {
  return () => new Response(code === 204 ? null : "", { status: code, headers });
}

/** Breaks the connection. */
export const broken: Spoil = () => undefined;

/** Replaces members of a JSON document. */
export function members(change: Record<string, unknown>): Spoil {
  return async (_request, pass) => {
    const document: unknown = { ...await (await pass()).json(), ...change };
    return json(document, { headers: { "Access-Control-Allow-Origin": "*" } });
  };
}

/** Sets a header of the answer, or takes it away. */
export function header(name: string, value: string | undefined): Spoil {
  return async (_request, pass) => {
    const answer = await pass();
    const response = new Response(answer.body, answer);
    if (value === undefined) response.headers.delete(name);
    else response.headers.set(name, value);
    return response;
  };
}

/** Sets one environment variable. */
export function variable(name: string, value: string) {
  return ({ env }: Running): DiagnoseOptions => ({ env: { ...env, [name]: value } });
}
