// The ten tools on the official TypeScript SDK, over stdio.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { deploymentTools } from './deployments.js'
import { requestTools } from './requests.js'

const server = new McpServer({ name: 'runcomfy-typescript', version: '1.0.0' })
deploymentTools(server)
requestTools(server)
await server.connect(new StdioServerTransport())
process.stdin.on('end', () => process.exit(0))
