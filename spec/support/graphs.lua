--- Small workflows for specs: a sampler with its surroundings, changed where a spec says.

local assert = require "luassert"
local graphs = require "lib.workflow.graph"
local roles = require "lib.workflow.roles"

local M = {}

--- A node.
---@param class string
---@param inputs table
---@return table
function M.node(class, inputs)
  return { class_type = class, inputs = inputs }
end

local node = M.node

--- Text to image: 3 samples, 4 loads, 5 is the empty latent, 6 and 7 are the words, 9 saves.
---@param changes? table<string, table|false>  nodes instead of or beside these; false: without it
---@return table graph
function M.base(changes)
  local graph = {
    ["4"] = node("CheckpointLoaderSimple", { ckpt_name = "m.safetensors" }),
    ["5"] = node("EmptyLatentImage", { width = 512, height = 512, batch_size = 1 }),
    ["6"] = node("CLIPTextEncode", { text = "a cat", clip = { "4", 1 } }),
    ["7"] = node("CLIPTextEncode", { text = "blurry", clip = { "4", 1 } }),
    ["3"] = node("KSampler", { seed = 1, steps = 4, cfg = 1.0, denoise = 1.0, model = { "4", 0 }, positive = { "6", 0 },
      negative = { "7", 0 },
                               latent_image = { "5", 0 } }),
    ["8"] = node("VAEDecode", { samples = { "3", 0 }, vae = { "4", 2 } }),
    ["9"] = node("SaveImage", { images = { "8", 0 }, filename_prefix = "x" }),
  }
  for id, change in pairs(changes or {}) do graph[id] = change or nil end
  return graph
end

--- The sampler of `base` with other inputs.
---@param inputs table
---@param class? string
---@return table
function M.sampler(inputs, class)
  local all = { seed = 1, steps = 4, cfg = 1.0, denoise = 1.0, model = { "4", 0 }, positive = { "6", 0 }, negative = { "7", 0 },
                latent_image = { "5", 0 } }
  for name, value in pairs(inputs) do all[name] = value or nil end
  return node(class or "KSampler", all)
end

--- The inputs of a role in one text; nil where it does not exist, or is a candidate alone.
---@param role table?  of lib.workflow.roles
---@return string?  "6.text 7.text"
function M.keys(role)
  if not role or role.how == "candidate" then return nil end
  local list = {}
  for i, place in ipairs(role.places) do list[i] = place.id .. "." .. place.name end
  return table.concat(list, " ")
end

--- The roles of a graph.
---@param graph table
---@return table
function M.find(graph)
  return (roles.find(assert(graphs.read(graph))))
end

--- Finds the roles of a graph, and asserts where they are.
---@param graph table
---@param expected table<string, string|false>  the places of each role; false: it must not exist
---@return table found
function M.check(graph, expected)
  local found = M.find(graph)
  for role, places in pairs(expected) do assert.equal(places or nil, M.keys(found[role]), role) end
  return found
end

--- A node that encodes words.
---@param value any  a text, or a link
---@return table
function M.text(value)
  return node("CLIPTextEncode", { text = value, clip = { "4", 1 } })
end

return M
