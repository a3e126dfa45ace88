// The five tools on requests and instances.
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { guarded, ok } from './answer.js'
import * as api from './runcomfy.js'

const POLL_MS = 3000
const TERMINAL = new Set(['completed', 'succeeded', 'failed', 'error', 'cancelled', 'canceled'])

const deploymentId = z.string().describe('Id of the deployment')
const requestId = z.string().describe('Id that submit_request returned')
const object = z.record(z.any())
const output = { ok: z.boolean() }
const reading = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true }
const changing = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true }

function outputUrls(result) {
  const urls = []
  for (const [node_id, channels] of Object.entries(result.outputs ?? {})) {
    for (const [channel, items] of Object.entries(channels ?? {})) {
      if (!Array.isArray(items)) continue
      for (const item of items) {
        if (item?.url === undefined) continue
        const { url, filename = null, subfolder = null, type = null } = item
        urls.push({ node_id, channel, url, filename, subfolder, type })
      }
    }
  }
  return urls
}

async function submit(input) {
  const { deployment_id, overrides, workflow_api_json, extra_data, webhook_url } = input
  const query = {}
  if (webhook_url) {
    query.webhook = [webhook_url]
    if (input.webhook_intermediate_status !== undefined) {
      query.webhook_intermediate_status = [String(input.webhook_intermediate_status)]
    }
  }
  const body = { overrides: overrides ?? (workflow_api_json ? undefined : {}), workflow_api_json, extra_data }
  const submission = await api.submit(deployment_id, body, query)
  if (!input.wait_for_completion) return ok(`Submitted request ${submission.request_id}.`, { submission, deployment_id })
  return wait(deployment_id, submission, input.timeout_seconds)
}

async function wait(deployment_id, submission, seconds) {
  const id = submission.request_id
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const status = await api.status(deployment_id, id)
    if (TERMINAL.has(status.status.toLowerCase())) {
      const result = await api.result(deployment_id, id)
      const data = { submission, deployment_id, status, result, output_urls: outputUrls(result) }
      return ok(`Request ${id} finished: ${status.status}.`, data)
    }
    if (performance.now() >= deadline) throw new Error(`Timed out waiting for request ${id} after ${seconds} seconds`)
    await sleep(POLL_MS)
  }
}

async function getStatus({ deployment_id, request_id }) {
  const status = await api.status(deployment_id, request_id)
  return ok(`Request ${request_id}: ${status.status}.`, { status })
}

async function getResult({ deployment_id, request_id }) {
  const result = await api.result(deployment_id, request_id)
  return ok(`Result for ${request_id}: ${result.status}.`, { result, output_urls: outputUrls(result) })
}

async function cancel({ deployment_id, request_id }) {
  const outcome = await api.cancel(deployment_id, request_id)
  return ok(`Cancel ${request_id}: ${outcome.outcome}.`, { cancel: outcome })
}

async function proxy({ deployment_id, instance_id, comfy_backend_path, request_body }) {
  const response = await api.proxy(deployment_id, instance_id, comfy_backend_path, request_body ?? {})
  return ok(`Proxied ${comfy_backend_path} on instance ${instance_id}.`, { response })
}

export function requestTools(server) {
  const tool = (name, description, inputSchema, outputSchema, annotations, run) =>
    server.registerTool(
      name,
      { title: name, description, inputSchema, outputSchema: { ...output, ...outputSchema }, annotations },
      guarded(run),
    )
  const ids = { deployment_id: deploymentId, request_id: requestId }
  const some = object.optional()
  const urls = z.array(z.any()).optional()

  tool('submit_request', 'Submits a workflow run; with wait_for_completion returns its outputs.',
    {
      deployment_id: deploymentId,
      overrides: some.describe('Node id to {"inputs": {...}}, merged into the stored workflow'),
      workflow_api_json: some.describe('A whole graph in API format, run instead of the stored one'),
      extra_data: some.describe('Extra data, as the key for partner nodes'),
      webhook_url: z.string().optional().describe('HTTPS address that is told the outcome'),
      webhook_intermediate_status: z.boolean().optional().describe('Also tell intermediate states'),
      wait_for_completion: z.boolean().default(false).describe('Poll until the run has ended'),
      timeout_seconds: z.number().int().default(300).describe('Longest wait'),
    },
    { submission: some, deployment_id: z.string().optional(), status: some, result: some, output_urls: urls },
    changing, submit)
  tool('get_request_status', 'Reads the status of a request.', ids, { status: some }, reading, getStatus)
  tool('get_request_result', 'Reads the result of a request.', ids, { result: some, output_urls: urls }, reading, getResult)
  tool('cancel_request', 'Cancels a queued or running request.', ids, { cancel: some },
    { ...changing, idempotentHint: true }, cancel)
  tool('call_instance_proxy', 'Calls the ComfyUI back end of a running instance.',
    {
      deployment_id: deploymentId,
      instance_id: z.string().describe('Id of the running instance'),
      comfy_backend_path: z.string().describe('Path on the back end, as api/free'),
      request_body: some.describe('JSON body'),
    }, { response: z.any() }, changing, proxy)
}
