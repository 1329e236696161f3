/**
 * The lines of a text that comes in pieces. Pure: no clock, no network.
 *
 * @module
 */

/**
 * Creates a function that splits a text that comes in pieces into lines, which end in LF, CR or CR LF.
 *
 * @returns The function; it takes the pieces in order, and gives the lines that each completes.
 */
export function createLineReader(): (text: string) => string[] {
  let rest = "";
  let endsWithCr = false;
  return (text) => {
    if (text === "") return [];
    // A CR ended its line already: an LF behind it belongs to it.
    const piece = endsWithCr && text.startsWith("\n") ? text.slice(1) : text;
    endsWithCr = piece.endsWith("\r");
    const lines = piece.split(/\r\n|\n|\r/);
    lines[0] = rest + lines[0];
    rest = lines.pop() ?? "";
    return lines;
  };
}
