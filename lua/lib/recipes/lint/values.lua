--- What is known of the values of expressions, and what their uses tell: methods of the walker.

local walker = require "lib.recipes.lint.walker"

local M = {}

local Walker, note = walker.Walker, walker.note

local NOTHING = { fields = {} }

-- { is = "rc" | "tools" | "member" (of rc) | "tool" (of rc.tools) | "job" | "finished" (what job:wait gives) | "status" (job:status)
--   | "response" (rc.http) | "answer" (of a tool, or of a job's other methods) | "field" (of something) | "global" | "variable"
--   | "string" | "text" (that begins with a known one) | "number" | "fraction" (rc.random) | "function" | "table" | "nil"
--   | "boolean" }, or nil.

-- An expression's value goes somewhere whole.
function Walker:escape(value)
  if not value then return end
  if value.is == "variable" then
    value.variable.whole = true
    return self:escape(value.variable.value)
  end
  if value.is == "rc" or value.is == "tools" then self.scanned.opaque = true end
end

--- What a value stands for: a local that holds rc is rc.
---@param value? table
---@return table?
function M.meaning(value)
  if value and value.is == "variable" and value.variable.value then return value.variable.value end
  return value
end

local meaning = M.meaning

--- What a value was made of where it stands, or where its local was declared: for its place, not for what it is by now.
---@param value? table
---@return table?
function M.made(value)
  for _ = 1, 10 do
    if not (value and value.is == "variable") then return value end
    value = value.variable.made or value.variable.value
  end
end

local function note_access(self, value, name, line, is_call)
  table.insert(self.scanned.accesses, {
    name = name, line = line, is_call = is_call, variable = value and value.is == "variable" and value.variable or nil,
    of = (meaning(value) or NOTHING).is, value = value,
  })
end

-- value.name
function Walker:member(value, name, line)
  local scanned, meant = self.scanned, meaning(value)
  if value and value.is == "variable" then value.variable.fields[name] = value.variable.fields[name] or line end
  if value and value.is ~= "global" then note_access(self, value, name, line, false) end
  if not meant then return { is = "field", name = name, of = value } end
  if meant.is == "rc" then
    note(scanned.rc, name, line)
    return { is = name == "tools" and "tools" or "member", name = name }
  elseif meant.is == "tools" then
    note(scanned.tools, name, line)
    return { is = "tool", name = name }
  elseif meant.is == "global" then
    note(scanned.members, meant.name .. "." .. name, line)
    return nil
  end
  return { is = "field", name = name, of = value }
end

local GIVES = { wait = "finished", result = "finished", status = "status", cancel = "answer", proxy = "answer" }

-- value:name(arguments)
function Walker:method(value, name, arguments, line)
  note_access(self, value, name, line, true)
  table.insert(self.scanned.methods, { value = value, name = name, arguments = arguments, line = line })
  local meant = meaning(value)
  if not meant then return nil end
  if meant.is == "job" then
    self:take_call("job:" .. name, arguments, line)
    return GIVES[name] and { is = GIVES[name] }
  end
  if meant.is == "string" and name == "format" then return { is = "text", text = meant.text } end
end

-- value[expression]
function Walker:index(value, key, line)
  if key and key.is == "number" and key.text == "0" then self:zeroth(value, line) end
  if key and key.is == "string" and key.text then return self:member(value, key.text, line) end
  self:escape(key)
  self:escape(value)
end

local KEYS = { tool = "name", prompt = "name", resource = "uri", template = "uri_template" }
local DECLARES = { tool = true, prompt = true, resource = true, template = true }

-- The text of a field.
local function text_of(node, field)
  local value = M.made(node.fields[field])
  return value and value.is == "string" and value.text or nil
end

function Walker:declared(kind, argument, line)
  local node = M.made(argument)
  if not (node and node.is == "table") then node = nil end
  local here = argument and argument.is == "table" and argument or NOTHING
  local run = meaning(here.fields.run)
  local in_sight = run ~= nil and run.is == "function"
  local context = in_sight and run.parameters[2] or nil
  if context then context.role = "ctx" end
  table.insert(self.scanned.declarations, {
    kind = kind, line = line, name = text_of(here, "name"), key = node and text_of(node, KEYS[kind]), in_sight = in_sight,
    run = in_sight and run or nil,
    input = in_sight and run.parameters[1] or nil, node = node,
  })
end

-- A call whose tables of options can be looked at.
function Walker:take_call(what, arguments, line)
  table.insert(self.scanned.calls, { what = what, arguments = arguments, line = line })
end

-- list[0]
function Walker:zeroth(value, line)
  local of = M.made(value)
  if of and of.is == "field" then note(self.scanned.zeroth, of.name, line) end
end

local MAKES = { submit = "job", job = "job", http = "response" }

local function made_by(name, arguments)
  if name == "random" then return #arguments == 0 and "fraction" or "number" end
  return MAKES[name]
end

-- ctx.progress(…), which wants a colon.
local function note_dotted(self, value, arguments, line)
  local owner = value.of and value.of.is == "variable" and value.of.variable
  local first = arguments[1]
  if not owner or first and first.is == "variable" and first.variable == owner then return end
  table.insert(self.scanned.dotted, { name = value.name, variable = owner, of = (meaning(value.of) or NOTHING).is, line = line })
end

-- value(arguments)
function Walker:called(value, arguments, line)
  local meant = meaning(value)
  if not meant then return nil end
  if meant.is == "global" and meant.name == "pcall" then self:take_call("pcall", arguments, line) end
  if meant.is == "global" and meant.name == "require" then
    local name = arguments[1] and arguments[1].is == "string" and arguments[1].text
    if name == "rc" then return { is = "rc" } end
    if name then note(self.scanned.requires, name, line) else self.scanned.opaque = true end
  elseif meant.is == "member" and DECLARES[meant.name] then
    self:declared(meant.name, arguments[1], line)
  elseif meant.is == "member" then
    self:take_call("rc." .. meant.name, arguments, line)
    local kind = made_by(meant.name, arguments)
    return kind and { is = kind }
  elseif meant.is == "tool" then
    self:take_call("rc.tools." .. meant.name, arguments, line)
    return { is = "answer" }
  elseif meant.is == "tools" then
    note(self.scanned.misused, "rc.tools", line)
  elseif meant.is == "field" then
    local owner = meaning(meant.of)
    if owner and owner.is == "member" then self:take_call(("rc.%s.%s"):format(owner.name, meant.name), arguments, line) end
    note_dotted(self, meant, arguments, line)
  end
end

return M
