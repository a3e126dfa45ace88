// node close.mjs v1|v2 DEPLOYMENT COMMAND ARGS…: begins a recipe that keeps instances warm, and closes as any program does.
const [sdk, deployment, command, ...args] = process.argv.slice(2);
const [{ Client }, { StdioClientTransport }] = await Promise.all(sdk === 'v1'
  ? [import('@modelcontextprotocol/sdk/client/index.js'), import('@modelcontextprotocol/sdk/client/stdio.js')]
  : [import('@modelcontextprotocol/client'), import('@modelcontextprotocol/client/stdio')]);

const transport = new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' });
const client = new Client({ name: 'close-spec', version: '1.0.0' });
await client.connect(transport);

const call = { name: 'warm_up_and_scale_back', arguments: { deployment_id: deployment, minutes: 45 } };
await new Promise((warm) => {
  const options = { onprogress: warm };
  (sdk === 'v1' ? client.callTool(call, undefined, options) : client.callTool(call, options)).catch(() => {});
});
await client.close();
console.log('closed');
