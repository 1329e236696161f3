/**
 * A page that shows exported metrics over time. Pure: samples in, HTML out.
 *
 * @module
 */

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly boolValue?: boolean };
}

interface Point {
  readonly attributes?: readonly Attribute[];
  readonly asInt?: string | number;
  readonly asDouble?: number;
  readonly count?: string | number;
  readonly bucketCounts?: readonly (string | number)[];
  readonly explicitBounds?: readonly number[];
}

/** One export, as OTLP spells it. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly metrics: readonly {
    readonly name: string;
    readonly sum?: { readonly dataPoints: readonly Point[] };
    readonly gauge?: { readonly dataPoints: readonly Point[] };
    readonly histogram?: { readonly dataPoints: readonly Point[] };
  }[];
}

const OUTCOMES = { accepted: "#2f9e6e", refused: "#e0a021", unverified: "#d0453e" } as const;
const SOURCES = { cache: "#3b6fd4", introspection: "#8a5bd1", flight: "#19a3b5" } as const;

function points(sample: Sample | undefined, name: string): readonly Point[] {
  const metric = sample?.metrics.find((metric) => metric.name === `propelauth.${name}`);
  return (metric?.sum ?? metric?.gauge ?? metric?.histogram)?.dataPoints ?? [];
}

/** The sum of the points that have an attribute with this value, or of all points. */
function total(sample: Sample | undefined, name: string, key?: string, value?: string): number {
  return points(sample, name)
    .filter(({ attributes = [] }) =>
      key === undefined ||
      attributes.some((one) => one.key === key && one.value.stringValue === value)
    )
    .reduce((sum, { asInt, asDouble, count }) => sum + Number(asInt ?? asDouble ?? count ?? 0), 0);
}

/** The increase per second between each export and the one before. */
function rates(samples: readonly Sample[], name: string, key?: string, value?: string): number[] {
  return samples.slice(1).map((sample, i) => {
    const before = samples[i];
    const seconds = (sample.at - (before?.at ?? 0)) / 1000;
    return Math.max(0, total(sample, name, key, value) - total(before, name, key, value)) / seconds;
  });
}

/** The bounds of the histogram, and the number of introspections in each bucket since the start. */
function buckets(sample: Sample | undefined): { bounds: readonly number[]; counts: number[] } {
  const all = points(sample, "introspection.duration");
  const bounds = all[0]?.explicitBounds ?? [];
  const counts = [...bounds, Infinity].map((_, i) =>
    all.reduce((sum, { bucketCounts = [] }) => sum + Number(bucketCounts[i] ?? 0), 0)
  );
  return { bounds, counts };
}

function quantile(sample: Sample | undefined, share: number): number {
  const { bounds, counts } = buckets(sample);
  const rank = share * counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [i, count] of counts.entries()) {
    if (seen + count >= rank && count > 0) {
      const lower = bounds[i - 1] ?? 0;
      const upper = bounds[i] ?? lower;
      return lower + (upper - lower) * (rank - seen) / count;
    }
    seen += count;
  }
  return 0;
}

const WIDTH = 500;
const HEIGHT = 150;

/** Rounds up to a number that is easy to read at the end of an axis. */
function roundUp(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return Math.ceil(value / unit * 2) / 2 * unit;
}

function scale(max: number): string {
  return [0, 0.5, 1].map((share) => {
    const y = HEIGHT - share * HEIGHT;
    const label = (share * max).toFixed(max < 10 ? 1 : 0);
    return `<line x1="0" x2="${WIDTH}" y1="${y}" y2="${y}" class="grid"/>` +
      `<text x="-8" y="${y + 4}" text-anchor="end">${label}</text>`;
  }).join("");
}

function seconds(duration: number): string {
  const ticks = [0, 1, 2, 3, 4].map((i) => i / 4);
  return ticks.map((share) =>
    `<text x="${share * WIDTH}" y="${HEIGHT + 18}" text-anchor="middle">${
      Math.round(share * duration)
    } s</text>`
  ).join("");
}

function chart(content: string): string {
  return `<svg viewBox="-44 -8 ${WIDTH + 64} ${HEIGHT + 32}">${content}</svg>`;
}

/** Stacked areas, the first series at the bottom. */
function areas(series: Record<string, number[]>, colors: Record<string, string>, time: string) {
  const length = Object.values(series)[0]?.length ?? 0;
  const sums = Array.from(
    { length },
    (_, i) => Object.values(series).reduce((sum, values) => sum + (values[i] ?? 0), 0),
  );
  const max = roundUp(Math.max(1, ...sums));
  const x = (i: number) => (i / Math.max(1, length - 1) * WIDTH).toFixed(1);
  const y = (value: number) => (HEIGHT - value / max * HEIGHT).toFixed(1);
  let below = new Array<number>(length).fill(0);
  const drawn = Object.entries(series).map(([name, values]) => {
    const top = values.map((value, i) => value + (below[i] ?? 0));
    const up = top.map((value, i) => `${x(i)},${y(value)}`);
    const down = below.map((value, i) => `${x(i)},${y(value)}`).reverse();
    below = top;
    return `<polygon points="${[...up, ...down].join(" ")}" fill="${colors[name]}"/>`;
  });
  return chart(scale(max) + drawn.join("") + time);
}

