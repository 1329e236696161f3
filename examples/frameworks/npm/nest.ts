// NestJS with @rekog/mcp-nest, whose endpoint is outside of Nest's own routing: the gate is middleware.
import "reflect-metadata";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { McpController, McpStrategy, StreamableHttpTransport, Tool } from "@rekog/mcp-nest";
import { createPropelAuth } from "@x/propelauth-mcp";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { metadataRoutes, requireAuth } from "@x/propelauth-mcp/express";

const auth = createPropelAuth.fromEnv({
  operations: { tools: { write_report: ["write:reports"] } },
  onEvent: consoleEvents(),
});

@McpController()
class Reports {
  @Tool({ name: "whoami", description: "Tells who is calling" })
  whoami() {
    return { content: [{ type: "text", text: auth.getAccessToken()?.subject ?? "nobody" }] };
  }

  @Tool({ name: "write_report", description: "Writes a report" })
  writeReport() {
    return { content: [{ type: "text", text: "written" }] };
  }
}

@Module({ controllers: [Reports] })
class AppModule {}

const mcp = new McpStrategy({
  name: "My protected server",
  version: "1.0.0",
  transports: [new StreamableHttpTransport()],
});
const app = await NestFactory.create(AppModule, { logger: ["error", "warn"] });
app.use(metadataRoutes(auth));
app.use("/mcp", requireAuth(auth));
mcp.setHttpAdapter(app.getHttpAdapter());
app.connectMicroservice({ strategy: mcp });
await app.startAllMicroservices();
await app.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1");
console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
