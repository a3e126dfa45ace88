// node things_v2.mjs legacy|pin COMMAND ARGS…: prompts, resources and questions with @modelcontextprotocol/client.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { runThings } from './things.mjs';

const [era, command, ...args] = process.argv.slice(2);
const mode = era === 'pin' ? { pin: '2026-07-28' } : era;
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' });
const client = new Client({ name: 'things-v2', version: '1.0.0' },
  { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } });
let answer;
client.setRequestHandler('elicitation/create', (request) => answer(request.params));
await client.connect(transport);

const modern = era === 'pin';
// The client shows the older revisions' -32002 as the newest one's code.
await runThings(client, (name, args_, options) => client.callTool({ name, arguments: args_ }, options),
  { ask: modern ? undefined : (fn) => { answer = fn; }, notFound: -32602 });
await client.close();
console.log('ok');
