#!/usr/bin/env bash
# github.com/mark3labs/mcp-go 1.2.1 takes a 403 or 429 for a server of the old HTTP+SSE transport.
#
# Expected: MCP 2025-11-25, Transports, Backwards Compatibility, whose version is negotiated here: a
# client tries the old transport after 400, 404 or 405 (before that revision, after any 4xx). A 403
# with `insufficient_scope` (RFC 6750 §3.1) and a 429 (RFC 6585 §4) are refusals, and an error says so.
# Seen: `Initialize` returns `ErrLegacySSEServer` for both, as for every 4xx but 401. At that error the
# page "Transports" of mcp-go's documentation has programs fall back to SSE. Neither status nor
# challenge nor `Retry-After` is in the error. Where the body has OAuth's member `error` (RFC 6749
# §5.2), a 403, 429 or 503 becomes `mcp.ErrInternalError`, the sentinel of JSON-RPC's -32603.
# For users: "likely a legacy SSE server" can mean that the token lacks a scope, "internal error:
# insufficient_scope" is a 403, and "internal error: temporarily_unavailable" a 503 that is over soon.
# A program that asks for more scopes, or that waits, has to read these texts.
#
# Output on 28 November 2026, with Go 1.26: see the end of this script.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH="$folder/go" GOFLAGS="-mod=mod -modcacherw" GOTOOLCHAIN=local
cat > finding.go <<'END'
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// refusal is what the server answers; with status 0 it serves MCP.
type refusal struct {
	status      int
	code        string
	name, value string
}

var (
	served   = refusal{}
	scope    = refusal{403, "insufficient_scope", "WWW-Authenticate", `Bearer error="insufficient_scope", scope="read"`}
	tooMany  = refusal{429, "too_many_requests", "Retry-After", "5"}
	away     = refusal{503, "temporarily_unavailable", "Retry-After", "5"}
	answered = served
)

func serve(w http.ResponseWriter, r *http.Request) {
	var message struct {
		ID     json.RawMessage
		Method string
	}
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	if answered.status != 0 {
		w.Header().Set(answered.name, answered.value)
		w.WriteHeader(answered.status)
		fmt.Fprintf(w, `{"error":%q}`, answered.code)
		return
	}
	if message.ID == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	result := `{"content":[{"type":"text","text":"done"}]}`
	if message.Method == "initialize" {
		result = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"server","version":"1.0.0"}}`
	}
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, message.ID, result)
}

func start(ctx context.Context, url string) (*client.Client, error) {
	headers := transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer good"})
	c, err := client.NewStreamableHttpClient(url, headers)
	if err != nil {
		return nil, err
	}
	if err := c.Start(ctx); err != nil {
		return nil, err
	}
	request := mcp.InitializeRequest{}
	request.Params.ProtocolVersion = "2025-11-25"
	request.Params.ClientInfo = mcp.Implementation{Name: "finding", Version: "1.0.0"}
	_, err = c.Initialize(ctx, request)
	return c, err
}

func main() {
	server := httptest.NewServer(http.HandlerFunc(serve))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()

	c, err := start(ctx, server.URL)
	if err != nil {
		panic(err)
	}
	fmt.Println("initialize, 200: no error")
	for _, answered = range []refusal{scope, tooMany, away} {
		_, err := start(ctx, server.URL)
		legacy := errors.Is(err, transport.ErrLegacySSEServer)
		fmt.Printf("initialize, %d: %v; ErrLegacySSEServer %t\n", answered.status, err, legacy)
	}
	call := mcp.CallToolRequest{}
	call.Params.Name = "tool"
	for _, answered = range []refusal{scope, tooMany, away} {
		_, err := c.CallTool(ctx, call)
		internal := errors.Is(err, mcp.ErrInternalError)
		fmt.Printf("tools/call, %d: %v; ErrInternalError %t\n", answered.status, err, internal)
	}
}
END
go mod init finding 2> /dev/null
timeout 200 go get \
  github.com/mark3labs/mcp-go@v1.2.1 2> get.txt
timeout 280 go build -o finding . 2> build.txt
timeout 60 ./finding > seen.txt
diff seen.txt - <<'EOT'
initialize, 200: no error
initialize, 403: transport error: server returned 4xx for initialize POST, likely a legacy SSE server; ErrLegacySSEServer true
initialize, 429: transport error: server returned 4xx for initialize POST, likely a legacy SSE server; ErrLegacySSEServer true
initialize, 503: internal error: temporarily_unavailable; ErrLegacySSEServer false
tools/call, 403: internal error: insufficient_scope; ErrInternalError true
tools/call, 429: internal error: too_many_requests; ErrInternalError true
tools/call, 503: internal error: temporarily_unavailable; ErrInternalError true
EOT
echo 'Still so.'
