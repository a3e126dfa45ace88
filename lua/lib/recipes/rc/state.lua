--- The state of one call of a recipe: what it may do, whom it tells, what of it is under way.

local clock = require "lib.async.clock"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local hints = require "lib.recipes.link.hints"

local M = {}

---@class rc.Settings  the settings that the API reads
---@field file_folders? string[]
---@field output_folder? string
---@field download_max_bytes? integer
---@field http_hosts? string[]

---@class rc.State
---@field name string                    the recipe's (tool's) name
---@field uses table<string, true>
---@field hosts string[]
---@field samples table<string, any>
---@field find fun(name: string): Tool?
---@field settings rc.Settings
---@field ctx table                      the caller's context
---@field chain string[]                 recipes from the outermost to this one
---@field started number                 lib.async.clock
---@field call? CallState
---@field call_id string                name of the call: see Effect
---@field numbers? rc.Branch             what the host does for an effect is numbered there
---@field passing? boolean               nothing of that is kept: see EffectScope
---@field tool? Tool                    as clients know it, with its hints; of a script nil
---@field instances table<string, string>  by request: the instance that ran it, as far as is known
---@field outputs table<string, table>   by URL: where a job's output came from
---@field package done number            progress that the recipe told
---@field package total? number
---@field package step number            smallest step between two of its progress values
---@field package told integer           reports of tools since then
---@field package words? string           what it said
---@field package reports integer         how often it told
---@field package tallied? rc.Tally
local State = {}
local Nothing = {}
function Nothing.__close() end
Nothing.__index = Nothing
local NOTHING = setmetatable({}, Nothing)
State.__index = State

local function set_of(list)
  local set = {}
  for _, item in ipairs(list or {}) do set[item] = true end
  return set
end

local function chain_of(ctx, name)
  local chain = {}
  for _, caller in ipairs(ctx.chain or {}) do chain[#chain + 1] = caller end
  chain[#chain + 1] = name
  return chain
end

---@class rc.Options
---@field name string
---@field uses? string[]
---@field hosts? string[]
---@field samples? table
---@field find fun(name: string): Tool?
---@field settings? rc.Settings
---@field ctx table
---@field call? CallState
---@field tool? Tool

---@param options rc.Options
---@return rc.State
function M.new(options)
  local settings = options.settings or {}
  return setmetatable({
    name = options.name, uses = set_of(options.uses), hosts = options.hosts or {}, samples = options.samples or {},
    find = options.find, settings = settings, ctx = options.ctx, call = options.call, tool = options.tool,
    chain = chain_of(options.ctx, options.name),
    call_id = effects.call_of(options.ctx),
    started = clock.now(), outputs = {}, instances = {}, done = 0, step = 1, told = 0,
    reports = 0,
  }, State)
end

--- The same state for what the host does for an effect: calls of tools that are numbered below it.
---@param effect Effect
---@param passing? boolean  nothing of these is kept
---@return rc.State
function State:below(effect, passing)
  local numbers = { path = effects.below(effect), seq = 0 }
  return setmetatable({ numbers = numbers, passing = passing }, { __index = self, __newindex = self })
end

--- Raises where the hints that clients were given deny what the code is about to do.
---@param member string   "rc.download", "rc.http"
---@param level integer   as error's, from here
function State:needs(member, level)
  local denied = self:denied(member)
  if denied then error(denied.message, level + 1) end
end

--- The same as an error; nil where they allow it.
---@param member string
---@return Error?
function State:denied(member)
  if not self.tool then return nil end
  local name, value = hints.denies(self.tool, member)
  if not name then return nil end
  return errors.new(("%s: clients were told that '%s' has %s = %s; declare annotations = { %s = %s }"):format(member, self.name,
    name, value, name, not value), { code = "not_allowed" })
end

--- Moment of lib.async.clock at which the call must have ended.
---@return number
function State:deadline()
  return math.min(self.ctx.deadline or math.huge, self.call and self.call.deadline or math.huge)
end

--- A place for a call of a tool, a request or a download, in a fiber of the host; waits until one is free.  What
--- a call that is told to end still undoes does not queue behind what it left.
---@return table place  to be closed at its end
function State:place()
  local call = self.call
  if not call or call.phase == "run" and call.reason then return NOTHING end
  return call.places:take()
end

-- Progress -----------------------------------------------------------------------------------------

--- The recipe's own progress.
---@param done number
---@param total? number
---@param message? string
function State:progress(done, total, message)
  if done > self.done then self.step = math.min(self.step, done - self.done) end
  self.done, self.total, self.told, self.counts = math.max(done, self.done), total, 0, true
  self.words, self.reports = message or self.words, self.reports + 1
  self.ctx:progress(done, total, message)
end

---@class rc.Tally  how many of a list's items are done
---@field count integer
---@field done integer
---@field reports integer  of the recipe, when the list began

--- Counts the items of a list that are worked on, for those who watch; the outermost list's, until the recipe counts itself.
---@param count integer
---@return rc.Tally tally  to be given to `untally`
function State:tally(count)
  local tally = { count = count, done = 0, reports = self.reports }
  if count > 1 then self.tallied = self.tallied or tally end
  return tally
end

--- One more is done.
---@param tally rc.Tally
function State:tick(tally)
  tally.done = tally.done + 1
  if tally == self.tallied and self.reports == tally.reports then self:report() end
end

---@param tally rc.Tally
function State:untally(tally)
  if self.tallied == tally then self.tallied = nil end
end

-- The recipe's own words stay; what tools and lists tell is put behind them.
local function worded(self, message)
  local tally = self.tallied
  local count = tally and self.reports == tally.reports and ("%d of %d done"):format(tally.done, tally.count)
  if count then message = message and count .. "; " .. message or count end
  if self.words and message then return ("%s (%s)"):format(self.words, message) end
  return message or self.words
end

-- A value between the recipe's last and its next: reports must grow to be seen, and clients that count
-- time since the last one must see them.
local function between(self)
  self.told = self.told + 1
  return self.done + self.step * 0.5 * self.told / (self.told + 10)
end

--- What a tool that the recipe called tells: seconds so far, until the recipe itself counts.
---@param message? string
function State:report(message)
  message = worded(self, message)
  if self.counts then
    self.ctx:progress(between(self), self.total, message)
  else
    self.ctx:progress(clock.now() - self.started, nil, message)
  end
end

-- Leaving ------------------------------------------------------------------------------------------

--- Marks a wait for time, a job or a person, in a fiber of the host: it ends with the call when the client leaves.
---@return table wait  to be closed at its end
function State:wait()
  return self.call and self.call:wait() or NOTHING
end

return M
