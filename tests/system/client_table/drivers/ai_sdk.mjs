// The MCP client of the AI SDK.
import { client } from "./ai_sdk_client.mjs";
import { serve } from "./host.mjs";

await serve(client);
