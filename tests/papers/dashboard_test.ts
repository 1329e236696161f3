/** The page of `docs/dashboard.png`; the picture itself is drawn by `deno task docs:dashboard`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildDashboard } from "../../docs/dashboard/page.ts";
import type { Sample } from "../../docs/dashboard/samples.ts";

const outcome = (value: string, asInt: number) => ({
  attributes: [{ key: "propelauth.outcome", value: { stringValue: value } }],
  asInt,
});

const text = (attributes: Record<string, string>) =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));

/** Calls of a tool, of which each took between 0.1 and 0.2 or between 0.2 and 0.5 seconds. */
const calls = (tool: string, error: string | undefined, bucketCounts: number[]) => ({
  attributes: text({ "gen_ai.tool.name": tool, ...(error && { "error.type": error }) }),
  count: bucketCounts.reduce((sum, count) => sum + count, 0),
  bucketCounts,
  explicitBounds: [0.1, 0.2, 0.5],
});

const sample = (at: number, accepted: number, unverified: number, open: number): Sample => ({
  at,
  metrics: [
    {
      name: "propelauth.verifications",
      sum: { dataPoints: [outcome("accepted", accepted), outcome("unverified", unverified)] },
    },
    {
      name: "mcp.server.operation.duration",
      histogram: {
        dataPoints: [
          calls("search_notes", undefined, [0, accepted, 0, 0]),
          calls("search_notes", "scope_missing", [3, 0, 0, 0]),
          calls("export_notes", undefined, [0, 0, 4, 0]),
          calls("export_notes", "tool_error", [0, 0, 2, 0]),
          calls("export_notes", "-32602", [0, 0, 1, 0]),
          calls("export_notes", "cancelled", [0, 0, 1, 0]),
        ],
      },
    },
    {
      name: "propelauth.requests.refused",
      sum: { dataPoints: [{ attributes: text({ "error.type": "scope_missing" }), asInt: 3 }] },
    },
    {
      name: "propelauth.organization.calls",
      sum: { dataPoints: [{ attributes: text({ "propelauth.org_id": "acme" }), asInt: 12 }] },
    },
    { name: "propelauth.cache.hit_ratio", gauge: { dataPoints: [{ asDouble: 0.5 }] } },
    { name: "propelauth.breaker.open", sum: { dataPoints: [{ asInt: open }] } },
    {
      name: "propelauth.introspection.duration",
      histogram: {
        dataPoints: [{ count: 4, bucketCounts: [0, 4, 0], explicitBounds: [0.1, 0.2] }],
      },
    },
  ],
});

test("buildDashboard() shows what was measured", () => {
  const html = buildDashboard([
    sample(0, 0, 0, 0),
    sample(1000, 40, 0, 0),
    sample(2000, 40, 20, 1),
  ]);
  const shown = html.replace(/<style>.*<\/style>/s, "").replace(/<[^>]+>/g, " ");
  for (
    const expected of [
      /\b51 +calls\b/,
      /\b20 +tokens unverified: 503/,
      /50 % +cache hit ratio/,
      // Within the bucket of 100 to 200 ms, as Prometheus estimates it.
      /195 ms +95th percentile, PropelAuth/,
      // The often called tool first; then the slow tool first.
      /by tool and outcome.*search_notes +43 +export_notes +8\b.*Slowest tools/s,
      /Slowest tools.*export_notes +485 ms +search_notes +1\d\d ms/s,
      /Refusals, by reason.*scope_missing +3\b/s,
      /organization.*acme +12\b/s,
    ]
  ) assert.match(shown, expected);
  // Green for 4 that succeeded, brown for 2 tool errors, gray for a client that left, red for an error.
  const bar = html.slice(html.indexOf(">export_notes<"));
  const widths = [...bar.matchAll(/width="([\d.]+)" height="17" fill="(#\w+)"/g)].slice(0, 5)
    .map(([, width, color]) => [color, Number(width)] as const);
  const [one = 0] = widths.filter(([color]) => color === "#d0453e").map(([, width]) => width);
  assert.deepEqual(widths.map(([color, width]) => [color, Math.round(width / one)]), [
    ["#2f9e6e", 4],
    ["#b5651d", 2],
    ["#e0a021", 0],
    ["#9aa1ac", 1],
    ["#d0453e", 1],
  ]);
  assert.doesNotMatch(html, /NaN|undefined|<script/);
});

test("buildDashboard() shows a server that nobody called yet", () => {
  assert.doesNotMatch(buildDashboard([]), /NaN|undefined/);
});

test("docs/observe.md shows a picture that is one", () => {
  const root = new URL("../../docs/", import.meta.url);
  const guide = Deno.readTextFileSync(new URL("observe.md", root));
  assert.match(guide, /!\[[^\]]+\]\(dashboard\.png\)/);
  const picture = Deno.readFileSync(new URL("dashboard.png", root));
  assert.equal(new TextDecoder().decode(picture.subarray(1, 4)), "PNG");
});

test("docs/dashboard/grafana.json asks for metrics and attributes that docs/observe.md lists", () => {
  const root = new URL("../../docs/", import.meta.url);
  const guide = Deno.readTextFileSync(new URL("observe.md", root));
  const listed = new Set(
    [...guide.matchAll(/`([a-z]+(?:[._][a-z]+)+)`/g)].map(([, name = ""]) =>
      name.replaceAll(".", "_")
    ),
  );
  const { panels } = JSON.parse(Deno.readTextFileSync(new URL("dashboard/grafana.json", root)));
  assert.equal(panels.length, 8);
  for (const { title, targets } of panels) {
    for (const { expr, refId } of targets) {
      assert.match(refId, /^[AB]$/);
      for (const [name] of expr.matchAll(/\b(?:mcp|propelauth|gen_ai|error)_\w+/g)) {
        const plain = name.replace(/_seconds(_bucket|_count)$|_total$/, "");
        assert(listed.has(plain), `${title}: ${name}`);
      }
    }
  }
});
