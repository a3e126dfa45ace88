--- Paths of the API's URLs: what a caller gave stays in its place.
---
--- An id is one percent-encoded segment.  What would leave it (a slash, "..", a query, a whole URL) is
--- refused before anything is sent: it is a mistake, or an attempt to reach another endpoint.

local errors = require "lib.errors"
local parameters = require "lib.parameters"

local M = {}

local function escape(char)
  return ("%%%02X"):format(char:byte())
end

--- Percent-encodes all but RFC 3986's unreserved characters.
---@param text string
---@return string
function M.encode(text)
  return (text:gsub("[^%w%-._~]", escape))
end

local LONGEST_ID, LONGEST_ROUTE = 256, 8192 -- bytes; the rest of a check meets no longer ones

-- What keeps a text from being one segment, in words; nil: nothing.
local function segment_problem(text)
  if text == "" then return "must not be empty" end
  if #text > LONGEST_ID then return ("must be an id of at most %d characters"):format(LONGEST_ID) end
  if text == "." or text == ".." then return ("must be an id, got '%s'"):format(text) end
  if text:find("%c") then return "must not contain control characters" end
  if text:find("://", 1, true) then return "must be an id, not a URL" end
  local char = text:match("[/\\?#]")
  if char then return ("must be an id, without '%s'"):format(char) end
  return nil
end

local UNUSABLE = "request %s of deployment %s cannot be followed, for its id cannot stand in an address: it %s. It may run and be "
  .. "billed. Do not submit it again: look at the deployment's requests on runcomfy.com."

--- Why nothing can be asked about a request that was submitted; nil where all can.  RunComfy itself may have given such an id: that
--- it is refused here does not mean that nothing was sent.
---@param deployment_id string
---@param request_id string
---@return Error? err
function M.unusable(deployment_id, request_id)
  local problem = segment_problem(request_id)
  return problem and errors.new(UNUSABLE:format(request_id, deployment_id, problem), { code = "unusable_id", settled = true }) or nil
end

--- An id as a path segment.
---@param field string  the parameter that holds it, for the error
---@param id string
---@return string|nil segment, Error?
---@return_overload string
---@return_overload nil, Error
function M.segment(field, id)
  if #id <= LONGEST_ID and id:find("^[%w_%-]+$") then return id end
  local problem = segment_problem(id)
  if problem then return nil, parameters.invalid(field, ("Field '%s' %s. Nothing was sent."):format(field, problem)) end
  return M.encode(id)
end

local function route_problem(path)
  if #path > LONGEST_ROUTE then return ("must be a route of at most %d characters"):format(LONGEST_ROUTE) end
  if path:find("^%a[%w+.%-]*:") then return "must be a route such as api/free, not a URL" end
  if path:find("%c") then return "must not contain control characters" end
  local char = path:match("[\\?#]")
  if char then return ("must be a route such as api/free, without '%s'"):format(char) end
  if path:find("^/*$") then return "must not be empty" end
  return nil
end

local function encoded_segments(path)
  local segments = {}
  -- linear: each match ends at the first "/", and the text ends with one
  for segment in (path:gsub("^/+", "") .. "/"):gmatch("([^/]*)/") do
    if segment == "" then return nil, "must not contain empty parts ('//' or a '/' at the end)" end
    if segment == "." or segment == ".." then return nil, ("must not contain '%s'"):format(segment) end
    segments[#segments + 1] = M.encode(segment)
  end
  return table.concat(segments, "/")
end

--- A ComfyUI route as the tail of a path: leading slashes stripped, each part encoded.
---@param field string
---@param path string
---@return string|nil tail, Error?
---@return_overload string
---@return_overload nil, Error
function M.route(field, path)
  local problem, tail = route_problem(path), nil
  if not problem then tail, problem = encoded_segments(path) end
  if problem then return nil, parameters.invalid(field, ("Field '%s' %s. Nothing was sent."):format(field, problem)) end
  return tail
end

local LONGEST_WEBHOOK = 8192 -- bytes; what servers take of a URL

--- Whether a webhook URL is one that RunComfy calls.
---@param url string
---@return true|nil ok, Error?
---@return_overload true
---@return_overload nil, Error
function M.check_webhook(url)
  if #url <= LONGEST_WEBHOOK and url:find("^[hH][tT][tT][pP][sS]://[^%s%c/?#]") and not url:find("[%s%c]") then return true end
  return nil, parameters.invalid("webhook_url", "Field 'webhook_url' must be a public https:// URL. Nothing was sent.")
end

return M
