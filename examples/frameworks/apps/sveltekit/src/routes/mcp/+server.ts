// `fallback` answers every method.
export { handler as fallback } from "../../lib/server/mcp";
