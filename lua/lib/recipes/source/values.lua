--- What is known of the values of expressions, and what their uses tell: methods of the walker.

local walker = require "lib.recipes.source.walker"

local M = {}

local Walker, note = walker.Walker, walker.note

local NOTHING = { fields = {} }

-- { is = "rc" | "tools" | "member" (of rc) | "tool" (of rc.tools) | "job" | "finished" (what job:wait gives) | "status" (job:status)
--   | "response" (rc.http) | "saved" (rc.download) | "flow" (rc.workflow) | "content" (rc.text and its like) | "results" (rc.map,
--   rc.all) | "answer" (of a tool, or of job:proxy) | "outcome" (job:cancel) | "field" (of something) | "item" (something[…])
--   | "pairs" (ipairs(…)) | "library" (table.concat) | "end" (error, rc.fail) | "global" | "variable" | "string" | "text" (that
--   begins with a known one) | "number" | "fraction" (rc.random) | "function" | "table" | "nil" | "boolean" }, or nil.  Of what a
--   call gives, `what` is its name.

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

local LIBRARIES = { table = true, string = true, math = true, utf8 = true, os = true, coroutine = true }

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
    return LIBRARIES[meant.name] and { is = "library", name = meant.name .. "." .. name } or nil
  end
  return { is = "field", name = name, of = value }
end

local GIVES = { wait = "finished", result = "finished", status = "status", cancel = "outcome", proxy = "answer" }

local ANSWERS = { confirm = "boolean" }

-- What is called ctx, and is a parameter, is one: whose it is shows later.
local function is_context(value)
  local variable = value and value.is == "variable" and value.variable
  return variable and variable.name == "ctx" and not variable.value and not variable.made
end

-- value:name(arguments)
function Walker:method(value, name, arguments, line)
  note_access(self, value, name, line, true)
  table.insert(self.scanned.methods, { value = value, name = name, arguments = arguments, line = line })
  local meant = meaning(value)
  if is_context(value) then return ANSWERS[name] and { is = ANSWERS[name], what = "ctx:" .. name } end
  if not meant then
    self:may_leave()
    return nil
  end
  if meant.is == "job" then
    self:take_call("job:" .. name, arguments, line)
    return GIVES[name] and { is = GIVES[name], what = "job:" .. name }
  end
  if meant.is == "string" and name == "format" then return { is = "text", text = meant.text } end
end

