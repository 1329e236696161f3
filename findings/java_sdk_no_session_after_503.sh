#!/usr/bin/env bash
# io.modelcontextprotocol.sdk:mcp 2.1.0 never uses a session id after `initialize` was answered 503.
#
# Expected: MCP 2025-11-25, Transports, Session Management: a client has to send the MCP-Session-Id
# of the answer to `initialize` with each request after it.
# Seen: when its first `initialize` is answered 503 or 429, the client sends another at the next call,
# and ignores the session id of its 200: `notifications/initialized` goes out without an id, which a
# server with sessions answers 400. It is so at each later call. After 401 the id is used.
# For users: a program that starts while PropelAuth is away, or that meets a limit then, stays without
# tools after that is over, if the server keeps sessions. It has to create client and transport anew
# for each attempt, or the server has to work without sessions, as `createMcpHandler` of SDK v2 does.
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
      <groupId>io.modelcontextprotocol.sdk</groupId>
      <artifactId>mcp</artifactId>
      <version>2.1.0</version>
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
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

public class Finding {
    static final Set<String> SESSIONS = ConcurrentHashMap.newKeySet();
    static volatile int refusal = 0;

    /** An MCP server of 2025-11-25 with sessions, which answers with `refusal` once, and prints each POST. */
    static void answer(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestMethod().equals("POST")) {
            send(exchange, 405, "");
            return;
        }
        JsonNode message = new ObjectMapper().readTree(exchange.getRequestBody());
        String method = message.get("method").asString();
        String session = exchange.getRequestHeaders().getFirst("Mcp-Session-Id");
        int status = 200;
        String result = "";
        if (refusal != 0) {
            status = refusal;
            refusal = 0;
            if (status == 401) exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
            else exchange.getResponseHeaders().set("Retry-After", "1");
        } else if (method.equals("initialize")) {
            SESSIONS.add("session-" + (SESSIONS.size() + 1));
            exchange.getResponseHeaders().set("Mcp-Session-Id", "session-" + SESSIONS.size());
            result = "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
                + "\"serverInfo\":{\"name\":\"server\",\"version\":\"1.0.0\"}}";
        } else if (session == null || !SESSIONS.contains(session)) {
            status = session == null ? 400 : 404;
        } else if (!message.has("id")) {
            status = 202;
        } else {
            result = "{\"content\":[{\"type\":\"text\",\"text\":\"done\"}]}";
        }
        System.out.printf("  %s, %s: %d%n", method, session == null ? "no session" : session, status);
        String body = "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}".formatted(message.get("id"), result);
        send(exchange, status, result.isEmpty() ? "" : body);
    }

    static void send(HttpExchange exchange, int status, String body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.isEmpty() ? -1 : body.length());
        if (!body.isEmpty()) exchange.getResponseBody().write(body.getBytes());
        exchange.close();
    }

    static void call(McpSyncClient client) {
        try {
            client.callTool(CallToolRequest.builder("tool").arguments(Map.of()).build());
            System.out.println("  The call succeeds.");
        } catch (RuntimeException error) {
            System.out.println("  The call fails.");
        }
    }

    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/mcp", Finding::answer);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        String origin = "http://127.0.0.1:" + server.getAddress().getPort();
        for (int status : new int[] {401, 429, 503}) {
            System.out.printf("A client whose first request is answered %d:%n", status);
            refusal = status;
            var client = McpClient.sync(HttpClientStreamableHttpTransport.builder(origin).build()).build();
            for (int i = 0; i < 3; i++) call(client);
        }
        System.out.println("A new client:");
        call(McpClient.sync(HttpClientStreamableHttpTransport.builder(origin).build()).build());
        System.exit(0);
    }
}
END
timeout 100 java -cp 'lib/*' Finding.java > seen.txt 2> log.txt || { cat log.txt; exit 1; }
diff seen.txt - <<'EOT'
A client whose first request is answered 401:
  initialize, no session: 401
  The call fails.
  initialize, no session: 200
  notifications/initialized, session-1: 202
  tools/call, session-1: 200
  The call succeeds.
  tools/call, session-1: 200
  The call succeeds.
A client whose first request is answered 429:
  initialize, no session: 429
  The call fails.
  initialize, no session: 200
  notifications/initialized, no session: 400
  The call fails.
  initialize, no session: 200
  notifications/initialized, no session: 400
  The call fails.
A client whose first request is answered 503:
  initialize, no session: 503
  The call fails.
  initialize, no session: 200
  notifications/initialized, no session: 400
  The call fails.
  initialize, no session: 200
  notifications/initialized, no session: 400
  The call fails.
A new client:
  initialize, no session: 200
  notifications/initialized, session-6: 202
  tools/call, session-6: 200
  The call succeeds.
EOT
echo 'Still so.'
