--- Fails a test that leaves something open: what the loop holds, children, transfers, fibers, descriptors, temporary files.
--- What was there before the test, made by `setup` or by another test, is not its own; a file of specs leaves nothing either.

local busted = require "busted"
local fs = require "core.fs"
local loop = require "core.loop"
local process = require "core.process"
local own_tmp = require "spec.support.own_tmp"
local timer = require "core.timer"

local after = timer.after -- not the one that a spec puts in its place
local step = loop.step

local M = {}

-- With the first stream of a loop libuv opens /dev/null, and keeps it (uv__stream_init, emfile_fd).
do
  local over = false
  local first = assert(process.spawn { file = "true", args = {}, on_exit = function() over = true end })
  while not over do step(true) end
  first:cancel()
end

local WAIT_MS = 2000 -- for what has been closed and takes turns of the loop to go, as a child that was killed

-- Handles of C that the loop holds lie in Lua's registry, under numbers.
local function anchored()
  local found = {}
  for key, value in pairs(debug.getregistry()) do
    if type(key) == "number" and type(value) == "userdata" then
      local meta = debug.getmetatable(value)
      local name = meta and rawget(meta, "__name")
      if type(name) == "string" and name:find("core.", 1, true) == 1 then found[value] = name end
    end
  end
  return found
end

-- Where its callback was written.
local function place_of(handle)
  for number = 1, 4 do
    local callback = debug.getuservalue(handle, number)
    if type(callback) == "function" then
      local info = debug.getinfo(callback, "S")
      return (" with the callback of %s:%d"):format(info.short_src, info.linedefined)
    end
  end
  return ""
end

local function target_of(descriptor)
  return fs.readlink("/proc/self/fd/" .. descriptor)
end

local standard = {} -- the log and the protocol write to duplicates of these
for descriptor = 0, 2 do standard[target_of(descriptor) or ""] = true end

-- Sockets belong to what the loop holds, or wait in the HTTP client for its next transfer, as they are meant to; what has no name is
-- made once, by libraries.  Systems without /proc do not tell.
local function descriptors()
  local found = {}
  for _, descriptor in ipairs(fs.list "/proc/self/fd" or {}) do
    local target = target_of(descriptor)
    if target and not standard[target] and not target:find "^socket:" and not target:find "^anon_inode:" then
      found[("%s (%s)"):format(descriptor, target)] = true
    end
  end
  return found
end

-- The folder of a test kit is removed with the kit, whose tests may look at what was downloaded.
local function temporary_files()
  local found = {}
  for _, name in ipairs(fs.list(own_tmp.path) or {}) do
    if not name:find "^rcmcp%-testkit%-" then found[name] = true end
  end
  return found
end

-- Each file of specs has a module of its own.
local function fibers()
  local fiber = package.loaded["lib.async.fiber"]
  local found = {}
  if not fiber or fiber.count() == 0 then return found end
  for _, each in ipairs(fiber.all()) do found[each] = true end
  return found
end

local function snapshot()
  return {
    anchored = anchored(), handles = loop.handles(), fibers = fibers(),
    descriptors = descriptors(), files = temporary_files(),
  }
end

local function each_new(now, before, tell)
  for key, value in pairs(now) do
    if before[key] == nil then tell(key, value) end
  end
end

-- What there is now and was not before, in words.
local function difference(before)
  local lines = {}
  local function add(format, ...) lines[#lines + 1] = format:format(...) end
  each_new(anchored(), before.anchored, function(handle, name) add("a handle of %s%s", name, place_of(handle)) end)
  local none_by_name = #lines == 0
  for kind, count in pairs(loop.handles()) do
    local more = count - (before.handles[kind] or 0)
    if more > 0 and none_by_name then add("%d of libuv's handles of the kind %s", more, kind) end
  end
  each_new(fibers(), before.fibers, function(fiber) add("a fiber: %s", fiber:where()) end)
  each_new(descriptors(), before.descriptors, function(name) add("descriptor %s", name) end)
  each_new(temporary_files(), before.files, function(name) add("the temporary file %s", name) end)
  table.sort(lines)
  return lines
end

-- Takes what is ready, in a turn that waits for nothing, and gives what is left then.
local function left(before)
  step(false)
  return difference(before)
end

-- What was closed goes with the next turns of the loop.  Not all of that tells Lua: it is looked for again and again, with no timer
-- beside it that would count as what is left.
local function settle(before)
  local lines, waited, pause = difference(before), 0, 1
  if #lines > 0 then lines = left(before) end
  while #lines > 0 and waited < WAIT_MS do
    local over = false
    after(pause, function() over = true end)
    while not over do step(true) end
    lines, waited, pause = left(before), waited + pause, math.min(2 * pause, 50)
  end
  return lines
end

local function judge(before, who)
  local lines = settle(before)
  if #lines > 0 then error(("%s left open:\n  %s"):format(who, table.concat(lines, "\n  ")), 0) end
end

local before_test, before_file ---@type table?, table?
local passed ---@type string?  the name of the test, where it went well

busted.before_each(function()
  passed, before_test = nil, snapshot()
end)

-- The last of all: those of the specs come first.
busted.after_each(function()
  if not passed then return end
  local before = before_test
  before_test = nil
  local ok, message = pcall(judge, before, passed)
  if ok then return end
  before_file = snapshot() -- it is told once
  error(message, 0)
end)

busted.subscribe({ "test", "end" }, function(element, _, status)
  passed = status == "success" and element.name or nil
  return nil, true
end)

busted.subscribe({ "file", "start" }, function()
  before_file = snapshot()
  return nil, true
end)

busted.subscribe({ "file", "end" }, function(file)
  judge(before_file, file.name)
  return nil, true
end)

return M
