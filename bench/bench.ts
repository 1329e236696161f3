// Measures what the gate costs, as ratios within one run: `deno task bench`.
// deno-lint-ignore-file no-console
import { parseArgs } from "node:util";
import { measureCoreSize, measureImport } from "./measures/artifact.ts";
import { measureCapacity } from "./measures/capacity.ts";
import { measureColdFlight, measureDeadTokens, measureHostileBodies } from "./measures/bounds.ts";
import { measurePolicyCall, measurePolicyList, measureTemplates } from "./measures/policy.ts";
import { measureHttpCall, measureProcessCall } from "./measures/protected_call.ts";
import type { Figure } from "./figure.ts";
import { measureFloods, measureOpenBreaker, measureSlowPropelAuth } from "./measures/outage.ts";
import { measureSharedCache } from "./measures/shared_cache.ts";
import { measureWarmVerification } from "./measures/verification.ts";

const HELP = `Measures what the gate costs, each figure as a ratio or a count within one run.

Usage: deno task bench [options]

  --only WORD   only the measures whose name contains this word
  --json        the figures as JSON
  --help        this text

Quote the medians of several runs on a quiet machine. It takes about two minutes.`;

const MEASURES: readonly [name: string, measure: () => Promise<Figure[]>][] = [
  ["verification", measureWarmVerification],
  ["process", measureProcessCall],
  ["http", measureHttpCall],
  ["policy, call", measurePolicyCall],
  ["policy, list", measurePolicyList],
  ["templates", measureTemplates],
  ["flight", measureColdFlight],
  ["memory", measureDeadTokens],
  ["hostile", measureHostileBodies],
  ["breaker", measureOpenBreaker],
  ["floods", measureFloods],
  ["slow", measureSlowPropelAuth],
  ["shared", measureSharedCache],
  ["capacity", measureCapacity],
  ["import", measureImport],
  ["size", measureCoreSize],
];

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    json: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (values.help) {
  console.log(HELP);
} else {
  const figures: Figure[] = [];
  for (const [name, measure] of MEASURES.filter(([name]) => name.includes(values.only))) {
    if (!values.json) console.error(`measuring: ${name}`);
    figures.push(...await measure());
  }
  console.log(values.json ? JSON.stringify(figures, null, 2) : asTable(figures));
}

function asTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, measured, goal, met }) => [
    what,
    measured,
    goal ?? "",
    met === undefined ? "" : met ? "met" : "NOT MET",
  ]);
  const table = [["what", "measured", "goal", ""], ...rows];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...table.map((row) => (row[column] ?? "").length))
  );
  return table.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  ).join("\n");
}
