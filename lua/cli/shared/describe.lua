--- What a tool or a recipe is and takes, in words, from its declaration.

local M = {}

local WIDTH = 96

---@class Description
---@field name string
---@field title? string
---@field description string
---@field input Parameter[]|table|string|nil
---@field call string                  how to call it: "rcmcp call NAME"
---@field annotations? { [1]: string, [2]: boolean }[]
---@field uses? string[]
---@field hosts? string[]
---@field file? string

local function wrap(text, indent)
  local lines, line = {}, ""
  for word in text:gmatch("%S+") do
    if #line + #word + 1 > WIDTH - #indent then
      lines[#lines + 1] = indent .. line
      line = word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  lines[#lines + 1] = indent .. line
  return table.concat(lines, "\n")
end

local function shown(value)
  if type(value) == "table" then return require("core.json").encode(value) end
  return tostring(value)
end

local function allowed(entry)
  local parts = {}
  if entry.enum then
    local options = {}
    for i, option in ipairs(entry.enum) do options[i] = shown(option) end
    parts[#parts + 1] = "one of " .. table.concat(options, ", ")
  end
  if entry.minimum and entry.maximum then
    parts[#parts + 1] = ("%s to %s"):format(entry.minimum, entry.maximum)
  elseif entry.minimum then
    parts[#parts + 1] = ("%s or more"):format(entry.minimum)
  elseif entry.maximum then
    parts[#parts + 1] = ("%s or less"):format(entry.maximum)
  end
  if entry.default ~= nil then parts[#parts + 1] = "default " .. shown(entry.default) end
  if entry.default == nil and not entry.optional then parts[#parts + 1] = "required" end
  return #parts > 0 and " (" .. table.concat(parts, "; ") .. ")" or ""
end

local function add_parameters(lines, parameters)
  lines[#lines + 1] = "Parameters:"
  for _, entry in ipairs(parameters) do
    lines[#lines + 1] = ("  %s  %s%s"):format(entry[1], entry[2], allowed(entry))
    if entry[3] and entry[3] ~= "" then lines[#lines + 1] = wrap(entry[3], "      ") end
  end
  if #parameters == 0 then lines[#lines + 1] = "  none" end
end

local MEANING = {
  readOnlyHint = { [true] = "only reads" },
  destructiveHint = { [true] = "may change or destroy something, or cost money" },
  openWorldHint = { [true] = "reaches beyond RunComfy's own data" },
}

local function add_hints(lines, annotations)
  local found = {}
  for _, hint in ipairs(annotations or {}) do
    local meaning = MEANING[hint[1]] and MEANING[hint[1]][hint[2]]
    if meaning then found[#found + 1] = meaning end
  end
  if #found > 0 then lines[#lines + 1] = "What it does to the world: " .. table.concat(found, "; ") .. "." end
end

local function example(description, parameters)
  local words = { description.call }
  for _, entry in ipairs(parameters) do
    if entry.default == nil and not entry.optional then
      words[#words + 1] = ("%s=%s"):format(entry[1], entry[2] == "object" and "@FILE" or "…")
    end
  end
  if #words == 1 and #parameters > 0 then words[2] = "key=value …" end
  return table.concat(words, " ")
end

--- The description as text, without a line end at its end.
---@param description Description
---@return string
function M.text(description)
  local parameters = require("cli.shared.parameters").of(description.input)
  local lines = { description.name .. (description.title and ": " .. description.title or ""), "", wrap(description.description, "  "), "" }
  add_parameters(lines, parameters)
  lines[#lines + 1] = ""
  if description.uses and #description.uses > 0 then lines[#lines + 1] = "Uses: " .. table.concat(description.uses, ", ") end
  if description.hosts and #description.hosts > 0 then lines[#lines + 1] = "Reaches: " .. table.concat(description.hosts, ", ") end
  add_hints(lines, description.annotations)
  if description.file then lines[#lines + 1] = "File: " .. description.file end
  lines[#lines + 1] = "Call it: " .. example(description, parameters)
  return table.concat(lines, "\n")
end

return M
