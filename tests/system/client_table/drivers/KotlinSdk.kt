// The client of the MCP SDK for Kotlin, which has no OAuth of its own.
import io.ktor.client.HttpClient
import io.ktor.client.engine.cio.CIO
import io.ktor.client.plugins.sse.SSE
import io.ktor.client.request.header
import io.modelcontextprotocol.kotlin.sdk.client.Client
import io.modelcontextprotocol.kotlin.sdk.client.StreamableHttpClientTransport
import io.modelcontextprotocol.kotlin.sdk.types.Implementation
import io.modelcontextprotocol.kotlin.sdk.types.TextContent
import kotlin.system.exitProcess
import kotlinx.coroutines.runBlocking

val http = HttpClient(CIO) { install(SSE) }
var client: Client? = null

suspend fun connect() {
  val transport = StreamableHttpClientTransport(http, System.getenv("MCP_URL")) {
    header("Authorization", "Bearer " + System.getenv("MCP_TOKEN"))
  }
  val opened = Client(Implementation("client-table", "1.0.0"))
  opened.connect(transport)
  client = opened
}

suspend fun call(tool: String): String {
  val result = client!!.callTool(tool, emptyMap())
  val text = result.content.filterIsInstance<TextContent>().joinToString("\n") { it.text }
  if (result.isError == true) throw RuntimeException("isError: $text")
  return text
}

suspend fun run(line: String): String {
  val tool = Regex("\"tool\":\"(\\w+)\"").find(line)
  if (tool != null) return call(tool.groupValues[1])
  if ("\"connect\"" in line) connect()
  if ("\"list\"" in line) return client!!.listTools().tools.joinToString(" ") { it.name }
  if ("\"close\"" in line) client?.close()
  return ""
}

fun describe(error: Throwable): String {
  val text = "${error.javaClass.simpleName}: ${error.message}"
  return error.cause?.let { "$text <- ${describe(it)}" } ?: text
}

fun quoted(text: String): String =
  "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace(Regex("\\s+"), " ") + "\""

fun main() {
  while (true) {
    val line = readLine() ?: exitProcess(0)
    val (ok, text) = try {
      true to runBlocking { run(line) }
    } catch (error: Exception) {
      false to describe(error)
    }
    println("@@{\"ok\":$ok,\"text\":${quoted(text)}}")
  }
}
