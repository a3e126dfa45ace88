// What every SDK client does with the server: the work of a person with three deployments, on the simulator.
// `client` is a connected client of either SDK; progress comes through `options.onprogress` in both.
import assert from 'node:assert/strict';

const TOOL_NAMES = [
  'call_instance_proxy', 'cancel_request', 'create_deployment', 'delete_deployment', 'get_deployment',
  'get_request_result', 'get_request_status', 'list_deployments', 'submit_request', 'update_deployment',
];

// Some calls differ in shape between the two SDKs: v1 has a result schema between arguments and options.
export async function runScenario(client, callTool) {
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((tool) => tool.name).sort(), TOOL_NAMES);
  for (const tool of tools) {
    assert.equal(tool.inputSchema.type, 'object', tool.name);
    assert.ok(tool.outputSchema, `${tool.name} has an output schema`);
    assert.equal(typeof tool.annotations.readOnlyHint, 'boolean', tool.name);
  }

  const listed = await callTool('list_deployments', {});
  assert.equal(listed.structuredContent.ok, true);
  assert.equal(listed.structuredContent.deployments.length, 3);
  const deployment = listed.structuredContent.deployments.find((d) => /text/i.test(d.name));
  assert.ok(deployment, 'there is a text-to-image deployment');

  const loaded = await callTool('get_deployment', { deployment_id: deployment.id, include_payload: true });
  const sampler = loaded.structuredContent.payload_summary.workflow_node_summary
    .find((node) => node.class_type === 'KSampler');
  assert.ok(sampler, 'the graph has a sampler');
  assert.match(JSON.stringify(loaded.content), /156680208700286/, 'the seed passes unharmed');

  const steps = [];
  const finished = await callTool('submit_request', {
    deployment_id: deployment.id,
    overrides: { [sampler.node_id]: { inputs: { seed: 7 } } },
    wait_for_completion: true,
  }, { onprogress: (progress) => steps.push(progress) });
  assert.equal(finished.isError ?? false, false, JSON.stringify(finished.content));
  assert.match(finished.structuredContent.output_urls[0].url, /^http:\/\/127\.0\.0\.1:\d+\//);
  assert.ok(steps.length > 0, 'progress was reported');

  const image = await fetch(finished.structuredContent.output_urls[0].url);
  assert.equal(Buffer.from(await image.arrayBuffer()).subarray(1, 4).toString(), 'PNG');

  const refused = await callTool('create_deployment', { name: 'x', workflow_id: 'w', workflow_version: 'v1', hardware: 'GTX' });
  assert.equal(refused.isError, true);
  assert.match(refused.content[0].text, /hardware/);

  await assert.rejects(() => callTool('no_such_tool', {}), /no_such_tool/);
}
