--- `rc.download`: which output, and as what.  The host saves it: lib.recipes.effects.download.

local work = require "lib.recipes.rc.work"

local M = {}

local function check_options(options)
  local plain = options ~= nil and work.import(options, "rc.download", 4) or {}
  if type(plain) ~= "table" then error("rc.download's options are a table: { name = …, about = … }", 4) end
  for name in pairs(plain) do
    if name ~= "name" and name ~= "about" then
      error(("rc.download has no option '%s'; it takes name and about"):format(tostring(name)), 4)
    end
  end
  if plain.name ~= nil and type(plain.name) ~= "string" then error("rc.download: name must be a text", 4) end
  if plain.about ~= nil and type(plain.about) ~= "table" then error("rc.download: about must be a table", 4) end
  if plain.about then plain.about = work.import_json(plain.about, "rc.download", 4, { type = "object" }) end
  return plain
end

--- `rc.download`
---@param state rc.State
---@param url string|table  or an entry of output_urls
---@param options? table
---@return table
function M.download(state, url, options)
  local entry = type(url) == "table" and work.import(url, "rc.download", 3) or { url = url }
  if type(entry.url) ~= "string" then error("rc.download takes a URL, or an entry of output_urls", 3) end
  state:needs("rc.download", 3)
  local plain = check_options(options)
  local origin = state.outputs[entry.url]
  local filename = type(entry.filename) == "string" and entry.filename or origin and origin.filename
  return work.effect_json(state, "download", "save", {
    url = entry.url, name = plain.name or filename, about = plain.about, origin = origin,
  })
end

return M
