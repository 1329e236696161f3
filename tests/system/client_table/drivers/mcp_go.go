// The client of mark3labs/mcp-go.
package main

import (
	"context"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

type mcpGo struct {
	store  client.TokenStore
	id     string
	client *client.Client
}

func main() {
	serve(&mcpGo{store: client.NewMemoryTokenStore()})
}

// withLogin does something, and repeats it once after a login: the part that the library leaves to
// its user.
func (d *mcpGo) withLogin(run func() error) error {
	err := run()
	if err == nil || !client.IsOAuthAuthorizationRequiredError(err) {
		return err
	}
	ctx := context.Background()
	handler := client.GetOAuthHandler(err)
	verifier, err := client.GenerateCodeVerifier()
	if err != nil {
		return err
	}
	state, err := client.GenerateState()
	if err != nil {
		return err
	}
	if handler.GetClientID() == "" {
		if err := handler.RegisterClient(ctx, "client-table"); err != nil {
			return err
		}
	}
	d.id = handler.GetClientID()
	authorizationURL, err := handler.GetAuthorizationURL(ctx, state, client.GenerateCodeChallenge(verifier))
	if err != nil {
		return err
	}
	back, err := browse(authorizationURL)
	if err != nil {
		return err
	}
	err = handler.ProcessAuthorizationResponse(ctx, back.Get("code"), back.Get("state"), verifier)
	if err != nil {
		return err
	}
	return run()
}

func (d *mcpGo) connect() error {
	created, err := client.NewOAuthStreamableHttpClient(mcpURL, client.OAuthConfig{
		ClientID: d.id, RedirectURI: redirectURL, TokenStore: d.store, PKCEEnabled: true,
	})
	if err != nil {
		return err
	}
	d.client = created
	return d.withLogin(func() error {
		if err := created.Start(context.Background()); err != nil {
			return err
		}
		var request mcp.InitializeRequest
		request.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
		request.Params.ClientInfo = mcp.Implementation{Name: "client-table", Version: "1.0.0"}
		_, err := created.Initialize(context.Background(), request)
		return err
	})
}

func (d *mcpGo) list() (string, error) {
	names := ""
	err := d.withLogin(func() error {
		listed, err := d.client.ListTools(context.Background(), mcp.ListToolsRequest{})
		if err == nil {
			for _, tool := range listed.Tools {
				names += tool.Name + " "
			}
		}
		return err
	})
	return names, err
}

func (d *mcpGo) call(tool string) (string, error) {
	var result *mcp.CallToolResult
	err := d.withLogin(func() (err error) {
		var request mcp.CallToolRequest
		request.Params.Name = tool
		result, err = d.client.CallTool(context.Background(), request)
		return err
	})
	if err != nil {
		return "", err
	}
	var texts []string
	for _, part := range result.Content {
		if text, ok := part.(mcp.TextContent); ok {
			texts = append(texts, text.Text)
		}
	}
	return textOf(texts, result.IsError)
}

func (d *mcpGo) close() error {
	if d.client == nil {
		return nil
	}
	return d.client.Close()
}
