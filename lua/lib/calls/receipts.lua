--- What a call has begun that costs money or changes something: told to whoever might ask for the same again.
---
--- It travels inside of a `requestState`, too, so that a process that never saw the call can name it.  That copy is only
--- ever told back, as text: a forged one misleads nobody but its author.

local clean, brief = require("lib.text").clean, require("lib.text").brief
local codec = require "core.codec"
local errors = require "lib.errors"
local json = require "core.json"
local log = require "core.log"

local M = {}

---@class Receipt
---@field deployment_id string
---@field request_id? string   of a submit; none: its answer was lost
---@field tool? string         what was done, where it is no submit

---@class Receipts
---@field list Receipt[]
---@field ended? boolean     the call is over: the list is whole

local MOST_NAMED = 20    -- in words
local MOST_SEALED = 40   -- in a requestState
local LONGEST_ID = 128   -- bytes
local LONGEST_STATE = 16384

--- A foreign word, as it is shown: short, and nothing that a terminal obeys.
---@param text string
---@return string
function M.shown(text)
  return (brief(clean(text), LONGEST_ID):gsub("%c", "?"):gsub("\xC2[\x80-\x9F]", "?"))
end
local shown = M.shown

---@return Receipts
function M.new()
  return { list = {}, ended = false } -- room: setting them must not fail
end

---@param receipt Receipt
---@return string
function M.describe(receipt)
  local deployment = shown(receipt.deployment_id)
  if receipt.tool then return ("%s of deployment %s"):format(shown(receipt.tool), deployment) end
  if not receipt.request_id then return ("a submit to deployment %s whose answer was lost"):format(deployment) end
  return ("request %s of deployment %s"):format(shown(receipt.request_id), deployment)
end

