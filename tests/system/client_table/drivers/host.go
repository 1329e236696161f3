// Commands on standard input and the user at the browser, for the drivers of Go clients.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

var mcpURL = os.Getenv("MCP_URL")

const redirectURL = "http://127.0.0.1:8976/callback"

type driver interface {
	connect() error
	list() (string, error)
	call(tool string) (string, error)
	close() error
}

// browse has the user log in, and gives the parameters that the client is sent.
func browse(authorizationURL string) (url.Values, error) {
	query := url.Values{"url": {authorizationURL}, "follow": {"0"}}
	response, err := http.Get(os.Getenv("BROWSER_URL") + "?" + query.Encode())
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != 200 {
		return nil, errors.New("browser: " + string(body))
	}
	back, err := url.Parse(string(body))
	if err != nil {
		return nil, err
	}
	return back.Query(), nil
}

// serve runs the commands that the scenarios send, one at a time.
func serve(d driver) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var request struct{ Command, Tool string }
		var text string
		err := json.Unmarshal(lines.Bytes(), &request)
		switch {
		case err != nil:
		case request.Command == "connect":
			err = d.connect()
		case request.Command == "list":
			text, err = d.list()
		case request.Command == "call":
			text, err = d.call(request.Tool)
		default:
			err = d.close()
		}
		reply := map[string]any{"ok": err == nil, "text": text}
		if err != nil {
			reply["text"] = err.Error()
		}
		encoded, _ := json.Marshal(reply)
		fmt.Printf("@@%s\n", encoded)
	}
}

// textOf joins the texts of a result, which is an error when the tool says so.
func textOf(texts []string, isError bool) (string, error) {
	text := strings.Join(texts, "\n")
	if isError {
		return "", errors.New("isError: " + text)
	}
	return text, nil
}
