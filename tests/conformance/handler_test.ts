import { testConformance } from "./rows.ts";

testConformance(
  "",
  (auth, mcp) => auth.handler((_request, { authInfo }) => new Response(mcp(authInfo.subject))),
);
