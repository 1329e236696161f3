#!/usr/bin/env bash
# github.com/modelcontextprotocol/go-sdk 1.8.0 closes its whole session when one call is answered 403.
#
# Expected: MCP 2025-11-25, Authorization, Step-Up Authorization Flow: at `insufficient_scope` a client
# asks for more scopes, handles the error in another way or aborts the request. A session is over at
# 404 (Transports, Session Management). What breaks the connection according to the comment in the
# client's `streamable_client.go` are 404, undecodable messages and others, but neither 401 nor 403.
# Seen: where the token is a fixed header, a 403 or 401 to one call closes the session. A call under
# way, which succeeds at the server, fails with that 403, and each later one fails without a request.
# After 503 the session lives on, and after a 403 whose body is a JSON-RPC error with the request's id.
# For users: one tool that its token has no scope for takes all tools from a Go program with a fixed
# token, and the results of the calls under way are lost. The program has to connect anew at each error
# that is not the tool's, since `mcp.ErrConnectionClosed` comes with the second call only.
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
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// refusal is the answer to a call of the tool "write".
type refusal struct {
	status int
	body   string
}

var (
	refused refusal
	calls   atomic.Int32
	started = make(chan struct{}, 1)
)

// bearer gives each request the same token.
type bearer struct{}

func (bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer token")
	return http.DefaultTransport.RoundTrip(r)
}

func serve(w http.ResponseWriter, r *http.Request) {
	var message struct {
		ID     json.RawMessage
		Method string
		Params struct{ Name string }
	}
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	result := `{"content":[{"type":"text","text":"done"}]}`
	switch message.Method {
	case "tools/call":
		calls.Add(1)
		if message.Params.Name == "slow" {
			started <- struct{}{}
			time.Sleep(500 * time.Millisecond)
		}
		if message.Params.Name == "write" {
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="write"`)
			w.WriteHeader(refused.status)
			fmt.Fprintf(w, refused.body, message.ID)
			return
		}
	case "server/discover":
		w.WriteHeader(http.StatusBadRequest)
		result = ""
	case "initialize":
		result = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"server","version":"1.0.0"}}`
	default:
		w.WriteHeader(http.StatusAccepted)
		result = ""
	}
	if result != "" {
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, message.ID, result)
	}
}

func main() {
	server := httptest.NewServer(http.HandlerFunc(serve))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, refused = range []refusal{
		{403, `{"error":"insufficient_scope"}%.0s`},
		{403, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"insufficient_scope"}}%.0s`},
		{403, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"insufficient_scope"}}`},
		{401, `{"error":"invalid_token"}%.0s`},
		{503, `{"error":"temporarily_unavailable"}%.0s`},
	} {
		fmt.Printf("%d "+refused.body+":\n", refused.status, "ID")
		transport := &mcp.StreamableClientTransport{Endpoint: server.URL, HTTPClient: &http.Client{Transport: bearer{}}}
		client := mcp.NewClient(&mcp.Implementation{Name: "finding", Version: "1.0.0"}, nil)
		session, err := client.Connect(ctx, transport, nil)
		if err != nil {
			panic(err)
		}
		calls.Store(0)
		call := func(name string) error {
			_, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name})
			return err
		}
		slow := make(chan error)
		go func() { slow <- call("slow") }()
		<-started
		if call("write") == nil {
			panic("the call was not refused")
		}
		fmt.Println("  call under way:", outcome(<-slow))
		fmt.Println("  later call:", outcome(call("read")))
		fmt.Println("  requests:", calls.Load(), "of 3")
		session.Close()
	}
}

func outcome(err error) string {
	if err == nil {
		return "no error"
	}
	return fmt.Sprintf("%v; ErrConnectionClosed %t", err, errors.Is(err, mcp.ErrConnectionClosed))
}
END
go mod init finding 2> /dev/null
timeout 200 go get \
  github.com/modelcontextprotocol/go-sdk@v1.8.0 2> get.txt
timeout 280 go build -o finding . 2> build.txt || { cat build.txt; exit 1; }
timeout 60 ./finding > seen.txt
diff seen.txt - <<'EOT'
403 {"error":"insufficient_scope"}:
  call under way: calling "tools/call": sending "tools/call": Forbidden; ErrConnectionClosed false
  later call: connection closed: calling "tools/call": client is closing: sending "tools/call": Forbidden; ErrConnectionClosed true
  requests: 2 of 3
403 {"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"insufficient_scope"}}:
  call under way: calling "tools/call": sending "tools/call": Forbidden; ErrConnectionClosed false
  later call: connection closed: calling "tools/call": client is closing: sending "tools/call": Forbidden; ErrConnectionClosed true
  requests: 2 of 3
403 {"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":"insufficient_scope"}}:
  call under way: no error
  later call: no error
  requests: 3 of 3
401 {"error":"invalid_token"}:
  call under way: calling "tools/call": sending "tools/call": Unauthorized; ErrConnectionClosed false
  later call: connection closed: calling "tools/call": client is closing: sending "tools/call": Unauthorized; ErrConnectionClosed true
  requests: 2 of 3
503 {"error":"temporarily_unavailable"}:
  call under way: no error
  later call: no error
  requests: 3 of 3
EOT
echo 'Still so.'
