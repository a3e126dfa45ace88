// node recipes.mjs v1|legacy|auto|pin FOLDER COMMAND ARGS…: a saved recipe reaches a client that waits for changes.
import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';

const [mode, folder, command, ...args] = process.argv.slice(2);

const recipe = (version) => `local rc = require "rc"
return rc.tool { name = "poster", description = "Tells its version.", run = function() return { version = ${version} } end }
`;

async function save(text) {
  await writeFile(`${folder}/poster.lua.new`, text, { mode: 0o644 });
  await rename(`${folder}/poster.lua.new`, `${folder}/poster.lua`);
}

// The lists that the client fetched after each change, in order.
const lists = [];
const waiting = [];
const listChanged = {
  tools: {
    onChanged: (error, tools) => {
      assert.ifError(error);
      lists.push(tools);
      waiting.splice(0).forEach((resolve) => resolve());
    },
  },
};

async function nextList(wanted) {
  for (;;) {
    const list = lists.shift();
    if (list && wanted(list)) return list;
    if (!list) await new Promise((resolve) => waiting.push(resolve));
  }
}

async function connect() {
  const v1 = mode === 'v1';
  const { Client } = await import(v1 ? '@modelcontextprotocol/sdk/client/index.js' : '@modelcontextprotocol/client');
  const { StdioClientTransport } = await import(v1 ? '@modelcontextprotocol/sdk/client/stdio.js' : '@modelcontextprotocol/client/stdio');
  const versionNegotiation = v1 ? undefined : { mode: mode === 'pin' ? { pin: '2026-07-28' } : mode };
  const client = new Client({ name: 'recipes-spec', version: '1.0.0' }, { listChanged, versionNegotiation });
  await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' }));
  return client;
}

const client = await connect();
const has = (name) => (tools) => tools.some((tool) => tool.name === name);
assert.ok(!has('poster')((await client.listTools()).tools));

await save(recipe(1));
await nextList(has('poster'));
assert.deepEqual((await client.callTool({ name: 'poster', arguments: {} })).structuredContent.version, 1);

await save(recipe(2));
await nextList(has('poster'));
assert.deepEqual((await client.callTool({ name: 'run_recipe', arguments: { name: 'poster' } })).structuredContent.version, 2);

await rm(`${folder}/poster.lua`);
await nextList((tools) => !has('poster')(tools));

const { contents } = await client.readResource({ uri: 'rcmcp://recipes' });
assert.deepEqual(JSON.parse(contents[0].text), { recipes: [], folders: [] });
await client.close();
console.log('ok');