function line(values: number[], max: number, color: string, time: string): string {
  const at = (value: number, i: number) =>
    `${(i / Math.max(1, values.length - 1) * WIDTH).toFixed(1)},${
      (HEIGHT - value / max * HEIGHT).toFixed(1)
    }`;
  const path = values.map(at).join(" ");
  return chart(
    `${
      scale(max)
    }<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2.5"/>${time}`,
  );
}

function bars(sample: Sample | undefined): string {
  const { bounds, counts } = buckets(sample);
  const max = roundUp(Math.max(1, ...counts));
  const step = WIDTH / counts.length;
  const drawn = counts.map((count, i) => {
    const height = count / max * HEIGHT;
    const label = bounds[i] === undefined ? "more" : `${bounds[i] * 1000}`;
    return `<rect x="${i * step + 3}" y="${HEIGHT - height}" width="${
      step - 6
    }" height="${height}" ` +
      `fill="${SOURCES.introspection}"/><text x="${(i + 0.5) * step}" y="${HEIGHT + 18}" ` +
      `text-anchor="middle">${label}</text>`;
  });
  return chart(scale(max) + drawn.join(""));
}

function legend(colors: Record<string, string>): string {
  return Object.entries(colors).map(([name, color]) =>
    `<span><i style="background:${color}"></i>${name}</span>`
  ).join("");
}

function panel(title: string, metric: string, content: string, keys = ""): string {
  return `<section><h2>${title}<small>${keys}</small></h2>${content}<code>propelauth.${metric}</code></section>`;
}

function tile(name: string, value: string, color = "inherit"): string {
  return `<div class="tile"><b style="color:${color}">${value}</b>${name}</div>`;
}

/**
 * Builds the page of the dashboard.
 *
 * @param samples The exports, in order.
 * @returns A whole HTML document without a script.
 */
export function buildDashboard(samples: readonly Sample[]): string {
  const last = samples.at(-1);
  const duration = ((last?.at ?? 0) - (samples[0]?.at ?? 0)) / 1000;
  const time = seconds(duration);
  const by = (key: string, names: object) =>
    Object.fromEntries(
      Object.keys(names).map((name) => [name, rates(samples, "verifications", key, name)]),
    );
  const ratio = samples.map((sample) => total(sample, "cache.hit_ratio"));
  const breaker = samples.map((sample) => total(sample, "breaker.open"));
  const opened = breaker.filter((state, i) => state > (breaker[i - 1] ?? 0)).length;
  const verified = total(last, "verifications");
  const unverified = total(last, "verifications", "propelauth.outcome", "unverified");
  return `<!doctype html><meta charset="utf-8"><title>notes-mcp</title><style>
    * { box-sizing: border-box }
    body { margin: 0; padding: 20px 24px; background: #f4f5f7; color: #23272f;
      font: 13px/1.4 system-ui, "DejaVu Sans", sans-serif }
    h1 { font-size: 17px; margin: 0 0 14px }
    main, .tiles { display: grid; gap: 14px; grid-template-columns: 1fr 1fr }
    .tiles { grid-template-columns: repeat(5, 1fr); margin-bottom: 14px }
    section, .tile { background: #fff; border: 1px solid #e1e4e9; border-radius: 8px; padding: 12px 14px }
    .tile b { display: block; font-size: 23px; font-weight: 600 }
    h2 { font-size: 13px; margin: 0 0 6px; display: flex; justify-content: space-between }
    small { font-weight: 400 } small span { margin-left: 12px }
    i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 5px }
    svg { width: 100%; display: block } text { font-size: 11px; fill: #6b7280 }
    .grid { stroke: #e7e9ee } code { color: #6b7280; font-size: 11px }
  </style><h1>notes-mcp: who gets in, and what PropelAuth takes</h1>
  <div class="tiles">${tile("tokens", String(verified))}${
    tile("of them unverified: 503", String(unverified), OUTCOMES.unverified)
  }${tile("cache hit ratio", `${Math.round((ratio.at(-1) ?? 0) * 100)} %`)}${
    tile("95th percentile, PropelAuth", `${Math.round(quantile(last, 0.95) * 1000)} ms`)
  }${tile("times the breaker opened", String(opened), OUTCOMES.unverified)}</div>
  <main>${
    panel(
      "Tokens a second, by outcome",
      "verifications",
      areas(by("propelauth.outcome", OUTCOMES), OUTCOMES, time),
      legend(OUTCOMES),
    )
  }${
    panel(
      "Tokens a second, by source",
      "verifications, propelauth.flights.joined",
      areas(by("propelauth.source", SOURCES), SOURCES, time),
      legend(SOURCES),
    )
  }${panel("PropelAuth's answers, by milliseconds", "introspection.duration", bars(last))}${
    panel(
      "Breaker open",
      "breaker.open",
      line(breaker, 1, OUTCOMES.unverified, time),
    )
  }</main>`;
}
