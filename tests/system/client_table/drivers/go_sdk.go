// The client of the MCP SDK for Go.
package main

import (
	"context"
	"log"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

type goSDK struct {
	handler *auth.AuthorizationCodeHandler
	session *mcp.ClientSession
}

func main() {
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{
			Metadata: &oauthex.ClientRegistrationMetadata{
				ClientName:              "client-table",
				RedirectURIs:            []string{redirectURL},
				GrantTypes:              []string{"authorization_code", "refresh_token"},
				TokenEndpointAuthMethod: "none",
			},
		},
		AuthorizationCodeFetcher: func(
			_ context.Context, args *auth.AuthorizationArgs,
		) (*auth.AuthorizationResult, error) {
			back, err := browse(args.URL)
			if err != nil {
				return nil, err
			}
			return &auth.AuthorizationResult{
				Code: back.Get("code"), State: back.Get("state"), Iss: back.Get("iss"),
			}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	serve(&goSDK{handler: handler})
}

func (d *goSDK) connect() error {
	client := mcp.NewClient(&mcp.Implementation{Name: "client-table", Version: "1.0.0"}, nil)
	transport := &mcp.StreamableClientTransport{Endpoint: mcpURL, OAuthHandler: d.handler}
	session, err := client.Connect(context.Background(), transport, nil)
	d.session = session
	return err
}

func (d *goSDK) list() (string, error) {
	listed, err := d.session.ListTools(context.Background(), nil)
	if err != nil {
		return "", err
	}
	names := ""
	for _, tool := range listed.Tools {
		names += tool.Name + " "
	}
	return names, nil
}

func (d *goSDK) call(tool string) (string, error) {
	params := &mcp.CallToolParams{Name: tool, Arguments: map[string]any{}}
	result, err := d.session.CallTool(context.Background(), params)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, part := range result.Content {
		if text, ok := part.(*mcp.TextContent); ok {
			texts = append(texts, text.Text)
		}
	}
	return textOf(texts, result.IsError)
}

func (d *goSDK) close() error {
	if d.session == nil {
		return nil
	}
	return d.session.Close()
}
