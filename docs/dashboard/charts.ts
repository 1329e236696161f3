/**
 * Charts as SVG. Pure: numbers in, text out.
 *
 * @module
 */
import type { Buckets } from "./samples.ts";

/** A color for each name of a series. */
export type Colors = Readonly<Record<string, string>>;

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

/** The labels of a time axis that begins at 0. */
export function seconds(duration: number): string {
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
export function areas(series: Record<string, number[]>, colors: Colors, time: string): string {
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

/** One line over time. */
export function line(values: number[], max: number, color: string, time: string): string {
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

/** One bar for each bucket of a histogram of seconds. */
export function histogram({ bounds, counts }: Buckets, color: string): string {
  const max = roundUp(Math.max(1, ...counts));
  const step = WIDTH / counts.length;
  const drawn = counts.map((count, i) => {
    const height = count / max * HEIGHT;
    const label = bounds[i] === undefined ? "more" : `${bounds[i] * 1000}`;
    return `<rect x="${i * step + 3}" y="${HEIGHT - height}" width="${
      step - 6
    }" height="${height}" ` +
      `fill="${color}"/><text x="${(i + 0.5) * step}" y="${HEIGHT + 18}" ` +
      `text-anchor="middle">${label}</text>`;
  });
  return chart(scale(max) + drawn.join(""));
}

/** Names the colors of a chart. */
export function legend(colors: Colors): string {
  return Object.entries(colors).map(([name, color]) =>
    `<span><i style="background:${color}"></i>${name}</span>`
  ).join("");
}

/** A row of {@linkcode rows}: the parts of its bar by color, and its figure as text. */
export interface Row {
  readonly name: string;
  readonly parts: readonly (readonly [color: string, value: number])[];
  readonly label: string;
}

const NAMES_WIDTH = 110;
const LABELS_WIDTH = 64;

/** Horizontal bars, one below the other, with room for six. */
export function rows(all: readonly Row[]): string {
  const shown = all.slice(0, 6);
  const sums = shown.map(({ parts }) => parts.reduce((sum, [, value]) => sum + value, 0));
  const scale = (WIDTH - NAMES_WIDTH - LABELS_WIDTH) / Math.max(...sums, Number.MIN_VALUE);
  const drawn = shown.map(({ name, parts, label }, i) => {
    const y = i * 25 + 4;
    let x = NAMES_WIDTH;
    const bars = parts.map(([color, value]) => {
      const width = value * scale;
      x += width;
      return `<rect x="${(x - width).toFixed(1)}" y="${y}" width="${
        width.toFixed(1)
      }" height="17" fill="${color}"/>`;
    });
    return `<text x="${NAMES_WIDTH - 10}" y="${y + 13}" text-anchor="end">${name}</text>${
      bars.join("")
    }<text x="${(x + 8).toFixed(1)}" y="${y + 13}">${label}</text>`;
  });
  return chart(drawn.join(""));
}
