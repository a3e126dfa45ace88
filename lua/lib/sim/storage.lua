--- The storage of output files: public addresses, no token wanted, gone after seven days.

local answers = require "lib.sim.answers"
local codec = require "core.codec"
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

-- The file at an address below the server's, and the request that made it.
local function look_up(sim, request_id, kind, path)
  local known = sim.model.requests[request_id]
  local request = known and jobs.find(sim.model, known.deployment.id, request_id)
  return request and find_file(request, kind, path)
end

local function draw(file)
  local png, message = images.render(file.picture)
  if not png then error("simulator: cannot draw " .. file.filename .. ": " .. message) end
  return png
end

--- The picture at a URL that a result names, without asking over the network.
---@param sim sim.Server
---@param url string
---@return string|nil png, string? request_id, string? filename
function M.picture(sim, url)
  local below = sim.base_url .. "/deployment_requests/"
  if url:sub(1, #below) ~= below then return nil end
  local request_id, kind, path = url:sub(#below + 1):match "^([^/]+)/([^/]+)/(.+)$"
  path = path and codec.percent_decode(path)
  local file = path and look_up(sim, request_id, kind, path)
  if not file then return nil end
  return draw(file), request_id, file.filename
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
  local file = look_up(sim, request_id, kind, path)
  if not file then return refuse(404, "NoSuchKey", "The specified key does not exist.") end
  return answers.text(200, draw(file), "image/png")
end

return M