-- value[expression]
function Walker:index(value, key, line)
  if key and key.is == "number" and key.text == "0" then self:zeroth(value, line) end
  if key and key.is == "string" and key.text then return self:member(value, key.text, line) end
  self:escape(key)
  self:escape(value)
  if key and key.is == "number" then table.insert(self.scanned.indexed, { value = value, line = line }) end
  return { is = "item", of = value }
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
  local run = meaning(here.fields.run or here.fields.read) ---@type any
  local in_sight = run ~= nil and run.is == "function"
  local context = in_sight and run.parameters[kind == "resource" and 1 or 2] or nil
  if context then context.role = "ctx" end
  table.insert(self.scanned.declarations, {
    kind = kind, line = line, name = text_of(here, "name"), key = node and text_of(node, KEYS[kind]), in_sight = in_sight,
    run = in_sight and run or nil,
    input = in_sight and kind ~= "resource" and run.parameters[1] or nil, node = node,
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

local MAKES = {
  submit = "job", job = "job", http = "response", download = "saved", workflow = "flow", map = "results", all = "results",
  text = "content", image = "content", audio = "content", link = "content", embed = "content", now = "number", uuid = "text",
  file = "text", read = "text", read_text = "text", fail = "end",
}

local JSON = { encode = "text" }

local LIBRARY = {
  ["table.concat"] = "text", ["string.format"] = "text", ["string.rep"] = "text", ["string.upper"] = "text", ["string.lower"] = "text",
  ["string.sub"] = "text", ["math.floor"] = "number", ["os.time"] = "number", ["math.random"] = "fraction",
}

-- What a function of Lua's libraries gives.
local function given_by_library(name, arguments)
  if name == "math.random" and #arguments > 0 then return { is = "number" } end
  return LIBRARY[name] and { is = LIBRARY[name], what = name } or nil
end

-- What a global function gives.
local function given(name, arguments)
  if name == "error" then return { is = "end", what = name } end
  if name == "ipairs" then return { is = "pairs", of = arguments[1] } end
  if name == "tostring" then return { is = "text" } end
end

local function made_by(name, arguments)
  if name == "random" then return #arguments == 0 and "fraction" or "number" end
  return MAKES[name]
end

-- ctx.progress(…), which wants a colon.
local function note_dotted(self, value, arguments, line)
  local owner = value.of and value.of.is == "variable" and value.of.variable or nil
  local first = arguments[1]
  if not owner and not (value.of and value.of.is == "job" and not first) then return end
  if owner and first and first.is == "variable" and first.variable == owner then return end
  table.insert(self.scanned.dotted, { name = value.name, variable = owner, of = (meaning(value.of) or NOTHING).is, line = line })
end

-- What ends a loop, if it does: by an error, as any function may.
function Walker:may_leave()
  if self.loop then self.loop.left = true end
end

-- Whether what is called never ends a loop on purpose.
local function goes_on(meant)
  if not meant then return false end
  if meant.is == "member" then return meant.name ~= "fail" end
  if meant.is == "library" then return meant.name ~= "coroutine.yield" end
  return meant.is == "tool" or meant.is == "global"
end

local ENDS = { error = true, assert = true, pcall = true, xpcall = true, require = true }

-- error(…), require(…)
function Walker:global_called(name, arguments, line)
  if ENDS[name] then self:may_leave() end
  if name == "pcall" or name == "ipairs" or name == "pairs" then self:take_call(name, arguments, line) end
  if name ~= "require" then return given(name, arguments) end
  local module = arguments[1] and arguments[1].is == "string" and arguments[1].text
  if module == "rc" then return { is = "rc" } end
  if module then note(self.scanned.requires, module, line) else self.scanned.opaque = true end
end

-- value(arguments)
function Walker:called(value, arguments, line)
  local meant = meaning(value)
  if not goes_on(meant) then self:may_leave() end
  if not meant then return nil end
  if meant.is == "global" then return self:global_called(meant.name, arguments, line) end
  if meant.is == "member" and DECLARES[meant.name] then
    self:declared(meant.name, arguments[1], line)
  elseif meant.is == "member" then
    self:take_call("rc." .. meant.name, arguments, line)
    local kind = made_by(meant.name, arguments)
    local result = kind and { is = kind, what = "rc." .. meant.name, arguments = arguments, line = line }
    if kind == "results" then table.insert(self.scanned.results, result) end
    return result
  elseif meant.is == "tool" then
    self:take_call("rc.tools." .. meant.name, arguments, line)
    return { is = "answer", what = "rc.tools." .. meant.name, tool = meant.name }
  elseif meant.is == "library" then
    self:take_call(meant.name, arguments, line)
    return given_by_library(meant.name, arguments)
  elseif meant.is == "tools" then
    note(self.scanned.misused, "rc.tools", line)
  elseif meant.is == "field" then
    local owner = meaning(meant.of)
    note_dotted(self, meant, arguments, line)
    if owner and owner.is == "job" and arguments[1] and arguments[1].is == "variable" then
      return GIVES[meant.name] and { is = GIVES[meant.name], what = "job:" .. meant.name }
    end
    if not (owner and owner.is == "member") then return nil end
    local what = ("rc.%s.%s"):format(owner.name, meant.name)
    self:take_call(what, arguments, line)
    return owner.name == "json" and JSON[meant.name] and { is = JSON[meant.name], what = what } or nil
  end
end

--- Whether a function gives a value somewhere.
---@param fn table  of the scan
---@return boolean
function M.gives(fn)
  for _, returned in ipairs(fn.returns) do
    if #returned.values > 0 then return true end
  end
  return false
end

return M
