// node sdk_v1.mjs COMMAND ARGS…: the scenario with @modelcontextprotocol/sdk, and its time-out turned into a cancellation.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { runScenario } from './scenario.mjs';

const [command, ...args] = process.argv.slice(2);
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' });
const client = new Client({ name: 'sdk-v1-spec', version: '1.0.0' });
await client.connect(transport);
assert.equal(client.getServerVersion().name, 'rcmcp');
await client.ping();

const callTool = (name, args_, options) => client.callTool({ name, arguments: args_ }, undefined, options);
await runScenario(client, callTool);

const [deployment] = (await callTool('list_deployments', {})).structuredContent.deployments;
await assert.rejects(
  () => callTool('submit_request', { deployment_id: deployment.id, wait_for_completion: true }, { timeout: 50 }),
  /timed out/,
);
await client.ping();
await client.close();
console.log('ok');
