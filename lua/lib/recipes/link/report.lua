--- What became of each recipe file: for people, and as JSON for `rcmcp recipes --json` and rcmcp://recipes.

local clean_all = require("lib.text").clean_all
local json = require "core.json"

local M = {}

---@class RecipeReport
---@field name string
---@field file string
---@field folder string              label of the folder
---@field state "loaded"|"failed"|"shadowed"|"disabled"|"module"
---@field error? string              also of a loaded one: its newest version is bad, an earlier one runs
---@field load_ms? number
---@field tools string[]             that it brings into the set
---@field shadowed? { name: string, by: string }[]

local kinds = { "tools", "prompts", "resources", "templates" }

local function hidden_keys(record)
  local hidden, count = {}, 0
  for _, shadow in ipairs(record.shadowed or {}) do
    hidden[shadow.name] = true
    count = count + 1
  end
  return hidden, count
end

local function state_of(record)
  if record.at.disabled then return "disabled" end
  if record.is_module then return "module" end
  if not record.chosen then return "failed" end
  local _, hidden = hidden_keys(record)
  local declared = 0
  for _, kind in ipairs(kinds) do declared = declared + #record.chosen[kind] end
  return hidden == declared and "shadowed" or "loaded"
end

local function tools_of(record)
  local names, hidden = {}, hidden_keys(record)
  for _, entry in ipairs(record.chosen and record.chosen.tools or {}) do
    if not hidden[entry.key] then names[#names + 1] = entry.key end
  end
  return names
end

local function shadows_of(record)
  if not record.shadowed then return nil end
  local list = {}
  for i, shadow in ipairs(record.shadowed) do list[i] = { name = shadow.name, by = shadow.by.file } end
  return list
end

--- What became of each file.
---@param records RecipeRecord[]
---@return RecipeReport[]
function M.of(records)
  local list = {}
  for i, record in ipairs(records) do
    list[i] = {
      name = record.at.name, file = record.at.file, folder = record.label, state = state_of(record), error = record.problem,
      load_ms = record.chosen and record.chosen.load_ms, tools = tools_of(record), shadowed = shadows_of(record),
    }
  end
  return list
end

local ENTRY = { "name", "state", "file", "folder", "tools", "load_ms", "error", "shadowed" }
local SHADOW, FOLDER, ALL = { "name", "by" }, { "path", "error" }, { "recipes", "folders" }

local function ordered_all(list, keys)
  for i, value in ipairs(list) do list[i] = json.ordered(keys, value) end
  return json.as_array(list)
end

--- The report of a catalog, ready for json.encode: names of files need not be UTF-8.
---@param catalog Catalog
---@return table
function M.json(catalog)
  local report = clean_all(catalog:report())
  for _, entry in ipairs(report) do
    entry.tools = json.as_array(entry.tools)
    entry.shadowed = entry.shadowed and ordered_all(entry.shadowed, SHADOW)
  end
  return json.ordered(ALL, { recipes = ordered_all(report, ENTRY), folders = ordered_all(clean_all(catalog:folder_problems()), FOLDER) })
end

return M
