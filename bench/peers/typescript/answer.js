// Results of tools: the message, then the data, in both faces.
import { ApiError } from './runcomfy.js'

const LIMIT = 20_000

export function ok(message, data) {
  const structuredContent = { ok: true, ...data }
  const text = JSON.stringify(structuredContent)
  return {
    content: [
      { type: 'text', text: message },
      { type: 'text', text: text.length > LIMIT ? `${text.slice(0, LIMIT)} (cut)` : text },
    ],
    structuredContent,
  }
}

function failed(error) {
  const structuredContent = { ok: false, error: error.message }
  if (error instanceof ApiError) Object.assign(structuredContent, { status_code: error.status, payload: error.payload })
  return { content: [{ type: 'text', text: error.message }], structuredContent, isError: true }
}

/** Wraps a tool so that what it throws becomes an error result. */
export const guarded = (run) => async (input, extra) => {
  try {
    return await run(input, extra)
  } catch (error) {
    return failed(error)
  }
}
