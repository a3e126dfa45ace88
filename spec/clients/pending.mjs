// node pending.mjs v1|legacy|auto|pin COMMAND ARGS…: recipes that take longer than the client would wait; the client checks every
// answer against the output schema that it was given.
import assert from 'node:assert/strict';

const [mode, command, ...args] = process.argv.slice(2);
const v1 = mode === 'v1';
const { Client } = await import(v1 ? '@modelcontextprotocol/sdk/client/index.js' : '@modelcontextprotocol/client');
const { StdioClientTransport } = await import(v1 ? '@modelcontextprotocol/sdk/client/stdio.js' : '@modelcontextprotocol/client/stdio');
const versionNegotiation = v1 ? undefined : { mode: mode === 'pin' ? { pin: '2026-07-28' } : mode };
const client = new Client({ name: 'pending-spec', version: '1.0.0' }, { versionNegotiation });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' }));

const { tools } = await client.listTools();
assert.ok(tools.find((tool) => tool.name === 'typed').outputSchema);

// Calls until the result is there; what pending says stands in the structure, or in the text where the schema has no place for it.
async function untilDone(next) {
  let pendings = 0;
  for (;;) {
    const answer = await client.callTool(next);
    const text = answer.content.map((block) => block.text ?? '').join('\n');
    const run = answer.structuredContent?.pending ? answer.structuredContent.run : /"pending":true.*"run":"([^"]+)"/.exec(text)?.[1];
    if (!run) return { answer, pendings };
    assert.ok(text.includes(run));
    pendings += 1;
    if (next.how === 'collect') next = { name: 'run_recipe', arguments: { collect: run }, how: 'collect' };
  }
}

for (const name of ['typed', 'narrow', 'listed', 'free']) {
  for (const how of ['again', 'collect']) {
    const { answer, pendings } = await untilDone({ name, arguments: {}, how });
    assert.ok(pendings > 0, name);
    assert.ok(!answer.isError, JSON.stringify(answer));
    assert.ok(answer.structuredContent !== undefined, name);
  }
}
await client.close();
console.log('ok');
