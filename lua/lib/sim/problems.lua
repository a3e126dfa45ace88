--- What the service refuses, before it is put into one of the API's error bodies.

local M = {}

---@class sim.Problem
---@field status integer       HTTP status
---@field error_code? integer  RunComfy's
---@field message string
---@field detail? any          FastAPI's list, or a string
---@field form? "fastapi"|"message"|"text"  default: error_code and error_message

---@param status integer
---@param error_code? integer
---@param message string
---@param fields? table  detail, form
---@return sim.Problem
function M.new(status, error_code, message, fields)
  local problem = { status = status, error_code = error_code, message = message }
  for key, value in pairs(fields or {}) do problem[key] = value end
  return problem
end

--- A resource that does not exist (or not any more).
---@param what string
---@return sim.Problem
function M.not_found(what)
  return M.new(404, 404001, what .. " not found")
end

--- Complaints about a request body in FastAPI's own form, without an error_code.
---@param detail table[]|string
---@return sim.Problem
function M.unprocessable(detail)
  return M.new(422, nil, "Unprocessable Entity", { detail = detail, form = "fastapi" })
end

--- Complaints about an inference body: 422001 with `detail`.
---@param detail table[]
---@return sim.Problem
function M.validation(detail)
  return M.new(422, 422001, "Validation Error", { detail = detail })
end

--- One entry of FastAPI's list.
---@param loc (string|integer)[]  where: "body", "overrides", "6", …
---@param msg string
---@param kind string             FastAPI's `type`
---@return table
function M.entry(loc, msg, kind)
  return { loc = loc, msg = msg, type = kind }
end

return M
