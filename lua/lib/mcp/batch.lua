--- The answers of a JSON-RPC batch: kept until the last request in it is answered, sent as one array.

---@class Batch
---@field private transport Transport
---@field private limit integer
---@field private parts string[]
---@field private size integer   bytes in parts
---@field private open integer   requests not answered yet, plus one while the batch is being read
local Batch = {}
Batch.__index = Batch

local M = {}

--- Begins a batch; `close()` says that all of it was read.
---@param transport Transport
---@param limit integer  most bytes of one message
---@return Batch
function M.new(transport, limit)
  return setmetatable({ transport = transport, limit = limit, parts = {}, size = 0, open = 1 }, Batch)
end

local function flush(self)
  local parts = self.parts
  if #parts == 0 then return end
  self.parts, self.size = {}, 0 -- also where sending fails: no answer may go out twice
  self.transport:send("[" .. table.concat(parts, ",") .. "]")
end

local function settle(self)
  self.open = self.open - 1
  if self.open <= 0 then flush(self) end -- less: an error in the place of answers that could not be sent
end

--- Announces a request: exactly one `send` or `skip` follows for it.
function Batch:expect()
  self.open = self.open + 1
end

--- Takes the answer of one request.  Answers that would make the array too long for a message go out
--- in several arrays.
---@param text string
function Batch:send(text)
  if self.size + #text > self.limit then flush(self) end
  self.parts[#self.parts + 1] = text
  self.size = self.size + #text + 1
  settle(self)
end

--- One request gets no answer.
function Batch:skip()
  settle(self)
end

function Batch:close()
  settle(self)
end

return M
