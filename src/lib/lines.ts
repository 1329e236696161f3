/**
 * The lines of a text that comes in pieces. Pure: no clock, no network.
 *
 * @module
 */

/**
 * Creates a function that splits a text that comes in pieces into lines, which end in LF, CR or CR LF.
 *
 * A piece is UTF-8, or text: a stream on Node may hold text, which adapters there send.
 *
 * @returns The function; it takes the pieces in order, and gives the lines that each completes.
 */
export function createLineReader(): (piece: Uint8Array | string) => string[] {
  const decoder = new TextDecoder();
  let rest = "";
  let endsWithCr = false;
  return (piece) => {
    let text = typeof piece === "string"
      ? decoder.decode() + piece
      : decoder.decode(piece, { stream: true });
    if (text === "") return [];
    // A CR ended its line already: an LF behind it belongs to it.
    if (endsWithCr && text.startsWith("\n")) text = text.slice(1);
    endsWithCr = text.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = rest + lines[0];
    rest = lines.pop() ?? "";
    return lines;
  };
}
