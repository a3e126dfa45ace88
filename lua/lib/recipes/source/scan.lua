--- What a recipe's source touches: globals, members of `rc`, tools, parameters.  A walk over the source with
--- the scopes of its names; nothing is run.

local lexer = require "lib.recipes.source.lexer"
local walker = require "lib.recipes.source.walker"

require "lib.recipes.source.statements" -- gives the walker its methods

local M = {}

---@class lint.Use
---@field name string
---@field line integer
---@field write? boolean

---@class lint.Access
---@field name string
---@field line integer
---@field is_call? boolean
---@field value? any                what it is a field of
---@field variable? lint.Variable  the value, where it is a local
---@field of? string               what is known of the value: "job", "finished", …

---@class lint.Declaration
---@field kind string            "tool", "prompt", "resource", "template"
---@field line integer
---@field name? string           where it is a plain text
---@field key? string            the same of what names it: its name, URI or URI template
---@field node? table            the table of its fields: see lint.expressions
---@field in_sight boolean       its `run` is a function that was seen
---@field input? lint.Variable   the first parameter of that

---@class lint.Variable
---@field name string
---@field fields table<string, integer>  members that are read by name, and the line where that is first
---@field whole boolean               it is used as a whole: all its members may be read
---@field value? table                what it stands for, where that is followed
---@field assigned? boolean            it was given another value
---@field used? boolean                it is read
---@field role? "ctx"                  what it gets as a parameter
---@field extended? boolean            members of its own are written
---@field written table<string, true>  those that are, by name
---@field made? table                 what it was made of at first, whatever became of it

---@class lint.Scan
---@field globals lint.Use[]        names that are neither local nor declared
---@field members lint.Use[]        "os.execute": members of globals
---@field rc lint.Use[]             members of rc
---@field tools lint.Use[]          rc.tools.NAME
---@field requires lint.Use[]       files asked for, beside "rc"
---@field declarations lint.Declaration[]
---@field accesses lint.Access[]    value.name and value:name(…)
---@field dotted lint.Access[]      value.name(…), where the value is not its first argument
---@field thrown lint.Access[]      value:name(…) as a statement: nobody takes what it gives
---@field calls { what: string, arguments: table[], line: integer }[]  of rc.NAME, rc.tools.NAME, job:NAME
---@field zeroth lint.Use[]         name[0], by the name of the field
---@field misused lint.Use[]        "rc.tools" called, "+" between texts, "0-based" loops
---@field methods { value: table?, name: string, arguments: table[], line: integer }[]  value:name(…)
---@field compared { left: table?, right: table?, line: integer, negated: boolean }[]  left == right, and the like
---@field iterated { values: table[], line: integer }[]  for … in values do
---@field paired { value: table, line: integer }[]       local a, b = value
---@field operations { operator: string, left: table?, right: table?, line: integer }[]  sums and joins
---@field conditions { value: table, line: integer }[]   if value then
---@field unreachable lint.Use[]    what stands behind an end, by the name of that
---@field endless lint.Use[]        loops that nothing leaves
---@field dropped { value: table, line: integer }[]      calls whose values nobody takes
---@field kept { variable: lint.Variable, value: table, line: integer }[]  local job = rc.submit { … }
---@field indexed { value: table?, line: integer }[]  value[1]
---@field results table[]           what rc.map and rc.all give
---@field returned? { values: table[], line: integer }   by the file
---@field find_tool? fun(name: string): Tool?  the tools that there are
---@field opaque boolean            rc or rc.tools goes somewhere that cannot be followed

local LISTS = {
  "globals", "members", "rc", "tools", "requires", "declarations", "accesses", "dotted", "thrown", "calls", "zeroth", "misused",
  "methods", "compared", "iterated", "paired", "operations", "conditions", "unreachable", "endless", "dropped", "kept",
  "results", "indexed",
}

--- Scans a text that `load` takes.
---@param text string
---@return lint.Scan
function M.scan(text)
  local scanned = { opaque = false } ---@type any
  for _, list in ipairs(LISTS) do scanned[list] = {} end
  local self = walker.new(lexer.tokens(text), scanned)
  self:open()
  self:block()
  if self:peek().kind ~= "eof" then error(("line %d: '%s' ends nothing"):format(self:peek().line, self:peek().value), 0) end
  return scanned
end

--- Whether a file declares something, or is a script.
---@param scanned lint.Scan
---@return boolean
function M.declares(scanned)
  return #scanned.declarations > 0
end

return M
