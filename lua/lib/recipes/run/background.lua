--- Runs of recipes for clients: calls that outlive their listeners.
---
--- A client waits for an answer as long as it bears (`answer_by`, see lib.mcp.patience); a recipe may take longer.  Then the
--- request is answered with `pending`, the ids of open requests and the run's handle, and the call goes on in the background.
--- Another call joins it in two ways: `run_recipe` with `collect`, or the same call again, where somebody was told that it goes
--- on and nobody listens.  The result is given once, to whoever listens when it is there, or who comes first.

local account_calls = require "lib.calls.account_calls"
local canonical = require "lib.recipes.run.canonical"
local clock = require "lib.async.clock"
local errors = require "lib.errors"
local json = require "core.json"
local log = require "core.log"
local open_requests = require "lib.recipes.run.open_requests"
local receipts = require "lib.calls.receipts"
local registry = require "lib.features.registry"
local under_way = require "lib.recipes.run.under_way"

local M = {}

local MOST_RUNNING = 100 -- in the background at once

---@class RunSubject  what is run
---@field name string        of the tool
---@field recipe table       the version of it
---@field input table
---@field collects boolean   whether run_recipe is offered
---@field find fun(name: string): Tool?  the tool of that name now

---@class Run: Lasting
---@field subject RunSubject
---@field began number       moment of lib.async.clock

-- Answers --------------------------------------------------------------------------------------------

local function seconds_since(moment)
  return math.floor(clock.now() - moment + 0.5)
end

local function joined_note(call, subject)
  local run = call.lasting
  local note = ("This is run %s, begun %d s ago by an earlier call with the same arguments, which this call has joined: nothing new "
    .. "was begun."):format(call.id, seconds_since(run.began))
  if run.subject.recipe == subject.recipe then return note end
  return note .. " The recipe has changed since; the run is that of the version before."
end

local PENDING_KEYS = { "ok", "pending", "run", "recipe", "joined", "open_requests" }

-- Checked, and on its way through the links, as a result of the recipe's tool is.
local function finished(call, result)
  local subject = call.lasting.subject
  local tool = subject.find(subject.name)
  return tool and registry.report(tool, result, nil, call.ctx) or result
end

-- The answer to who does not wait any longer.
local function pending(call, note)
  local run, requests = call.lasting, call.ctx.requests
  local again = run.subject.collects and ("call run_recipe with collect = \"%s\", or make"):format(call.id) or "make"
  local text = ("Recipe '%s' is not finished after %d s; it goes on in the background as run %s. To wait on, %s the same call "
    .. "again, which joins this run."):format(run.name, seconds_since(run.began), call.id, again)
  if #call.asks > 0 then text = text .. " It has a question, which whoever joins it is asked." end
  if call.ctx.cancelled then text = text .. " It was cancelled, and ends when its clean-ups have run." end
  local open = requests and requests:text()
  log.write("info", ("the call of '%s' was answered with 'pending'; run %s goes on%s"):format(run.name, call.id,
    open and ". " .. open or ""))
  return finished(call, {
    pending = true, text = text .. (open and "\n" .. open or ""),
    data = json.ordered(PENDING_KEYS, {
      ok = true, pending = true, run = call.id, recipe = run.name, joined = note ~= nil or nil,
      open_requests = open_requests.data(requests and requests:list() or {}) or json.as_array {},
    }),
  })
end

-- Calls ----------------------------------------------------------------------------------------------

-- A run that somebody was told of, and nobody waits for now: the oldest.
local function joinable(book, key)
  local oldest
  for _, call in ipairs(book:lasting()) do
    local run, is_free = call.lasting, not call.listener and (call.told or call.outcome) and not (call.pending_input and not call.outcome)
    if run.key == key and is_free and not (oldest and oldest.lasting.began <= run.began) then oldest = call end
  end
  return oldest
end

local function count_background(book)
  local count = 0
  for _, call in ipairs(book:lasting()) do
    if not call.outcome and not call.listener and not call.pending_input then count = count + 1 end
  end
  return count
end

-- What nobody has come for is named at the program's end.
local function expect(book)
  under_way.report_also(book.results, book.results.uncollected)
end

--- Runs `work` for a call, which outlives its listeners from then on, or lets who listens join a run that goes on.  Where no client
--- asks, it is run as it is.
---@param subject RunSubject
---@param work fun(ctx: Context): CallResult?, Error?
---@param ctx Context
---@return table|nil result, Error? err
function M.call(subject, work, ctx)
  local owner = ctx.owner
  local book = owner and owner.book
  if not owner or not book or ctx.chain then return work(ctx) end
  expect(book)
  local key = ("%s\n%s"):format(subject.name, canonical.text(subject.input))
  subject.input = nil -- the recipe's, from now on
  local other = joinable(book, key)
  if other then return { joined = other, note = joined_note(other, subject) } end
  if count_background(book) >= MOST_RUNNING then
    return nil, errors.new(("%d runs of recipes go on in the background: collect them, or wait until one has ended. Nothing was begun.")
      :format(MOST_RUNNING), { code = "busy" })
  end
  owner:outlive { key = key, name = subject.name, pending = pending, subject = subject, began = clock.now() }
  local result, err = work(ctx)
  ctx.has_result = result ~= nil
  return result, err
end

local ASKED = "It waits for the answer to a question, which is to come with the 'requestState' of the call that was asked."

--- Goes on with a run by its handle: its result, once, or again `pending`.
---@param id string
---@param ctx Context
---@param recipe? string  what the caller takes it for: a result is given once, and not to who expects another's
---@return table|nil result, Error? err
function M.collect(id, ctx, recipe)
  local book = ctx.owner and ctx.owner.book or account_calls.new()
  local call = book:get(id)
  if not call or not call.lasting then return nil, errors.new(book.results:what_became_of(id), { code = "unknown_run" }) end
  local name = call.lasting.name
  if recipe and recipe ~= name then
    return nil, errors.new(("Run %s is one of recipe '%s', not of '%s'. Nothing was collected, and nothing was begun."):format(id,
      name, receipts.shown(recipe)), { code = "unknown_run" })
  end
  if not call.pending_input or call.outcome then return { joined = call } end
  local result = pending(call)
  result.text = ASKED .. "\n" .. result.text
  return result
end

return M
