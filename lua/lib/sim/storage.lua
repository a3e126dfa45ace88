--- The storage of output files: public addresses, no token wanted, gone after seven days.

local answers = require "lib.sim.answers"
local images = require "lib.sim.images"
local jobs = require "lib.sim.jobs"

local M = {}

local function refuse(status, code, message)
  return answers.text(status, ('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>\n')
    :format(code, message), "application/xml")
end

-- As the real storage's CDN: a bearer token, or the name of a script library, is turned away.
local function is_unwelcome(headers)
  return headers.authorization ~= nil or (headers["user-agent"] or ""):lower():find("^python%-") ~= nil
end

local function find_file(request, kind, path)
  for _, file in ipairs(request.files or {}) do
    local name = file.subfolder == "" and file.filename or file.subfolder .. "/" .. file.filename
    if file.type == kind and name == path then return file end
  end
end

--- Answers a GET of an output file.
---@param sim sim.Server
---@param headers table<string, string>
---@param request_id string
---@param kind string  "output" or "temp"
---@param path string  decoded
---@return sim.Answer
function M.answer(sim, headers, request_id, kind, path)
  if is_unwelcome(headers) then return refuse(403, "AccessDenied", "Access Denied") end
  local known = sim.model.requests[request_id]
  local request = known and jobs.find(sim.model, known.deployment.id, request_id)
  local file = request and find_file(request, kind, path)
  if not file then return refuse(404, "NoSuchKey", "The specified key does not exist.") end
  local png, message = images.render(file.picture)
  if not png then error("simulator: cannot draw " .. file.filename .. ": " .. message) end
  return answers.text(200, png, "image/png")
end

return M
