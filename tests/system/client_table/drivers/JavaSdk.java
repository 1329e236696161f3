// The client of the MCP SDK for Java, which has no OAuth of its own.
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema;
import java.net.URI;
import java.util.Map;
import java.util.Scanner;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

public class JavaSdk {
  static McpSyncClient client;

  static void connect() {
    URI url = URI.create(System.getenv("MCP_URL"));
    var transport = HttpClientStreamableHttpTransport
        .builder(url.getScheme() + "://" + url.getAuthority())
        .endpoint(url.getPath())
        .httpRequestCustomizer((builder, method, uri, body, context) ->
            builder.setHeader("Authorization", "Bearer " + System.getenv("MCP_TOKEN")))
        .build();
    client = McpClient.sync(transport).build();
    client.initialize();
  }

  static String call(String tool) {
    var result = client.callTool(new McpSchema.CallToolRequest(tool, Map.of()));
    String text = result.content().stream()
        .map(part -> part instanceof McpSchema.TextContent found ? found.text() : "")
        .collect(Collectors.joining("\n"));
    if (Boolean.TRUE.equals(result.isError())) throw new RuntimeException("isError: " + text);
    return text;
  }

  static String run(String line) {
    if (line.contains("\"connect\"")) {
      connect();
      return "";
    }
    if (line.contains("\"list\"")) {
      return client.listTools().tools().stream().map(McpSchema.Tool::name)
          .collect(Collectors.joining(" "));
    }
    var tool = Pattern.compile("\"tool\":\"(\\w+)\"").matcher(line);
    if (tool.find()) return call(tool.group(1));
    if (client != null) client.close();
    return "";
  }

  static String describe(Throwable error) {
    String text = error.getClass().getSimpleName() + ": " + error.getMessage();
    return error.getCause() == null ? text : text + " <- " + describe(error.getCause());
  }

  static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\s+", " ") + "\"";
  }

  public static void main(String[] arguments) {
    var lines = new Scanner(System.in);
    while (lines.hasNextLine()) {
      boolean ok = true;
      String text;
      try {
        text = run(lines.nextLine());
      } catch (Exception error) {
        ok = false;
        text = describe(error);
      }
      System.out.println("@@{\"ok\":" + ok + ",\"text\":" + quoted(text) + "}");
    }
    System.exit(0);
  }
}
