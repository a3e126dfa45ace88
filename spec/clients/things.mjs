// What every SDK client does with prompts, resources, templates and content of all kinds; see spec/support/things_server.lua.
// `ask` says how the server's questions are to be answered from now on; without it the client cannot be asked.
import assert from 'node:assert/strict';

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail('it should have failed');
}

async function prompts(client) {
  const listed = await client.listPrompts();
  assert.deepEqual(listed.prompts, [{
    name: 'greet', title: 'Greet', description: 'Greets somebody.',
    arguments: [{ name: 'who', description: 'Whom', required: true }, { name: 'how', description: 'The words', required: false }],
  }]);
  const got = await client.getPrompt({ name: 'greet', arguments: { who: 'Ann' } });
  assert.deepEqual(got.messages, [
    { role: 'user', content: { type: 'text', text: 'Hello, Ann!' } },
    { role: 'assistant', content: { type: 'text', text: 'Hello.' } },
  ]);
  const error = await failure(client.getPrompt({ name: 'greet', arguments: {} }));
  assert.equal(error.code, -32602);
  assert.match(error.message, /'who' is required/);
}

async function resources(client, notFound) {
  const { resources: listed } = await client.listResources();
  assert.deepEqual(listed.map((resource) => resource.uri), ['recipe://page', 'recipe://pixel']);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.equal(resourceTemplates[0].uriTemplate, 'recipe://jobs/{id}');

  const page = await client.readResource({ uri: 'recipe://page' });
  assert.deepEqual(page.contents, [{ uri: 'recipe://page', mimeType: 'text/markdown', text: '# Page' }]);
  const pixel = await client.readResource({ uri: 'recipe://pixel' });
  assert.equal(Buffer.from(pixel.contents[0].blob, 'base64').toString('latin1'), '\x89PNG\r\n');
  const job = await client.readResource({ uri: 'recipe://jobs/a%20b' });
  assert.deepEqual(JSON.parse(job.contents[0].text), { id: 'a b' });

  for (const uri of ['recipe://none', 'recipe://jobs/0']) {
    const error = await failure(client.readResource({ uri }));
    assert.equal(error.code, notFound, error.message);
    assert.match(JSON.stringify(error.data ?? error.message), new RegExp(uri));
  }
}

async function content(callTool) {
  const result = await callTool('show', {});
  assert.deepEqual(result.content.map((block) => block.type), ['text', 'image', 'audio', 'resource_link', 'resource', 'text']);
  assert.deepEqual(result.structuredContent, { ok: true });
}

async function questions(callTool, ask, modern) {
  const asked = [];
  const answer = (result) => ask((params) => {
    asked.push(params);
    return result;
  });
  answer({ action: 'accept', content: { city: 'Bern', days: 3 } });
  assert.deepEqual((await callTool('book', {})).structuredContent, { booked: true, city: 'Bern', days: 3, car: false });
  assert.equal(asked[0].message, 'Where to?');
  assert.deepEqual(Object.keys(asked[0].requestedSchema.properties), ['city', 'days', 'car']);

  answer({ action: 'decline' });
  assert.deepEqual((await callTool('book', {})).structuredContent, { booked: false });
  answer({ action: 'accept', content: { confirm: true } });
  assert.deepEqual((await callTool('erase', {})).structuredContent, { erased: true });
  answer({ action: 'cancel' });
  assert.deepEqual((await callTool('erase', {})).structuredContent, { erased: false });

  ask(() => { throw new Error('no person here'); });
  if (modern) { // the client keeps the failure to itself, and the call to go on with
    await assert.rejects(() => callTool('erase', {}), /no person here/);
    return;
  }
  const failed = await callTool('erase', {});
  assert.equal(failed.isError, true);
  assert.match(failed.content[0].text, /no person here/);
}

async function noQuestions(callTool) {
  const refused = await callTool('book', {});
  assert.equal(refused.isError, true);
  assert.match(refused.content[0].text, /cannot ask/);
}

export async function runThings(client, callTool, { ask, notFound, modern = false }) {
  const capabilities = client.getServerCapabilities();
  assert.ok(capabilities.prompts && capabilities.resources, 'what there is is declared');
  await prompts(client);
  await resources(client, notFound);
  await content(callTool);
  if (ask) await questions(callTool, ask, modern);
  else await noQuestions(callTool);
}
