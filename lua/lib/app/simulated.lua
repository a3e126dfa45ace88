--- Labels what comes from the simulator, so that nobody takes it for real: in the text, in the data,
--- in the server's instructions.

local errors = require "lib.errors"
local json = require "core.json"
local label = require "lib.features.label"

local M = {}

M.SENTENCE = "SIMULATED: made up by rcmcp's built-in simulator; RunComfy was not contacted and nothing was charged."

M.INSTRUCTIONS = "This server runs on rcmcp's built-in simulator (started with --simulate). No deployment, request, image or "
  .. "price is real, RunComfy is never contacted and nothing is charged; each result carries \"simulated\": true. "
  .. "Tell the user so before presenting any of it."

local SHOWN = 20 -- pictures that the text names

local function labelled_data(data)
  if type(data) == "userdata" then data = json.decode(data:text()) end -- the API's own bytes
  data.simulated = true
  return data
end

local function labelled_error(err)
  err = errors.wrap(err)
  local labelled = {}
  for key, value in pairs(err) do labelled[key] = value end
  labelled.data = labelled_data(errors.data(err))
  return errors.new(err.message .. "\n" .. M.SENTENCE, labelled)
end

-- Says where the pictures are, which end with the process otherwise.
local function keep_pictures(result, kept)
  if not kept or result.data == nil then return end
  local pictures, problem = kept:save(result.data)
  local lines = { result.text }
  for i, picture in ipairs(pictures) do
    if i <= SHOWN then lines[#lines + 1] = "Saved: " .. picture.path end
  end
  if #pictures > SHOWN then lines[#lines + 1] = ("… and %d more beside them."):format(#pictures - SHOWN) end
  if problem then lines[#lines + 1] = "The simulated pictures are not saved, and end with this process: " .. problem end
  result.text = table.concat(lines, "\n")
  if #pictures > 0 then result.simulated_files = pictures end
end

local function labelled_output(output)
  if not (output and output.properties) then return output end
  local copy = setmetatable({}, getmetatable(output))
  for key, value in pairs(output) do copy[key] = value end
  copy.properties = setmetatable({}, getmetatable(output.properties))
  for key, value in pairs(output.properties) do copy.properties[key] = value end
  copy.properties.simulated = { type = "boolean", description = "true: made up by the simulator" }
  copy.properties.simulated_files = { description = "Where the simulated pictures were saved: url, path" }
  return copy
end

-- What a tool has given, which says what it is.
local function labelled_result(tool, result, kept)
  keep_pictures(result, kept)
  result.text = (result.text and result.text .. "\n" or "") .. M.SENTENCE
  label.put(tool.label_rules, result)
  return result
end

--- A link of the chain of effects that labels what tools give.  Arguments that are refused have reached no simulator, tools that tell of
--- this server only (`about_server`) tell nothing that is simulated, and a call that joins another one gives that one's result.
---@param kept? KeptPictures
---@return Interceptor
function M.link(kept)
  return function(effect, proceed, scope)
    local result, err = proceed()
    if effect.kind ~= "tool" or scope.tool.about_server or result and result.joined then return result, err end
    if result then return labelled_result(scope.tool, result, kept) end
    if errors.is(err) and err.code == "invalid_input" then return nil, err end
    return nil, labelled_error(err)
  end
end

--- The same tool, whose schema says that results are labelled.
---@param tool table
---@return table
function M.tool(tool)
  local copy = setmetatable({}, getmetatable(tool))
  for key, value in pairs(tool) do copy[key] = value end
  copy.output = labelled_output(tool.output)
  return copy
end

return M
