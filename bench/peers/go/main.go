// The ten tools on the official Go SDK, over stdio.
package main

import (
	"context"
	"log"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	server := mcp.NewServer(&mcp.Implementation{Name: "runcomfy-go", Version: "1.0.0"}, nil)
	api := newAPI()
	addDeploymentTools(server, api)
	addRequestTools(server, api)
	if err := server.Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		log.Fatal(err)
	}
}
