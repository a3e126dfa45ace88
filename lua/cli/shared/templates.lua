--- What `rcmcp new` writes: a recipe that works, its spec, and what editors want to know.

local M = {}

local RECIPE = [=[
-- @NAME@: one request on a deployment, from its submission to the URLs of its pictures.
--
--   rcmcp run @FILE@ deployment_id=ID prompt="a fox in the snow" --dry-run
--   rcmcp test                # its spec, on the simulator: no key, no cost
--   rcmcp help @NAME@         # its parameters
local rc = require "rc"

return rc.tool {
  name = "@NAME@",
  title = "@TITLE@",
  description = "Generates pictures with a ComfyUI deployment and returns their URLs. Costs GPU time; a first run after a "
    .. "pause takes some minutes.",
  input = {
    { "deployment_id", "string", "The deployment to run, as list_deployments shows it" },
    { "prompt", "string", "What the picture shows" },
    { "node", "string", "Id of the node that takes the prompt, as get_deployment shows it", default = "6" },
    { "seed", "integer", "The same seed gives the same picture; left out: a new one", optional = true },
    { "seed_node", "string", "Id of the node that takes the seed", default = "3" },
  },
  output = {
    { "urls", "array", "Where the pictures are, for 7 days", items = "string" },
    { "seed", "integer", "The seed that made them" },
    { "request_id", "string", "The request, for get_request_result" },
  },
  uses = { "submit_request" }, -- nothing else can be called
  run = function(input, ctx)
    local seed = input.seed or rc.random(0, 2 ^ 31)
    ctx:progress(0, 1, "submitting")
    local job = rc.submit {
      deployment_id = input.deployment_id,
      overrides = {
        [input.node] = { inputs = { text = input.prompt } },
        [input.seed_node] = { inputs = { seed = seed } },
      },
    }
    local finished = job:wait()
    local urls = {}
    for i, output in ipairs(finished.output_urls) do urls[i] = output.url end
    return { urls = urls, seed = seed, request_id = job.request_id }
  end,
}
]=]

local SPEC = [=[
-- Runs on the simulator: rcmcp test
local kit = require "rcmcp.testkit"

local INPUT = { deployment_id = kit.DEPLOYMENT, prompt = "a fox in the snow", seed = 7 }

describe("@NAME@", function()
  it("returns the URLs of its pictures", function()
    local result = kit.run("@FILE@", INPUT)
    assert.is_nil(result.error)
    assert.equal(7, result.data.seed)
    assert.matches("^http", result.data.urls[1])
    kit.expect_calls(result, {
      { "submit_request", { deployment_id = kit.DEPLOYMENT, overrides = { ["6"] = { inputs = { text = "a fox in the snow" } } } } },
      "get_request_status",
      "get_request_result",
    })
  end)

  it("waits through a cold start", function()
    local result = kit.run("@FILE@", INPUT, { states = { { "cold_start", seconds = 240 } } })
    assert.is_true(result.ok)
    assert.is_true(result.seconds >= 240)
  end)

  it("says why a job failed", function()
    local result = kit.run("@FILE@", INPUT, { states = { "failed_job" } })
    assert.is_false(result.ok)
    assert.matches("CUDA out of memory", result.error)
  end)

  it("never submits again where the answer was lost", function()
    local result = kit.run("@FILE@", INPUT, { states = { "lost_answer" } })
    assert.is_false(result.ok)
    assert.equal(1, kit.count_calls(result, "submit_request"))
  end)
end)
]=]

local LUARC = [=[
{
  "$schema": "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json",
  "runtime.version": "Lua 5.4",
  "workspace.library": ["@META@"],
  "workspace.checkThirdParty": false,
  "diagnostics.globals": ["arg", "describe", "it", "before_each", "after_each", "pending"]
}
]=]

local function fill(text, values)
  return (text:gsub("@(%u+)@", values))
end

local function title_of(name)
  local words = name:gsub("_+", " ")
  return words:sub(1, 1):upper() .. words:sub(2)
end

---@class NewFile
---@field name string
---@field text string
---@field keep? boolean  one that is there already stays

--- The files of a new recipe.
---@param name string
---@param meta string  folder of the definitions
---@return NewFile[]
function M.files(name, meta)
  local values = { NAME = name, FILE = name .. ".lua", TITLE = title_of(name), META = meta:gsub('[\\"]', "\\%0") }
  return {
    { name = name .. ".lua", text = fill(RECIPE, values) },
    { name = name .. "_spec.lua", text = fill(SPEC, values) },
    { name = ".luarc.json", text = fill(LUARC, values), keep = true },
  }
end

return M
