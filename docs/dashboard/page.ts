/**
 * The page of the dashboard: exported metrics over time. Pure: samples in, HTML out.
 *
 * @module
 */
import { areas, type Colors, histogram, legend, line, type Row, rows, seconds } from "./charts.ts";
import { buckets, quantile, rates, type Sample, total, totalBy, valuesOf } from "./samples.ts";

const CALLS = "mcp.server.operation.duration";
const TOOL = "gen_ai.tool.name";
const ERROR = "error.type";
const VERIFICATIONS = "propelauth.verifications";
const [GREEN, AMBER, RED, BLUE] = ["#2f9e6e", "#e0a021", "#d0453e", "#3b6fd4"];
const TOKEN_OUTCOMES = { accepted: GREEN, refused: AMBER, unverified: RED };
const SOURCES = { cache: BLUE, introspection: "#8a5bd1", flight: "#19a3b5" };
const CALL_OUTCOMES = {
  ok: GREEN,
  tool_error: "#b5651d",
  refused: AMBER,
  cancelled: "#9aa1ac",
  error: RED,
};

/**
 * Groups a value of `error.type`: absent, a tool's own error, a call that the client left, a call
 * without a result (a code or a word), or the reason of a refusal.
 */
function outcomeOf(errorType: string): keyof typeof CALL_OUTCOMES {
  if (errorType === "") return "ok";
  if (errorType === "tool_error" || errorType === "cancelled") return errorType;
  return /^(?:-?\d+|no_answer|_OTHER)$/.test(errorType) ? "error" : "refused";
}

function callsByTool(sample: Sample | undefined): Row[] {
  return valuesOf(sample, CALLS, TOOL).map((tool) => {
    const counts: Record<string, number> = {};
    let sum = 0;
    for (const [type, count] of totalBy(sample, CALLS, ERROR, { [TOOL]: tool })) {
      counts[outcomeOf(type)] = (counts[outcomeOf(type)] ?? 0) + count;
      sum += count;
    }
    const parts = Object.entries(CALL_OUTCOMES).map(([outcome, color]) =>
      [color, counts[outcome] ?? 0] as const
    );
    return { name: tool, parts, label: String(sum), sum };
  }).sort((a, b) => b.sum - a.sum);
}

function slowestTools(sample: Sample | undefined): Row[] {
  return valuesOf(sample, CALLS, TOOL).map((tool) => {
    const slow = quantile(buckets(sample, CALLS, { [TOOL]: tool }), 0.95);
    return { name: tool, parts: [[BLUE, slow]] as const, label: milliseconds(slow), slow };
  }).sort((a, b) => b.slow - a.slow);
}

function counted(counts: Map<string, number>, color: string): Row[] {
  return [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => ({
    name,
    parts: [[color, count]],
    label: String(count),
  }));
}

function refusals(sample: Sample | undefined): Map<string, number> {
  const tokens = totalBy(sample, VERIFICATIONS, ERROR, { "propelauth.outcome": "refused" });
  const requests = totalBy(sample, "propelauth.requests.refused", ERROR);
  for (const [reason, count] of requests) tokens.set(reason, (tokens.get(reason) ?? 0) + count);
  return tokens;
}

function milliseconds(duration: number): string {
  return `${Math.round(duration * 1000)} ms`;
}

function panel(title: string, metric: string, content: string, colors: Colors = {}): string {
  const keys = legend(colors);
  return `<section><h2>${title}<small>${keys}</small></h2>${content}<code>${metric}</code></section>`;
}

function tile(name: string, value: string, color = "inherit"): string {
  return `<div class="tile"><b style="color:${color}">${value}</b>${name}</div>`;
}

const STYLE = `
    * { box-sizing: border-box }
    body { margin: 0; padding: 20px 24px; background: #f4f5f7; color: #23272f;
      font: 13px/1.4 system-ui, "DejaVu Sans", sans-serif }
    h1 { font-size: 17px; margin: 0 0 14px }
    main, .tiles { display: grid; gap: 14px; grid-template-columns: 1fr 1fr }
    .tiles { grid-template-columns: repeat(5, auto); margin-bottom: 14px }
    section, .tile { background: #fff; border: 1px solid #e1e4e9; border-radius: 8px; padding: 12px 14px }
    .tile b { display: block; font-size: 23px; font-weight: 600 }
    h2 { font-size: 13px; margin: 0 0 6px; display: flex; justify-content: space-between }
    h2 { white-space: nowrap } small { font-weight: 400; font-size: 11px } small span { margin-left: 9px }
    i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 5px }
    svg { width: 100%; display: block } text { font-size: 11px; fill: #6b7280 }
    .grid { stroke: #e7e9ee } code { color: #6b7280; font-size: 11px }
  `;

/**
 * Builds the page of the dashboard.
 *
 * @param samples The exports, in order.
 * @returns A whole HTML document without a script.
 */
export function buildDashboard(samples: readonly Sample[]): string {
  const last = samples.at(-1);
  const time = seconds(((last?.at ?? 0) - (samples[0]?.at ?? 0)) / 1000);
  const by = (attribute: string, colors: Colors) =>
    areas(
      Object.fromEntries(
        Object.keys(colors).map((name) => [
          name,
          rates(samples, VERIFICATIONS, { [attribute]: name }),
        ]),
      ),
      colors,
      time,
    );
  const introspection = "propelauth.introspection.duration";
  const answers = buckets(last, introspection);
  const breaker = samples.map((sample) => total(sample, "propelauth.breaker.open"));
  const unverified = total(last, VERIFICATIONS, { "propelauth.outcome": "unverified" });
  const ratio = total(last, "propelauth.cache.hit_ratio");
  const calls = buckets(last, CALLS);
  const organizations = totalBy(last, "propelauth.organization.calls", "propelauth.org_id");
  return `<!doctype html><meta charset="utf-8"><title>notes-mcp</title><style>${STYLE}</style>
  <h1>notes-mcp: who calls which tool, who gets in, and what PropelAuth takes</h1>
  <div class="tiles">${tile("calls", String(total(last, CALLS)))}${
    tile("95th percentile of a call", milliseconds(quantile(calls, 0.95)))
  }${tile("tokens unverified: 503", String(unverified), RED)}${
    tile("cache hit ratio", `${Math.round(ratio * 100)} %`)
  }${tile("95th percentile, PropelAuth", milliseconds(quantile(answers, 0.95)))}</div>
  <main>${
    [
      panel("Calls, by tool and outcome", CALLS, rows(callsByTool(last)), CALL_OUTCOMES),
      panel("Slowest tools, 95th percentile", CALLS, rows(slowestTools(last))),
      panel(
        "Refusals, by reason",
        `${VERIFICATIONS}, propelauth.requests.refused`,
        rows(counted(refusals(last), AMBER)),
      ),
      panel(
        "Calls, by the caller's organization",
        "propelauth.organization.calls",
        rows(counted(organizations, BLUE)),
      ),
      panel(
        "Tokens a second, by outcome",
        VERIFICATIONS,
        by("propelauth.outcome", TOKEN_OUTCOMES),
        TOKEN_OUTCOMES,
      ),
      panel(
        "Tokens a second, by source",
        `${VERIFICATIONS}, propelauth.flights.joined`,
        by("propelauth.source", SOURCES),
        SOURCES,
      ),
      panel(
        "PropelAuth's answers, by milliseconds",
        introspection,
        histogram(answers, SOURCES.introspection),
      ),
      panel("Breaker open", "propelauth.breaker.open", line(breaker, 1, RED, time)),
    ].join("")
  }</main>`;
}
