// The five tools on deployments.
import { z } from 'zod'
import { guarded, ok } from './answer.js'
import * as api from './runcomfy.js'

const HARDWARE = ['TURING_16', 'AMPERE_24', 'AMPERE_48', 'ADA_48_PLUS', 'AMPERE_80', 'ADA_80_PLUS', 'HOPPER_141']
const KEYS = [
  'id', 'name', 'workflow_id', 'workflow_version', 'hardware', 'min_instances', 'max_instances', 'queue_size',
  'keep_warm_duration_in_seconds', 'status', 'is_enabled', 'created_at', 'updated_at',
]

const deploymentId = z.string().describe('Id of the deployment')
const includePayload = z.boolean().default(false).describe('Also return the workflow graph and the default overrides')
const includeReadme = z.boolean().default(false).describe('Also return the readme')
const scaling = {
  hardware: z.enum(HARDWARE).describe('GPU class'),
  min_instances: z.number().int().min(0).max(30).describe('Instances kept running'),
  max_instances: z.number().int().min(1).max(60).describe('Most instances at once'),
  queue_size: z.number().int().min(0).describe('Queued requests per instance before another one starts'),
  keep_warm_duration_in_seconds: z.number().int().min(0).describe('Seconds an idle instance is kept'),
}
const output = { ok: z.boolean() }
const readOnly = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true }
const changing = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true }

const compact = (d) => Object.fromEntries(KEYS.map((key) => [key, d[key] ?? null]))

function summary(payload) {
  if (payload === null || typeof payload !== 'object') return { payload_keys: [] }
  const nodes = Object.entries(payload.workflow_api_json ?? {}).slice(0, 200)
  return {
    payload_keys: Object.keys(payload).sort(),
    has_object_info_url: Boolean(payload.object_info_url),
    default_override_node_ids: Object.keys(payload.overrides ?? {}).sort().slice(0, 100),
    workflow_node_summary: nodes.map(([node_id, node]) => ({
      node_id,
      title: node._meta?.title ?? null,
      class_type: node.class_type ?? null,
      input_names: Object.keys(node.inputs ?? {}).sort(),
    })),
  }
}

async function list({ ids, include_payload, include_readme }) {
  const found = await api.listDeployments(ids, include_payload, include_readme)
  const deployments = include_payload || include_readme ? found : found.map(compact)
  return ok(`Found ${deployments.length} deployment(s).`, { deployments })
}

async function get({ deployment_id, include_payload, include_readme }) {
  const deployment = await api.getDeployment(deployment_id, include_payload, include_readme)
  const data = { deployment }
  if (include_payload) data.payload_summary = summary(deployment.payload)
  return ok(`Loaded deployment ${deployment_id}.`, data)
}

async function create({ hardware, ...fields }) {
  const made = await api.createDeployment({ ...fields, hardware: [hardware] })
  return ok(`Created deployment ${made.id}.`, { deployment: compact(made) })
}

async function update({ deployment_id, hardware, ...fields }) {
  const body = { ...fields, ...(hardware ? { hardware: [hardware] } : {}) }
  if (Object.keys(body).length === 0) throw new Error('No fields supplied to update.')
  if (body.name === undefined) body.name = (await api.getDeployment(deployment_id)).name
  const changed = await api.updateDeployment(deployment_id, body)
  return ok(`Updated deployment ${deployment_id}.`, { deployment: compact(changed) })
}

async function remove({ deployment_id }) {
  return ok(`Deleted deployment ${deployment_id}.`, { response: await api.deleteDeployment(deployment_id) })
}

export function deploymentTools(server) {
  const tool = (name, description, inputSchema, outputSchema, annotations, run) =>
    server.registerTool(
      name,
      { title: name, description, inputSchema, outputSchema: { ...output, ...outputSchema }, annotations },
      guarded(run),
    )
  const one = { deployment: z.record(z.any()).optional() }

  tool('list_deployments', 'Lists the deployments of the account.',
    { ids: z.array(z.string()).optional().describe('Only these'), include_payload: includePayload, include_readme: includeReadme },
    { deployments: z.array(z.any()).optional() }, readOnly, list)
  tool('get_deployment', 'Reads one deployment.',
    { deployment_id: deploymentId, include_payload: includePayload, include_readme: includeReadme },
    { ...one, payload_summary: z.record(z.any()).optional() }, readOnly, get)
  tool('create_deployment', 'Deploys a version of a cloud-saved workflow.',
    {
      name: z.string().describe('Name of the deployment'),
      workflow_id: z.string().describe('Id of the workflow'),
      workflow_version: z.string().describe('Version of the workflow, as v1'),
      hardware: scaling.hardware.default('AMPERE_48'),
      min_instances: scaling.min_instances.default(0),
      max_instances: scaling.max_instances.default(1),
      queue_size: scaling.queue_size.default(1),
      keep_warm_duration_in_seconds: scaling.keep_warm_duration_in_seconds.default(60),
    }, one, changing, create)
  tool('update_deployment', 'Changes a deployment; what is not given stays.',
    {
      deployment_id: deploymentId,
      name: z.string().optional().describe('New name'),
      workflow_version: z.string().optional().describe('New version'),
      ...Object.fromEntries(Object.entries(scaling).map(([key, type]) => [key, type.optional()])),
      is_enabled: z.boolean().optional().describe('False fails all its requests at once'),
    }, one, changing, update)
  tool('delete_deployment', 'Deletes a deployment for good.', { deployment_id: deploymentId },
    { response: z.any() }, { ...changing, idempotentHint: true }, remove)
}
