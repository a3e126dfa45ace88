--- A child process for functional specs: the real program, driven over real pipes.

local host = require "core.host"
local loop = require "core.loop"
local process = require "core.process"
local timer = require "core.timer"
local wire_check = require "spec.support.wire_check"

local M = {}

--- The program under test is the one that runs the specs.
M.program = assert(host.program())

---@class Child
---@field out string     all of standard output so far
---@field err string     all of standard error so far
---@field status? integer
---@field signal? integer
---@field handle core.process.Process
---@field wire? WireCheck      of a server
local Child = {}
Child.__index = Child

-- Runs the loop until `done()`; raises, with what the child said, after `seconds`: a watchdog, never a measure.  What no event of
-- the loop tells of would be seen when the watchdog comes, and count as seen: that raises, too.
local function run_until(done, child, seconds)
  local expired = false
  local _ <close> = timer.after((seconds or 30) * 1000, function() expired = true end)
  while not done() do
    if child.wire and child.wire.problem then error("a message that clients throw away: " .. child.wire.problem, 3) end
    loop.step(true)
    if expired then
      error(("the child did not get there%s; stdout: %s\nstderr: %s"):format(
        done() and ", or it did and no event told of that (see poll_until)" or "", child.out:sub(-2000), child.err:sub(-2000)), 3)
    end
  end
end

local POLL_MS = 10

local function sets(env, name)
  for _, line in ipairs(env) do
    if line:sub(1, #name + 1) == name .. "=" then return true end
  end
  return false
end

--- Starts a program; `options.env` are "NAME=value" lines added to a small fixed environment.
---@param file string
---@param args string[]
---@param options? { env: string[]? }
---@return Child
function M.spawn(file, args, options)
  local self = setmetatable({ out = "", err = "", lines_taken = 1, open = 2 }, Child)
  local env = { "PATH=" .. os.getenv("PATH"), "HOME=/proc/nonexistent", "LC_ALL=C.UTF-8" }
  local own = options and options.env or {}
  for _, name in ipairs { "RCMCP_LUA_DIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TMPDIR" } do
    if os.getenv(name) and not sets(own, name) then env[#env + 1] = name .. "=" .. os.getenv(name) end
  end
  table.move(own, 1, #own, #env + 1, env)
  local handle, message = process.spawn {
    file = file,
    args = args,
    env = env,
    on_stdout = function(bytes) self:take("out", bytes) end,
    on_stderr = function(bytes) self:take("err", bytes) end,
    on_exit = function(status, signal) self.status, self.signal = status, signal end,
  }
  self.handle = assert(handle, message)
  return self
end

-- Whether what it prints is MCP.
local function is_server(args)
  if args[1] == "serve" then
    for _, arg in ipairs(args) do
      if arg == "--help" or arg == "-h" then return false end
    end
    return true
  end
  return args[1] == "lua" and (args[2] or ""):find("^spec/support/%w+_server%.lua$") ~= nil
end

--- Starts the program under test, `rcmcp ARGS…`.  What a server sends is checked, message by message.
---@param args string[]
---@param options? { env: string[]? }
---@return Child
function M.rcmcp(args, options)
  local self = M.spawn(M.program, args, options)
  if is_server(args) then self.wire = wire_check.new() end
  return self
end

-- Hands whole lines on; gives what is left.
local function each_line(self, text, take)
  local from, to = 1, text:find("\n", 1, true)
  while to do
    take(self.wire, text:sub(from, to - 1))
    from = to + 1
    to = text:find("\n", from, true)
  end
  return text:sub(from)
end

function Child:take(stream, bytes)
  if not bytes then
    self.open = self.open - 1
    return
  end
  self[stream] = self[stream] .. bytes
  if self.wire and stream == "out" then self.unchecked = each_line(self, (self.unchecked or "") .. bytes, self.wire.sent) end
end

function Child:write(bytes)
  if self.wire then self.unread = each_line(self, (self.unread or "") .. bytes, self.wire.received) end
  return self.handle:write(bytes)
end

function Child:close_stdin()
  self.handle:close_stdin()
end

--- The next whole line of standard output.
---@param seconds? number  watchdog, default 30
---@return string
function Child:line(seconds)
  run_until(function() return self.out:find("\n", self.lines_taken, true) ~= nil end, self, seconds)
  local last = self.out:find("\n", self.lines_taken, true)
  local line = self.out:sub(self.lines_taken, last - 1)
  self.lines_taken = last + 1
  return line
end

--- Waits until `done(child)` is true.
---@param done fun(child: Child): boolean
---@param seconds? number
function Child:wait_until(done, seconds)
  run_until(function() return done(self) end, self, seconds)
end

--- The same for what no event of the loop tells of, as the text of a file.
---@param done fun(child: Child): boolean
---@param seconds? number
function Child:poll_until(done, seconds)
  local tick ---@type core.timer.Timer
  local function again() tick = timer.after(POLL_MS, again) end
  again()
  local _ <close> = setmetatable({}, { __close = function() tick:cancel() end })
  run_until(function() return done(self) end, self, seconds)
end

--- Waits for its end and the end of its output.
---@param seconds? number
---@return integer status, integer signal
function Child:wait(seconds)
  run_until(function() return self.status ~= nil and self.open == 0 end, self, seconds)
  return self.status, self.signal
end

function Child:close()
  self.handle:cancel()
end
Child.__close = Child.close

--- Runs the program under test to its end with `input` on standard input.
---@param args string[]
---@param options? { env: string[]?, input: string?, seconds: number? }
---@return integer status, string out, string err
function M.run(args, options)
  local child <close> = M.rcmcp(args, options)
  if options and options.input then child:write(options.input) end
  child:close_stdin()
  local status = child:wait(options and options.seconds)
  return status, child.out, child.err
end

return M
