/**
 * Figures from exported metrics: sums, rates, groups and percentiles. Pure.
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

/** The value that an attribute must have, by the attribute's name. */
export type Filter = Readonly<Record<string, string>>;

/** The bounds of a histogram, and the number of measurements in each bucket since the start. */
export interface Buckets {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** The sum of the points with these attributes. */
export function total(sample: Sample | undefined, name: string, filter: Filter = {}): number {
  return points(sample, name, filter)
    .reduce((sum, { asInt, asDouble, count }) => sum + Number(asInt ?? asDouble ?? count ?? 0), 0);
}

/** The increase per second between each export and the one before. */
export function rates(samples: readonly Sample[], name: string, filter?: Filter): number[] {
  return samples.slice(1).map((sample, i) => {
    const before = samples[i];
    const seconds = (sample.at - (before?.at ?? 0)) / 1000;
    return Math.max(0, total(sample, name, filter) - total(before, name, filter)) / seconds;
  });
}

/** The values that an attribute has in the points, each once. */
export function valuesOf(sample: Sample | undefined, name: string, attribute: string): string[] {
  return [
    ...new Set(
      points(sample, name).flatMap((point) => {
        const value = valueOf(point, attribute);
        return value === undefined ? [] : [value];
      }),
    ),
  ];
}

/** The sum of the points for each value of an attribute; `""` where it is absent. */
export function totalBy(
  sample: Sample | undefined,
  name: string,
  attribute: string,
  filter?: Filter,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const point of points(sample, name, filter)) {
    const value = valueOf(point, attribute) ?? "";
    const { asInt, asDouble, count } = point;
    sums.set(value, (sums.get(value) ?? 0) + Number(asInt ?? asDouble ?? count ?? 0));
  }
  return sums;
}

/** Adds up the buckets of the points with these attributes. */
export function buckets(sample: Sample | undefined, name: string, filter?: Filter): Buckets {
  const all = points(sample, name, filter);
  const bounds = all[0]?.explicitBounds ?? [];
  const counts = [...bounds, Infinity].map((_, i) =>
    all.reduce((sum, { bucketCounts = [] }) => sum + Number(bucketCounts[i] ?? 0), 0)
  );
  return { bounds, counts };
}

/** The value below which a share of the measurements lies, estimated within its bucket. */
export function quantile({ bounds, counts }: Buckets, share: number): number {
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

function points(sample: Sample | undefined, name: string, filter: Filter = {}): readonly Point[] {
  const metric = sample?.metrics.find((metric) => metric.name === name);
  const all = (metric?.sum ?? metric?.gauge ?? metric?.histogram)?.dataPoints ?? [];
  return all.filter((point) =>
    Object.entries(filter).every(([key, value]) => valueOf(point, key) === value)
  );
}

function valueOf({ attributes = [] }: Point, key: string): string | undefined {
  return attributes.find((one) => one.key === key)?.value.stringValue;
}
