import { mcp } from "../../handler";

export { mcp as DELETE, mcp as GET, mcp as OPTIONS, mcp as POST };
