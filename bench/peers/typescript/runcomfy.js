// A client of the RunComfy Serverless API on Node's own fetch.

const BASE = process.env.RUNCOMFY_SERVERLESS_BASE_URL ?? 'https://api.runcomfy.net'
const HEADERS = {
  authorization: `Bearer ${process.env.RUNCOMFY_API_KEY}`,
  accept: 'application/json',
}

export class ApiError extends Error {
  constructor(status, payload) {
    super(payload?.error_message ?? payload?.message ?? payload?.error ?? `HTTP ${status}`)
    this.status = status
    this.payload = payload
  }
}

async function request(method, path, { query, body } = {}) {
  const url = new URL(path, BASE)
  for (const [name, values] of Object.entries(query ?? {})) {
    for (const value of values) url.searchParams.append(name, value)
  }
  const headers = body === undefined ? HEADERS : { ...HEADERS, 'content-type': 'application/json' }
  const response = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  const text = await response.text()
  let payload = text
  try {
    payload = JSON.parse(text)
  } catch {
    // the API may answer with text
  }
  if (!response.ok || payload?.error_code != null) throw new ApiError(response.status, payload)
  return payload
}

const id = encodeURIComponent
const deployment = (d) => `/prod/v2/deployments/${id(d)}`
const queue = (d) => `/prod/v1/deployments/${id(d)}`
const includes = (payload, readme) => ({ includes: [...(payload ? ['payload'] : []), ...(readme ? ['readme'] : [])] })

export const listDeployments = (ids, payload, readme) =>
  request('GET', '/prod/v2/deployments', { query: { ...includes(payload, readme), ids: ids ?? [] } })
export const getDeployment = (d, payload, readme) => request('GET', deployment(d), { query: includes(payload, readme) })
export const createDeployment = (body) => request('POST', '/prod/v2/deployments', { body })
export const updateDeployment = (d, body) => request('PATCH', deployment(d), { body })
export const deleteDeployment = (d) => request('DELETE', deployment(d))
export const submit = (d, body, query) => request('POST', `${queue(d)}/inference`, { body, query })
export const status = (d, r) => request('GET', `${queue(d)}/requests/${id(r)}/status`)
export const result = (d, r) => request('GET', `${queue(d)}/requests/${id(r)}/result`)
export const cancel = (d, r) => request('POST', `${queue(d)}/requests/${id(r)}/cancel`)
export const proxy = (d, i, path, body) =>
  request('POST', `${deployment(d)}/instances/${id(i)}/proxy/${path.replace(/^\/+/, '')}`, { body })