--- All of them in words, "request R of deployment D, …".
---@param list Receipt[]
---@param more? integer  that are not in the list
---@return string
function M.words(list, more)
  local parts = {}
  for i = 1, math.min(#list, MOST_NAMED) do parts[i] = M.describe(list[i]) end
  more = (more or 0) + math.max(0, #list - MOST_NAMED)
  if more > 0 then parts[#parts + 1] = ("%d more"):format(more) end
  return table.concat(parts, ", ")
end

local LOOK = "Look with get_request_status and get_request_result, and ask for nothing again unless you mean to pay a second time."

--- What an error says about a call that had begun something; "" where it had not.
---@param receipts Receipts?
---@return string
function M.sentence(receipts)
  if not receipts or #receipts.list == 0 then return "" end
  return ("\nIt had begun: %s. %s"):format(M.words(receipts.list), LOOK)
end

local function is_of_word(text, at)
  return text:find("^[%w_-]", at) ~= nil
end

local function has_word(text, word)
  local from = 1
  while true do
    local first, last = text:find(word, from, true)
    if not first then return false end
    if not (first > 1 and is_of_word(text, first - 1)) and not is_of_word(text, last + 1) then return true end
    from = last + 1 -- it is a part of a longer one
  end
end

--- Whether a message names a request.
---@param message string
---@param request_id string
---@return boolean
function M.names(message, request_id)
  if request_id:find "%D" then return has_word(message, request_id) end
  return has_word(message, "request " .. request_id) -- a number may stand for anything
end

--- Names in an error what its call had begun and the message does not name yet: where something of our own failed, its caller
--- must know.
---@param receipts Receipts?
---@param err Error
---@return Error err  the same
function M.name_in(receipts, err)
  local unnamed = {}
  for _, receipt in ipairs(receipts and receipts.list or {}) do
    if not (receipt.request_id and M.names(err.message, receipt.request_id)) then unnamed[#unnamed + 1] = receipt end
  end
  if #unnamed == 0 then return err end
  local data = errors.data(err)
  if type(data) ~= "table" or getmetatable(data) == json.array then data = { ok = false, error = err.message, data = data } end
  data.submitted = M.data((receipts --[[@as Receipts]]).list)
  err.message, err.data = err.message .. M.sentence { list = unnamed }, data
  return err
end

--- Logs that a call was given up when it had its result already: what it made was paid for, and reaches nobody.
---@param call string  the name of the tool or prompt
---@param receipts Receipts
function M.unheard(call, receipts)
  if #receipts.list == 0 then return end
  log.write("warning", ("the call of '%s' was cancelled when it had its result, which reaches nobody.%s"):format(call,
    (M.sentence(receipts):gsub("\n", " "))))
end

--- The same as members of structured content.
---@param list Receipt[]
---@return table[]
function M.data(list)
  local copy = {}
  for i, receipt in ipairs(list) do
    copy[i] = json.ordered({ "deployment_id", "request_id", "tool" }, {
      deployment_id = clean(receipt.deployment_id), request_id = receipt.request_id and clean(receipt.request_id), tool = receipt.tool,
    })
  end
  return json.as_array(copy)
end

-- In a requestState -----------------------------------------------------------------------------------

local function sealable(receipt)
  return #receipt.deployment_id <= LONGEST_ID and #(receipt.request_id or "") <= LONGEST_ID
end

--- What a requestState carries of them, as printable ASCII.
---@param receipts Receipts
---@param call string     the name of the tool, prompt or resource
---@return string
function M.seal(receipts, call)
  local list = {}
  for _, receipt in ipairs(receipts.list) do
    if #list < MOST_SEALED and sealable(receipt) then list[#list + 1] = receipt end
  end
  return codec.base64_encode(json.encode {
    call = shown(call), list = M.data(list), more = #receipts.list - #list,
  })
end

local function text_of(value)
  return type(value) == "string" and #value <= LONGEST_ID and shown(value) or nil
end

local function read_list(value)
  local list = {}
  for i = 1, math.min(#value, MOST_SEALED) do
    local entry = type(value[i]) == "table" and value[i] or {}
    local deployment_id = text_of(entry.deployment_id)
    if not deployment_id then return nil end
    list[i] = { deployment_id = deployment_id, request_id = text_of(entry.request_id), tool = text_of(entry.tool) }
  end
  return list
end

--- Reads what `seal` made; nil for anything else.
---@param text string
---@return { call: string, list: Receipt[], more: integer }?
function M.unseal(text)
  local bytes = #text <= LONGEST_STATE and codec.base64_decode(text)
  local value = bytes and json.decode(bytes, true)
  if type(value) ~= "table" or type(value.list) ~= "table" then return nil end
  local list, call = read_list(value.list), text_of(value.call)
  if not list or not call then return nil end
  return {
    call = call, list = list, more = math.type(value.more) == "integer" and math.max(0, value.more) or 0,
  }
end

-- A requestState that is not good any more -----------------------------------------------------------

local SAFE = "Asking again, without it, is safe."
local UNSURE = "Look at the deployment's requests on runcomfy.com before you ask again: that may pay a second time."

-- What the process itself still knows of the call.
local function remembered(receipts)
  if #receipts.list > 0 then return M.sentence(receipts):sub(2), receipts.list end
  if receipts.ended then return "Its call has ended and had begun nothing that costs money. " .. SAFE, {} end
  return "Its call goes on under another request, and has begun nothing that costs money so far. Wait for that one.", {}
end

-- The process that it was given out by may have gone on since, by an answer that reached it: nobody here can know.
local function sealed(state)
  local mark = state:find(".", 1, true)
  local told = mark and M.unseal(state:sub(mark + 1))
  if not told then return "What its call had begun is not known here. " .. UNSURE, {} end
  if #told.list + told.more > 0 then
    return ("Its call of '%s' had begun: %s. %s"):format(told.call, M.words(told.list, told.more), LOOK), told.list
  end
  return ("Its call of '%s' had submitted nothing when it asked, but may have gone on since. %s"):format(told.call, UNSURE), {}
end

--- Why a requestState is not taken, and what its call had begun.
---@param state string
---@param known? Receipts  of its call, where this process still has them
---@return string message, string? data  JSON text
function M.stale(state, known)
  local text, list
  if known then text, list = remembered(known) else text, list = sealed(state) end
  local message = "Unknown 'requestState': it was used already, is too old, or is of a server that has ended since. " .. text
  return message, #list > 0 and json.encode { submitted = M.data(list --[[@as Receipt[] ]]) } or nil
end

return M
