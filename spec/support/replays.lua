--- Runs shipped recipes along records of their effects, and breaks runs off.

local effects = require "lib.calls.effects"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local record = require "lib.calls.record"
local recipes = require "spec.support.recipes"
local replay = require "lib.calls.replay"
local runcomfy = require "spec.support.runcomfy"

local M = {}

-- Each run has the same chance, and answers depend on their keys alone.
local function chance(effect, proceed)
  if effect.kind == "uuid" then return "uuid " .. effects.key(effect) end
  if effect.kind ~= "random" then return proceed() end
  local sum = 7 * effect.seq + #effect.branch
  for byte in effect.branch:gmatch "%d" do sum = sum * 10 + tonumber(byte) end
  return effect.name == "float" and (sum % 97) / 97 or effect.input.first + sum % (effect.input.last - effect.input.first + 1)
end

--- A context whose effects pass these links, as the same call each time.
---@param links Interceptor[]
---@return table ctx
function M.context(links)
  local ctx = runcomfy.context()
  ctx.call_id = "c"
  table.insert(links, chance)
  ctx.effects = effects.chain(links)
  return ctx
end

--- A link that notes the keys of the effects that the recipe's own code asks for, and what they are: not what the host does for them.
---@param list string[]
---@return Interceptor
function M.noting(list)
  return function(effect, proceed, scope)
    if scope.caller and effect.call == "c" and not scope.caller.numbers then
      list[#list + 1] = ("%s: %s %s"):format(effects.key(effect), effect.kind, effect.name)
    end
    return proceed()
  end
end

--- A link behind which nothing is executed but chance, which is the same for all.
function M.refuse(effect, proceed, scope)
  if scope.caller and effect.kind ~= "random" and effect.kind ~= "uuid" then
    error(("executed: %s %s"):format(effect.kind, effect.name))
  end
  return proceed()
end

local Never = { __close = function() end }

local function never()
  return setmetatable({}, Never)
end

-- A link behind which nothing begins once so many effects have their answer: as if the process that asks had died.  What can be
-- asked at once is answered: nobody can wait there.
local function cut(after, on_cut)
  local answered = 0
  return function(effect, proceed, scope)
    if effects.LOCAL[effect.kind] or scope.passing or not scope.caller then return proceed() end
    if answered >= after then
      on_cut()
      fiber.await(never)
    end
    local result, err = proceed()
    answered = answered + 1
    return result, err
  end
end

--- Runs a recipe until so many of its effects are answered, then, while what is under way goes on, again along the record.
---@param bench Bench
---@param name string
---@param input table
---@param after integer
---@return RecipeAnswer
function M.broken(bench, name, input, after)
  local kept = replay.new(record.new())
  local wake
  local first = fiber.spawn(function()
    return bench:call(name, input, M.context { cut(after, function() if wake then wake() end end), kept:link() })
  end)
  first.quiet, first.on_end = true, function() if wake then wake() end end
  if first.status ~= "done" then
    fiber.await(function(callback)
      wake = callback
      return never()
    end)
  end
  wake = nil
  local answer = bench:call(name, input, M.context { kept:link() })
  answer.ledger = M.ledger(bench)
  first:cancel()
  first:join()
  return answer
end

-- What differs between two simulators.
local function plain(bench, text)
  for from, to in pairs { [bench.sim.base_url] = "SIM", [bench.saved.path] = "SAVED", [bench.files.path] = "FILES" } do
    local at = text:find(from, 1, true)
    while at do
      text = text:sub(1, at - 1) .. to .. text:sub(at + #from)
      at = text:find(from, at + #to, true)
    end
  end
  return text
end

--- What was written to the simulator, in order.
---@param bench Bench
---@return string
function M.ledger(bench)
  local lines = {}
  for _, request in ipairs(bench.sim:requests()) do
    if request.method ~= "GET" then lines[#lines + 1] = ("%s %s %s"):format(request.method, request.path, request.body) end
  end
  return plain(bench, table.concat(lines, "\n"))
end

--- What a client sees of an answer.
---@param bench? Bench  whose addresses and paths are told by words, for a comparison with another bench
---@param answer RecipeAnswer
---@return string
function M.seen(bench, answer)
  local text = json.encode { ok = answer.ok, text = answer.text, data = answer.data, content = answer.content }
  if bench then text = plain(bench, text) end
  return (text:gsub('("test_seconds":)%d+', "%1…")) -- the moments of polls are spread by chance
end

-- The recipes ------------------------------------------------------------------------------------------

local PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

local function submit(bench, seed, waits)
  return bench:call("submit_request", {
    deployment_id = recipes.TEXT_TO_IMAGE, overrides = { ["3"] = { inputs = { seed = seed } } }, wait_for_completion = waits,
    timeout_seconds = waits and 1200 or nil,
  }).data.submission.request_id
end

--- By the recipe's name, a function that prepares the simulator and gives the recipe's input.
---@type table<string, fun(bench: Bench): table>
M.inputs = {
  batch_from_csv = function(bench)
    local path = bench.files:write("rows.csv", 'prompt,seed\na fox in the snow,7\na fox at night,8\n')
    return { deployment_id = "text-to-image", file = path }
  end,
  chain_stages = function()
    return { stages = { { deployment_id = "text-to-image", inputs = { prompt = "a fox", seed = 7 } }, { deployment_id = "upscale" } } }
  end,
  compare_seeds = function() return { deployment_id = "text-to-image", prompt = "a fox", count = 3, inline = true } end,
  deployment_health = function() return {} end,
  discover_inputs = function() return { deployment_id = "text-to-image" } end,
  generate_image = function() return { deployment_id = "text-to-image", prompt = "a fox" } end,
  image_to_video = function(bench)
    bench:call("create_deployment", { name = "wan", workflow_id = recipes.VIDEO_WORKFLOW, workflow_version = "v1" })
    return { deployment_id = "wan", image = "https://example.com/fox.png", save = true }
  end,
  pause_when_idle = function(bench)
    return { deployment_id = "text-to-image", request_ids = { submit(bench, 1), submit(bench, 2) } }
  end,
  save_outputs = function(bench)
    return { deployment_id = "text-to-image", request_ids = { submit(bench, 1, true), submit(bench, 2, true) } }
  end,
  switch_hardware_with_rollback = function() return { deployment_id = "text-to-image", hardware = "ADA_48_PLUS" } end,
  upscale_then_free_vram = function(bench)
    local path = bench.files:write("photo.png", require("core.codec").base64_decode(PICTURE:match ",(.*)"))
    return { deployment_id = "upscale", image = path }
  end,
  warm_up_and_scale_back = function() return { deployment_id = "text-to-image", instances = 2, minutes = 5 } end,
}

return M
