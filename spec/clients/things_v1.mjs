// node things_v1.mjs ask|mute COMMAND ARGS…: prompts, resources and questions with @modelcontextprotocol/sdk.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { runThings } from './things.mjs';

const [manner, command, ...args] = process.argv.slice(2);
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' });
const client = new Client({ name: 'things-v1', version: '1.0.0' },
  { capabilities: manner === 'ask' ? { elicitation: {} } : {} });
let answer;
if (manner === 'ask') client.setRequestHandler(ElicitRequestSchema, (request) => answer(request.params));
await client.connect(transport);

const callTool = (name, args_, options) => client.callTool({ name, arguments: args_ }, undefined, options);
await runThings(client, callTool, { ask: manner === 'ask' ? (fn) => { answer = fn; } : undefined, notFound: -32002 });

if (manner === 'ask') {
  // The call's time is over while the person thinks: the question is taken back.
  const taken = new Promise((resolve) => {
    client.setRequestHandler(ElicitRequestSchema, (_request, extra) => new Promise(() => {
      extra.signal.addEventListener('abort', resolve);
    }));
  });
  await assert.rejects(() => callTool('erase', {}, { timeout: 100 }), /timed out/);
  await taken;
}
await client.close();
console.log('ok');
