// node things_v2.mjs legacy|pin|mute COMMAND ARGS…: prompts, resources and questions with @modelcontextprotocol/client;
// mute: in the era of pin, without a person to ask.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { runThings } from './things.mjs';

const [era, command, ...args] = process.argv.slice(2);
const mode = era === 'legacy' ? era : { pin: '2026-07-28' };
const asks = era !== 'mute';
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' });
const client = new Client({ name: 'things-v2', version: '1.0.0' },
  { capabilities: asks ? { elicitation: { form: {} } } : {}, versionNegotiation: { mode } });
let answer;
if (asks) client.setRequestHandler('elicitation/create', (request) => answer(request.params));
await client.connect(transport);

// The client shows the older revisions' -32002 as the newest one's code.
await runThings(client, (name, args_, options) => client.callTool({ name, arguments: args_ }, options),
  { ask: asks ? (fn) => { answer = fn; } : undefined, notFound: -32602, modern: era !== 'legacy' });
await client.close();
console.log('ok');
