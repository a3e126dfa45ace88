--- How effects of each kind stand on a tape: what they are told by, and their answers.

local clean = require "lib.workbench.tape.clean"
local codec = require "core.codec"
local json = require "core.json"
local redaction = require "lib.redaction"
local trim = require "lib.trim"

local M = {}

---@class TapeForm
---@field input fun(effect: Effect): any      what tells it from others of its name
---@field result fun(result: any): any        what is written of its answer
---@field answer fun(result: any): any        what is answered
---@field optional? boolean                   executed where the tape has none left: it reaches nothing but this machine

local forms = {} ---@type table<EffectKind, TapeForm>

forms.tool = {
  input = function(effect)
    if type(effect.input) == "table" then redaction.secrets(effect.input.extra_data) end
    return clean.copy(effect.input)
  end,
  result = function(result) return clean.copy { text = result.text, data = result.data } end,
  answer = function(result) return { text = result.text, data = result.data, is_error = false } end,
}

local function name_of(line)
  return line:sub(1, (line:find(":", 1, true) or #line + 1) - 1)
end

-- A header may be a key whatever it is called: its name alone is written.
local function names_of(lines)
  local names = {}
  for i, line in ipairs(lines) do names[i] = name_of(line) end
  return json.as_array(names)
end

-- What is sent may hold any secret: it is told by its digest.
local function digest_of(body)
  return body ~= nil and codec.sha256(type(body) == "string" and body or json.encode(body)) or nil
end

-- Without cookies and whatever else gives access.
local function public_headers(text)
  local lines = {}
  for line in text:gmatch "[^\r\n]+" do
    local name = trim(name_of(line)):lower()
    if not name:find("cookie", 1, true) and not clean.is_secret_name(name) then lines[#lines + 1] = line end
  end
  return table.concat(lines, "\r\n")
end

local function is_text(bytes)
  return codec.is_utf8(bytes) and not bytes:find("\0", 1, true)
end

forms.http = {
  input = function(effect)
    local input = effect.input
    return clean.copy { url = input.url, headers = names_of(input.headers or {}), body_sha256 = digest_of(input.body),
      json_sha256 = digest_of(input.json) }
  end,
  result = function(result)
    local text = is_text(result.body)
    return clean.copy { status = result.status, headers = public_headers(result.headers), url = result.url,
      body = text and result.body or nil, body_base64 = not text and codec.base64_encode(result.body) or nil }
  end,
  answer = function(result)
    local body = result.body or codec.base64_decode(result.body_base64 or "")
    return { status = result.status, headers = result.headers, url = result.url, body = body or "" }
  end,
}

-- The answer is JSON text already.
forms.download = {
  input = function(effect) return clean.copy { url = effect.input.url, name = effect.input.name } end,
  result = function(result) return clean.copy(json.decode(result)) end,
  answer = function(result) return json.encode(result) end,
}

local function same(value) return value end

local at_once = { input = function(effect) return effect.input or json.null end, result = same, answer = same, optional = true }

forms.now, forms.random, forms.uuid = at_once, at_once, at_once

--- The form of an effect; nil: it is not recorded, because what is recorded says all of it, or because it is executed in any case.
---@param effect Effect
---@param scope EffectScope
---@return TapeForm?
function M.of(effect, scope)
  return scope.caller and forms[effect.kind] or nil
end

return M
