// Prints one event, to whatever standard error is.
import { consoleEvents } from "@x/propelauth-mcp/events";

consoleEvents()({ code: "breaker_closed", message: "PropelAuth answers again.", occurredAt: 0 });
