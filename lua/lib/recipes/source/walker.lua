--- The walk over a source: its tokens one by one, and the scopes of its names.  What is found is taken down in `scanned`.

local M = {}

---@class lint.Walker
---@field tokens lint.Token[]
---@field at integer
---@field scope? { parent: table?, names: table<string, lint.Variable> }
---@field scanned lint.Scan
local Walker = {}
Walker.__index = Walker

M.Walker = Walker

-- Tokens -------------------------------------------------------------------------------------------

function Walker:peek() return self.tokens[self.at] end

function Walker:is(value)
  local token = self.tokens[self.at]
  return token.value == value and (token.kind == "op" or token.kind == "keyword")
end

function Walker:next()
  local token = self.tokens[self.at]
  self.at = self.at + 1
  return token
end

function Walker:accept(value)
  if not self:is(value) then return false end
  self.at = self.at + 1
  return true
end

function Walker:expect(value)
  if not self:accept(value) then
    error(("line %d: expected '%s', got '%s'"):format(self:peek().line, value, tostring(self:peek().value)), 0)
  end
end

-- Scopes -------------------------------------------------------------------------------------------

function Walker:open() self.scope = { parent = self.scope, names = {} } end
function Walker:close() self.scope = (self.scope --[[@as table]]).parent end

function Walker:declare(name, value)
  local variable = { name = name, fields = {}, written = {}, whole = false, value = value }
  local scope = self.scope --[[@as table]]
  scope.names[name] = variable
  return variable
end

function Walker:find(name)
  local scope = self.scope
  while scope do
    if scope.names[name] then return scope.names[name] end
    scope = scope.parent
  end
end

--- Takes a use down.
---@param list lint.Use[]
---@param name string
---@param line integer
---@param write? boolean
function M.note(list, name, line, write)
  list[#list + 1] = { name = name, line = line, write = write }
end

---@param tokens lint.Token[]
---@param scanned lint.Scan
---@return lint.Walker
function M.new(tokens, scanned)
  return setmetatable({ tokens = tokens, at = 1, scanned = scanned }, Walker)
end

return M
