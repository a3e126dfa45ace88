--- URI references of schemas: splitting and resolving, as RFC 3986 section 5 says.

local M = {}

local function split(uri)
  local rest, fragment = uri:match("^([^#]*)#?(.*)$")
  local scheme, after = rest:match("^(%a[%w+.-]*):(.*)$")
  rest = after or rest
  local authority, path = rest:match("^//([^/?]*)(.*)$")
  path = path or rest
  local bare, query = path:match("^([^?]*)%?(.*)$")
  return { scheme = scheme, authority = authority, path = bare or path, query = query, fragment = fragment }
end

local function remove_dots(path)
  local out = {}
  for segment in path:gmatch("/?[^/]*") do
    if segment == "/.." then
      out[#out] = nil
    elseif segment ~= "/." and segment ~= "" then
      out[#out + 1] = segment
    end
  end
  if path:find("/%.%.?$") then out[#out + 1] = "/" end
  return table.concat(out)
end

local function join(parts)
  local out = {}
  if parts.scheme then out[#out + 1] = parts.scheme .. ":" end
  if parts.authority then out[#out + 1] = "//" .. parts.authority end
  out[#out + 1] = parts.path
  if parts.query then out[#out + 1] = "?" .. parts.query end
  return table.concat(out)
end

local function merge(base, path)
  if base.authority and base.path == "" then return "/" .. path end
  return (base.path:match("^(.*/)") or "") .. path
end

--- Resolves a reference against a base.
---@param base string       absolute, without fragment; "" if there is none
---@param reference string
---@return string uri       without fragment
---@return string fragment  "" if there is none
function M.resolve(base, reference)
  local r = split(reference)
  if r.scheme then return join(r), r.fragment end
  local b = split(base)
  r.scheme = b.scheme
  if not r.authority then
    r.authority = b.authority
    if r.path == "" then
      r.path, r.query = b.path, r.query or b.query
    elseif r.path:sub(1, 1) == "/" then
      r.path = remove_dots(r.path)
    else
      r.path = remove_dots(merge(b, r.path))
    end
  end
  return join(r), r.fragment
end

--- Decodes the percent escapes of a fragment.
---@param text string
---@return string
function M.unescape(text)
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16) --[[@as integer]]) end))
end

return M
