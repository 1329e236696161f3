// Measures what the gate costs, as ratios within one run: `deno task bench`.
// deno-lint-ignore-file no-console
import { parseArgs } from "node:util";
import { setRounds } from "./compare.ts";
import { measureKeyQuestions, measureWarmKey } from "./measures/api_keys.ts";
import { measureCoreSize, measureFirstCall } from "./measures/artifact.ts";
import {
  measureAuditCall,
  measureAuditMemory,
  measureAuditNode,
  measureAuditStream,
} from "./measures/audit.ts";
import { measureCapacity } from "./measures/capacity.ts";
import { measureColdFlight, measureDeadTokens, measureHostileBodies } from "./measures/bounds.ts";
import { measureMemory } from "./measures/memory.ts";
import { measureFastMcp, measurePeers } from "./measures/peers.ts";
import { measurePolicyCall, measurePolicyList, measureTemplates } from "./measures/policy.ts";
import { measureHttpCall, measureNodeCall, measureProcessCall } from "./measures/protected_call.ts";
import type { Figure } from "./figure.ts";
import { measureOnQuietMachine } from "./machine.ts";
import { measureOtel } from "./measures/otel.ts";
import { measureFloods, measureOpenBreaker, measureSlowPropelAuth } from "./measures/outage.ts";
import { measureSharedCache } from "./measures/shared_cache.ts";
import { measureWarmVerification } from "./measures/verification.ts";

const HELP = `Measures what the gate costs, each figure as a ratio or a count within one run.

Usage: deno task bench [options]

  --only WORD      only the measures whose name contains this word
  --rounds N       how many rounds of a comparison of two servers count, 40 of most; a few show
                   that a measure runs, and no more
  --before FOLDER  compares garbage collections with an older checkout in this folder
  --loaded         prints times of a busy machine too, each with the load
  --json           the figures as JSON
  --help           this text

CPU times are those of the whole server process. Behind a median, in parentheses: the quartiles of its
rounds. A time that was taken while other programs kept the machine busy is not printed.

It takes about ten minutes. Node 20, 22 and 24 have to be installed (npm ci --prefix .ci/tools). Two
measures run only by name: "peers" installs other gates for MCP servers, and "fastmcp" FastMCP by pip.`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string" },
    before: { type: "string" },
    loaded: { type: "boolean", default: false },
    json: { type: "boolean" },
    help: { type: "boolean" },
  },
});

const MEASURES: readonly [name: string, measure: () => Promise<Figure[]>][] = [
  ["verification", measureWarmVerification],
  ["key, warm", measureWarmKey],
  ["key, questions", measureKeyQuestions],
  ["process", measureProcessCall],
  ["http", measureHttpCall],
  ["node", measureNodeCall],
  ["policy, call", measurePolicyCall],
  ["policy, list", measurePolicyList],
  ["templates", measureTemplates],
  ["flight", measureColdFlight],
  ["dead", measureDeadTokens],
  ["memory", () => measureMemory(values.before)],
  ["hostile", measureHostileBodies],
  ["breaker", measureOpenBreaker],
  ["floods", measureFloods],
  ["slow", measureSlowPropelAuth],
  ["shared", measureSharedCache],
  ["audit, call", measureAuditCall],
  ["audit, node", measureAuditNode],
  ["audit, stream", measureAuditStream],
  ["audit, memory", measureAuditMemory],
  ["otel", measureOtel],
  ["capacity", measureCapacity],
  ["first", measureFirstCall],
  ["size", measureCoreSize],
];
/** Measures that install much, so that they run only by name. */
const BY_NAME: typeof MEASURES = [["peers", measurePeers], ["fastmcp", measureFastMcp]];

function choose(only: string | undefined): typeof MEASURES {
  if (only === undefined) return MEASURES;
  return [...MEASURES, ...BY_NAME].filter(([name]) => name.includes(only));
}

const rounds = values.rounds === undefined ? undefined : Number(values.rounds);

if (values.help) {
  console.log(HELP);
} else if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
  console.error(`--rounds must be a whole number above 0: received ${values.rounds}`);
  Deno.exit(2);
} else {
  if (rounds !== undefined) setRounds(rounds);
  const figures: Figure[] = [];
  for (const [name, measure] of choose(values.only)) {
    if (!values.json) console.error(`measuring: ${name}`);
    figures.push(...await measureOnQuietMachine(measure, values.loaded));
  }
  console.log(values.json ? JSON.stringify(figures, null, 2) : asTable(figures));
  if (!values.json) console.log(sumUp(figures));
}

/** Names the figures that fall short of their goals, and those that a busy machine hid. */
function sumUp(figures: readonly Figure[]): string {
  const missed = figures.filter(({ met }) => met === false).map(({ what }) => `  ${what}`);
  const goals = figures.filter(({ met }) => met !== undefined).length;
  return missed.length === 0
    ? `\n${goals} goals were measured and met.`
    : `\n${missed.length} of ${goals} goals that were measured are not met:\n${missed.join("\n")}`;
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
