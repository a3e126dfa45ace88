--- What a call of a feature gives, in no protocol's words: a result, or the result that tells an error.

local errors = require "lib.errors"
local json = require "core.json"
local clean = require("lib.text").clean

local M = {}

M.SHOWN = 20000 -- characters of the data that every client shows
local MOST_TEXT = 4 * 1024 * 1024 -- bytes of a result that is given twice, so that every client sees the whole

---@class Begun
---@field name_in fun(self: Begun, err: Error): Error  the error, which names what goes on, and what has ended with a result
---@field account fun(self: Begun): string?            the same in words; nil for nothing

---@class CallResult  what a call of a tool gives, in no protocol's words
---@field text? string      a message for a person
---@field data? any           the structured content
---@field content? Block[]   what the answer shows beside, in order
---@field outline? fun(): Outline?  what its text says first where the data are long: see lib.mcp.faces
---@field brief? fun(data: any): any  what its text shows in place of the data, which the structure keeps
---@field begun? Begun     what the call has begun: an error that takes the result's place names it
---@field is_error boolean
---@field pending? boolean    there is no result yet: the data say how to come back for it
---@field joined? Call        the result is to be that of another call, which whoever listens to this one joins
---@field note? string       of such a one: what stands before the other's result
---@field label_beside? boolean  the data have no room for that label: see lib.features.label

--- The result that tells an error.
---@param err Error|string
---@return CallResult
function M.failure(err)
  if not errors.is(err) then err = errors.new(tostring(err)) end
  ---@cast err Error
  err.message = clean(err.message)
  return { text = err.message, data = errors.data(err), content = err.content, is_error = true }
end

--- The error that carries a result which cannot be delivered as one: what made it may have been paid.
---@param message string  what is wrong with it
---@param result { text: string?, data: any, content: Block[]?, begun: Begun? }
---@return Error
function M.undelivered(message, result)
  local text = result.text and message .. "\n" .. result.text or message
  local shown = result.content
  local ok, written = pcall(json.encode, result.data, MOST_TEXT)
  if ok and result.data ~= nil and #written > M.SHOWN then -- the text that every client sees is cut there
    shown = table.move(shown or {}, 1, #(shown or {}), 1, {})
    table.insert(shown, 1, { type = "text", text = written })
  end
  local data = json.ordered({ "ok", "error", "code", "returned" }, {
    ok = false, error = message, code = "bad_result", returned = result.data,
  })
  local err = errors.new(text, { code = "bad_result", data = data, content = shown })
  return result.begun and result.begun:name_in(err) or err
end

return M
