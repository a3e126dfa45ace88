// What the tools cost a model, and what a finished wait does, in tokens of o200k:
//   node count.js PATH_OF_RCMCP
// Ends with status 1 when a goal is missed.
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'

const MOST = { tools: 2400, text: 300 }

const REQUEST = '8f3c2c1e-5d0b-4c55-9a7e-2f6b1d3e4a90'
const DEPLOYMENT = '0b6a3c6e-8a55-4d0f-9b1c-7d2e5f4a3b21'
const QUEUE = `https://api.runcomfy.net/prod/v1/deployments/${DEPLOYMENT}/requests/${REQUEST}`
const FILE = { subfolder: '', type: 'output' }
const LINK = 'https://serverless-api-storage.runcomfy.net/comfyui-serverless/outputs'

// A request with two pictures, as the API's documentation shows one.
const ANSWERS = {
  inference: { request_id: REQUEST, status_url: `${QUEUE}/status`, result_url: `${QUEUE}/result`, cancel_url: `${QUEUE}/cancel` },
  status: {
    request_id: REQUEST, status: 'completed', queue_position: null, instance_id: '1697cb1a-5a0e-4b0e-8d1f-0c9c6d1f2e3a',
    status_url: `${QUEUE}/status`, result_url: `${QUEUE}/result`,
  },
  result: {
    request_id: REQUEST, status: 'succeeded',
    outputs: { 9: { images: [1, 2].map((n) => {
      const filename = `ComfyUI_0000${n}_.png`
      return { url: `${LINK}/${REQUEST}/${filename}`, filename, ...FILE }
    }) } },
    created_at: '2026-04-16T03:40:52.093Z', finished_at: '2026-04-16T03:44:18.401Z',
    instance_id: '1697cb1a-5a0e-4b0e-8d1f-0c9c6d1f2e3a',
  },
}

function startStub() {
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(ANSWERS[request.url.split('?')[0].split('/').pop()]))
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

function startServer(path, port) {
  const env = {
    ...process.env, RUNCOMFY_API_KEY: 'bench-key', XDG_CONFIG_HOME: '/nonexistent',
    RUNCOMFY_SERVERLESS_BASE_URL: `http://127.0.0.1:${port}`,
  }
  const child = spawn(path, ['serve'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let id = 0
  const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const ask = async (method, params) => {
    id += 1
    send({ id, method, params })
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`${path} ended before it answered ${method}`)
      const answer = JSON.parse(value)
      if (answer.id === id) return answer.result
    }
  }
  return { ask, send, end: () => child.stdin.end() }
}

const tokens = (value) => countTokens(typeof value === 'string' ? value : JSON.stringify(value))
const seen = ({ name, description, inputSchema }) => ({ name, description, inputSchema })

function timesOf(text, urls) {
  return urls.map((url) => text.split(url).length - 1)
}

const stub = await startStub()
const server = startServer(process.argv[2], stub.address().port)
const clientInfo = { name: 'bench', version: '1' }
await server.ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo })
server.send({ method: 'notifications/initialized' })
const { tools } = await server.ask('tools/list')
const { content, structuredContent } = await server.ask('tools/call', {
  name: 'submit_request',
  arguments: { deployment_id: DEPLOYMENT, overrides: { 6: { inputs: { text: 'a city at dusk' } } }, wait_for_completion: true },
})
server.end()
stub.close()

const text = content.map((block) => block.text).join('\n')
const urls = ANSWERS.result.outputs[9].images.map((image) => image.url)
const counts = { tools: tokens(tools.map(seen)), text: tokens(text) }
const once = timesOf(text, urls).every((times) => times === 1)

console.log(`${tools.length} tools: name, description, inputSchema   ${counts.tools} tokens (goal ${MOST.tools})`)
for (const tool of tools) console.log(`  ${tool.name.padEnd(22)} ${tokens(seen(tool))}`)
console.log(`  with title, annotations, outputSchema    ${tokens(tools)}`)
console.log(`a finished wait: text                      ${counts.text} tokens (goal ${MOST.text})`)
console.log(`  each URL in it, times                    ${timesOf(text, urls).join(', ')} (goal 1)`)
console.log(`  structuredContent                        ${tokens(structuredContent)}`)
if (process.env.BENCH_SHOW) console.log(`\n${text}\n\n${JSON.stringify(structuredContent, null, 1)}`)
process.exit(counts.tools <= MOST.tools && counts.text <= MOST.text && once ? 0 : 1)
