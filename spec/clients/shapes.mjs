// node shapes.mjs v1|legacy|pin COMMAND ARGS…: results of every shape reach a client that reads strictly.
import assert from 'node:assert/strict';

const [mode, command, ...args] = process.argv.slice(2);
const v1 = mode === 'v1';
const { Client } = await import(v1 ? '@modelcontextprotocol/sdk/client/index.js' : '@modelcontextprotocol/client');
const { StdioClientTransport } = await import(v1 ? '@modelcontextprotocol/sdk/client/stdio.js' : '@modelcontextprotocol/client/stdio');
const versionNegotiation = v1 ? undefined : { mode: mode === 'pin' ? { pin: '2026-07-28' } : mode };
const client = new Client({ name: 'shapes-spec', version: '1.0.0' }, { versionNegotiation });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' }));

const modern = mode === 'pin';
const { tools } = await client.listTools(); // from here on the client checks results against the output schemas
const output = tools.find((tool) => tool.name === 'declared').outputSchema;
assert.equal(output.type, modern ? 'array' : 'object');

// What a call gives, freed of the wrapping and of the simulator's mark.
async function data(name) {
  const result = await client.callTool({ name, arguments: {} });
  assert.equal(result.isError ?? false, false, JSON.stringify(result));
  const { structuredContent, _meta } = result;
  if (modern) {
    assert.equal(_meta.simulated, true, name);
    return structuredContent;
  }
  assert.equal(structuredContent.simulated, true, name);
  return structuredContent.result;
}

assert.deepEqual(await data('list'), [10, 20]);
assert.deepEqual(await data('empty'), []);
assert.deepEqual(await data('declared'), [1, 2]);
assert.equal(await data('number'), 7);
assert.equal(await data('no'), false);

const closed = await client.callTool({ name: 'closed', arguments: {} });
assert.deepEqual(closed.structuredContent, { urls: [], simulated: true });

for (const [name, fault, kept] of [['broken', /urls must be an array/, { urls: 'u' }], ['odd', /is a function/, { f: null, urls: ['u'] }]]) {
  const result = await client.callTool({ name, arguments: {} });
  assert.equal(result.isError, true);
  assert.match(result.content[0].text, fault);
  assert.match(result.content.map((block) => block.text).join('\n'), new RegExp(JSON.stringify(kept).replace(/[[\]{}]/g, '\\$&')));
  assert.deepEqual(result.structuredContent.returned, kept);
}
await client.close();
console.log('ok');
