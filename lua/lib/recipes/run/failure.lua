--- How a recipe's failure is told: the message, then the recipe's own frames with file and line.

local clean_all = require("lib.text").clean_all
local copies = require "lib.recipes.boundary.copies"
local errors = require "lib.errors"
local rc_error = require "lib.recipes.boundary.rc_error"
local redaction = require "lib.redaction"
local sandbox = require "lib.recipes.load.sandbox"

local M = {}

local MAX_FRAMES, MAX_MESSAGE = 10, 4096
local MAX_NAME = 200 -- bytes of a file's name at the head of a message
local OUT_OF_MEMORY = "not enough memory" -- Lua's own words; a recipe may catch it, and go on with less

-- Tracebacks shorten long names to "...end of the name".
local function is_own(name, sources)
  if sources[name] then return true end
  local tail = name:match("^%.%.%.(.+)$")
  if not tail then return false end
  for source in pairs(sources) do
    if source:sub(-#tail) == tail then return true end
  end
  return false
end

--- The frames of a traceback that are the recipe's own: "poster.lua:12, in function 'upscale'".
---@param traceback? string
---@param recipe Recipe
---@return string[]
function M.frames(traceback, recipe)
  local sources = sandbox.sources(recipe.environment)
  local frames = {}
  -- linear: Lua cuts the names of a traceback at 60 bytes (LUA_IDSIZE), and each match ends with its line
  for name, line, what in (traceback or ""):gmatch("\n\t([^\n]-):(%d+): ([^\n]*)") do
    if is_own(name, sources) and #frames < MAX_FRAMES then
      frames[#frames + 1] = ("%s:%s, %s"):format(name, line, what)
    end
  end
  return frames
end

local function frame_of(fn)
  local info = fn and debug.getinfo(fn, "S")
  return info and info.linedefined > 0 and ("%s:%d, in the function that begins there"):format(info.short_src, info.linedefined) or nil
end

-- The recipe's frames; where none is known, as after a tail call (`return f()`), the function that the call runs.
local function frames_of(traceback, call)
  if call.stood_at then return call.stood_at end
  local frames = M.frames(traceback, call.recipe)
  if #frames == 0 then frames[1] = frame_of(call.fn) end
  return frames
end

--- Where a call stands, or the function that it runs where that is not known.
---@param call CallState
---@return string[] frames
function M.standing(call)
  return frames_of(call.main and call.main:where(), call)
end

--- What a worker says of that, fit to be told.
---@param frames string[]
---@return string[]
function M.told_frames(frames)
  local told = {}
  for i = 1, math.min(#frames, MAX_FRAMES) do told[i] = redaction.brief(frames[i], MAX_NAME) end
  return told
end

--- Where a function begins, as messages go on with it; "" of one that is not Lua's.
---@param fn? function
---@return string
function M.beginning(fn)
  local frame = frame_of(fn)
  return frame and "\n  at " .. frame or ""
end

local function with_frames(message, frames)
  if #frames == 0 then return message end
  return message .. "\n  at " .. table.concat(frames, "\n  at ")
end

local function import_fields(err)
  local copy = {}
  for _, name in ipairs(errors.CROSSING) do
    local ok, value = pcall(copies.import, rawget(err, name))
    copy[name] = ok and redaction.value(clean_all(value)) or nil
  end
  return copy
end

-- The message of whatever a recipe raised, by raw access.
local function message_of(err)
  local kind = type(err)
  local message = kind == "table" and rawget(err, "message") or err
  if type(message) == "number" then message = tostring(message) end
  if type(message) ~= "string" then message = "it raised an error that is a " .. kind .. " without a message" end
  return redaction.brief(message, MAX_MESSAGE)
end

-- Files of ours that stand between a recipe and Lua's own functions, whose messages name them.
local THIN = {
  "lib/recipes/load/bounded.lua", "lib/recipes/load/sandbox.lua", "lib/recipes/load/coroutines.lua", "lib/recipes/rc/json.lua",
}

-- The message with the line of the recipe in the place of ours.
local function at_its_line(message, frames)
  local line = frames[1] and frames[1]:match "^[^,]*:%d+"
  for _, file in ipairs(line and THIN or {}) do
    local _, last = message:sub(1, MAX_NAME):find(file .. ":", 1, true)
    local rest = last and message:match("^%d+: (.*)$", last + 1)
    if rest and not message:sub(1, last):find "[\n ]" then return line .. ": " .. rest end
  end
  return message
end

--- What is said of memory that ran out for all: a worker has another limit.
M.ALL_HELD = "rcmcp holds about as much as it may in all (setting memory_bytes)"

local function whose_memory(call)
  local _, _, starved = call.budget:expired()
  if starved then return M.ALL_HELD end
  return ("a call of a recipe may use %g MiB"):format(call.limits.memory_bytes / 1048576)
end

--- What a recipe raised, as the host's error value.
---@param err any
---@param traceback? string
---@param call CallState
---@return Error
function M.raised(err, traceback, call)
  local message = message_of(err)
  if message == OUT_OF_MEMORY then message = ("%s: %s"):format(message, whose_memory(call)) end
  local copy = type(err) == "table" and import_fields(err) or { code = "recipe_error" }
  if rc_error.is_deliberate(err) then return errors.new(message, copy) end
  local frames = frames_of(traceback, call)
  copy.frames = frames
  return errors.new(with_frames(at_its_line(message, frames), frames), copy)
end

local function memory_used_up(call)
  local _, crowded = call.budget:expired()
  if not crowded then
    return ("needed more than the %g MiB of memory that a call may use"):format(call.limits.memory_bytes / 1048576)
  end
  return ("needed more than the %g MiB of memory that all its calls may use, with what it keeps in globals from earlier ones")
    :format(sandbox.KEPT_BYTES / 1048576)
end

local limits = {
  cpu = function(call)
    return ("used more than the %g seconds of processor time that it may use between two waits"):format(call.limits.cpu_ms / 1000)
  end,
  memory = memory_used_up,
  timeout = function(call)
    return ("took longer than the %g seconds that a call may take"):format(call.limits.seconds)
  end,
  client_left = function() return "was waiting when its client ended the connection" end,
}

--- That a limit ended a call.
---@param limit "cpu"|"memory"|"timeout"|"client_left"
---@param call CallState
---@param traceback? string
---@return Error
function M.limited(limit, call, traceback)
  local message = ("stopped: recipe '%s' %s"):format(call.recipe.name, limits[limit](call))
  local frames = frames_of(traceback, call)
  return errors.new(with_frames(message, frames), { code = limit, frames = frames })
end

return M
