/** The page of `docs/dashboard.png`; the picture itself is drawn by `deno task docs:dashboard`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildDashboard, type Sample } from "../../docs/dashboard/charts.ts";

const outcome = (value: string, asInt: number) => ({
  attributes: [{ key: "propelauth.outcome", value: { stringValue: value } }],
  asInt,
});

const sample = (at: number, accepted: number, unverified: number, open: number): Sample => ({
  at,
  metrics: [
    {
      name: "propelauth.verifications",
      sum: { dataPoints: [outcome("accepted", accepted), outcome("unverified", unverified)] },
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
  const text = html.replace(/<style>.*<\/style>/s, "").replace(/<[^>]+>/g, " ");
  for (
    const shown of [
      /\b60 +tokens\b/,
      /\b20 +of them unverified: 503/,
      /50 % +cache hit ratio/,
      // Within the bucket of 100 to 200 ms, as Prometheus guesses it.
      /195 ms +95th percentile/,
      /\b1 +times the breaker opened/,
    ]
  ) assert.match(text, shown);
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
