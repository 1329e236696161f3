#!/usr/bin/env bash
# dev.langchain4j:langchain4j-mcp 1.18.1-beta28 sends no MCP-Protocol-Version after `initialize`.
#
# Expected: MCP 2025-11-25, Transports, Protocol Version Header: over HTTP a client has to send
# `MCP-Protocol-Version` with each request after `initialize`. The client asks for 2025-11-25.
# Seen: no request has the header, neither to a server without sessions nor to one with them.
# For users: a server that keeps no session cannot tell these requests from those of 2025-03-26, and
# is to treat them as such. This library takes a request without the header and without a session for
# the first of a session: during an outage it waits up to 7 seconds in place of an immediate 503.
# `customHeaders(call -> ...)` of the transport can add the header to all requests but `initialize`.
#
# Output on 28 November 2026, with Java 17: see the end of this script.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>dev.langchain4j</groupId>
      <artifactId>langchain4j-mcp</artifactId>
      <version>1.18.1-beta28</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>2.0.17</version>
    </dependency>
  </dependencies>
</project>
END
timeout 280 mvn --quiet --batch-mode -Dmaven.repo.local="$folder/m2" \
  org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib \
  &> mvn.txt || { cat mvn.txt; exit 1; }

cat > Finding.java <<'END'
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.mcp.client.DefaultMcpClient;
import dev.langchain4j.mcp.client.McpCallContext;
import dev.langchain4j.mcp.client.McpHeadersSupplier;
import dev.langchain4j.mcp.client.transport.http.StreamableHttpMcpTransport;
import dev.langchain4j.mcp.protocol.McpInitializeRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;

public class Finding {
    /** An MCP server of 2025-11-25 that prints the headers in question of each request. */
    static void answer(HttpExchange exchange, boolean sessions) throws IOException {
        JsonNode message = new ObjectMapper().readTree(exchange.getRequestBody());
        String method = message.path("method").asText();
        var headers = exchange.getRequestHeaders();
        System.out.printf(
            "  %s: MCP-Protocol-Version %s, Mcp-Session-Id %s%n",
            (method + " " + message.at("/params/protocolVersion").asText()).stripTrailing(),
            headers.getFirst("MCP-Protocol-Version"),
            headers.getFirst("Mcp-Session-Id"));
        if (sessions) exchange.getResponseHeaders().set("Mcp-Session-Id", "session");
        if (!message.has("id")) {
            exchange.sendResponseHeaders(202, -1);
            exchange.close();
            return;
        }
        String result = switch (method) {
            case "initialize" -> "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
                + "\"serverInfo\":{\"name\":\"server\",\"version\":\"1.0.0\"}}";
            case "tools/list" -> "{\"tools\":[{\"name\":\"tool\",\"inputSchema\":{\"type\":\"object\"}}]}";
            default -> "{\"content\":[{\"type\":\"text\",\"text\":\"done\"}]}";
        };
        byte[] body = "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}".formatted(message.get("id"), result).getBytes();
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    static void use(String url, McpHeadersSupplier headers) throws Exception {
        var transport = StreamableHttpMcpTransport.builder().url(url).customHeaders(headers).build();
        try (var client = DefaultMcpClient.builder().transport(transport).autoHealthCheck(false).build()) {
            client.listTools();
            client.executeTool(ToolExecutionRequest.builder().name("tool").arguments("{}").build());
        }
    }

    static Map<String, String> versionAfterInitialize(McpCallContext call) {
        if (call == null || call.message() instanceof McpInitializeRequest) return Map.of();
        return Map.of("MCP-Protocol-Version", "2025-11-25");
    }

    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/mcp", exchange -> answer(exchange, false));
        server.createContext("/sessions", exchange -> answer(exchange, true));
        server.start();
        String origin = "http://127.0.0.1:" + server.getAddress().getPort();
        System.out.println("A server without sessions:");
        use(origin + "/mcp", call -> Map.of());
        System.out.println("A server with sessions:");
        use(origin + "/sessions", call -> Map.of());
        System.out.println("With customHeaders:");
        use(origin + "/mcp", Finding::versionAfterInitialize);
        System.exit(0);
    }
}
END
timeout 100 java -cp 'lib/*' Finding.java > seen.txt
diff seen.txt - <<'EOT'
A server without sessions:
  initialize 2025-11-25: MCP-Protocol-Version null, Mcp-Session-Id null
  notifications/initialized: MCP-Protocol-Version null, Mcp-Session-Id null
  tools/list: MCP-Protocol-Version null, Mcp-Session-Id null
  tools/call: MCP-Protocol-Version null, Mcp-Session-Id null
A server with sessions:
  initialize 2025-11-25: MCP-Protocol-Version null, Mcp-Session-Id null
  notifications/initialized: MCP-Protocol-Version null, Mcp-Session-Id session
  tools/list: MCP-Protocol-Version null, Mcp-Session-Id session
  tools/call: MCP-Protocol-Version null, Mcp-Session-Id session
With customHeaders:
  initialize 2025-11-25: MCP-Protocol-Version null, Mcp-Session-Id null
  notifications/initialized: MCP-Protocol-Version 2025-11-25, Mcp-Session-Id null
  tools/list: MCP-Protocol-Version 2025-11-25, Mcp-Session-Id null
  tools/call: MCP-Protocol-Version 2025-11-25, Mcp-Session-Id null
EOT
echo 'Still so.'
