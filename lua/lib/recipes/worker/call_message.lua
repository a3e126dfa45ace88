--- A call of a recipe's function, as its worker is told of it.

local clock = require "lib.async.clock"
local host = require "core.host"

local M = {}

---@class WorkerCall
---@field id string                    see Effect
---@field feature RecipeKind
---@field key string
---@field args any[]                   plain
---@field tools table<string, table|core.json.Raw>  schemas of those that it may call
---@field settings? Settings
---@field schema? table|core.json.Raw
---@field annotations? table           of the tool as clients know it
---@field client? table
---@field deadline? number             seconds from now
---@field ends? number                 the moment, on the program's clock, that the recipe is told as its deadline
---@field account? string             whose call it is: those of two run in no worker together
---@field chain? string[]
---@field simulated? boolean
---@field dry_run? boolean
---@field seed? string                 of chance: 16 bytes
---@field tells? boolean               its listener wants to hear of chance, too
---@field given? AnswerAtOnce[]       what time and chance are answered

local LIMITS = { "recipe_cpu_ms", "recipe_memory_bytes", "recipe_seconds", "recipe_calls" }

--- The message that begins it.
---@param recipe Recipe
---@param call WorkerCall
---@return WorkerMessage
function M.of(recipe, call)
  local limits = {}
  for _, name in ipairs(LIMITS) do limits[name] = call.settings and call.settings[name] end
  return {
    kind = "call", call = call.id, recipe = recipe.id, feature = call.feature, key = call.key, args = call.args, tools = call.tools,
    limits = limits, chain = call.chain or {}, seed = call.seed or host.random(16),
    wall = clock.wall(), speed = clock.is_virtual() and 0 or clock.speed(),
    simulated = call.simulated or false, dry_run = call.dry_run or false, schema = call.schema, annotations = call.annotations,
    client = call.client, deadline = call.deadline, ends = call.ends, tells = call.tells, given = call.given,
  }
end

return M
