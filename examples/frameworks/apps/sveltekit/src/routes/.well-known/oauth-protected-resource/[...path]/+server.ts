export { handler as fallback } from "../../../../lib/server/mcp";
