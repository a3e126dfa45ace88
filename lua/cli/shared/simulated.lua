--- Marks what comes from the simulator, so that nobody takes it for real: in the text, in the data,
--- in the server's instructions.

local errors = require "lib.errors"
local json = require "core.json"

local M = {}

M.SENTENCE = "SIMULATED: made up by rcmcp's built-in simulator; RunComfy was not contacted and nothing was charged."

M.INSTRUCTIONS = "This server runs on rcmcp's built-in simulator (started with --simulate). No deployment, request, image or "
  .. "price is real, RunComfy is never contacted and nothing is charged; each result carries \"simulated\": true. "
  .. "Tell the user so before presenting any of it."

local function marked_data(data)
  if type(data) == "userdata" then data = json.decode(data:text()) end -- the API's own bytes
  data.simulated = true
  return data
end

local function marked_error(err)
  err = errors.wrap(err)
  local marked = {}
  for key, value in pairs(err) do marked[key] = value end
  marked.data = marked_data(err.data or { ok = false, error = err.message })
  return errors.new(err.message .. "\n" .. M.SENTENCE, marked)
end

local function marked_output(output)
  if not (output and output.properties) then return output end
  local copy = setmetatable({}, getmetatable(output))
  for key, value in pairs(output) do copy[key] = value end
  copy.properties = setmetatable({}, getmetatable(output.properties))
  for key, value in pairs(output.properties) do copy.properties[key] = value end
  copy.properties.simulated = { type = "boolean", description = "true: made up by the simulator" }
  return copy
end

--- The result of a recipe, which says what it is; the registry puts the mark among its data once they are checked.
---@param result? table
---@param err? Error
---@return table? result, Error? err
function M.result(result, err)
  if not result then return nil, marked_error(err) end
  result.text = (result.text and result.text .. "\n" or "") .. M.SENTENCE
  result.simulated = true
  return result
end

--- The same tool, with results that say what they are.
---@param tool table
---@return table
function M.tool(tool)
  local copy = setmetatable({}, getmetatable(tool))
  for key, value in pairs(tool) do copy[key] = value end
  copy.output = marked_output(tool.output)
  copy.run = function(input, ctx)
    local result, err = tool.run(input, ctx)
    if not result then return nil, marked_error(err) end
    result.text = result.text .. "\n" .. M.SENTENCE
    result.data = marked_data(result.data)
    return result
  end
  return copy
end

return M
