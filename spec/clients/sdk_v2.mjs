// node sdk_v2.mjs legacy|auto|pin COMMAND ARGS…: the scenario with @modelcontextprotocol/client.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { runScenario } from './scenario.mjs';

const [era, command, ...args] = process.argv.slice(2);
const mode = era === 'pin' ? { pin: '2026-07-28' } : era;
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' });
const client = new Client({ name: 'sdk-v2-spec', version: '1.0.0' }, { versionNegotiation: { mode } });
await client.connect(transport);
assert.equal(client.getServerVersion().name, 'rcmcp');
assert.equal(client.getNegotiatedProtocolVersion(), era === 'legacy' ? '2025-11-25' : '2026-07-28');

await runScenario(client, (name, args_, options) => client.callTool({ name, arguments: args_ }, options));
await client.close();
console.log('ok');
