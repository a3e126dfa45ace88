--- Sums, joins and comparisons of values that do not go together.  Only what a source shows for certain is said.

local didyoumean = require "lib.didyoumean"
local kinds = require "lib.workbench.lint.kinds"
local lifecycle = require "lib.runcomfy.lifecycle"
local meaning = require("lib.recipes.source.values").meaning
local parameters = require "lib.workbench.lint.parameters"
local set = require("lib.workbench.lint.names").set
local vocabulary = require "lib.workbench.lint.vocabulary"

local M = {}

local NOTHING = {}

-- Operators --------------------------------------------------------------------------------------------

local function uncalled(node)
  local member = meaning(node)
  if member and (member.is == "member" and kinds.is_function(member.name) or member.is == "tool") then return kinds.called(member) end
end

local ADVICE = { finished = "; its files are in output_urls", output = "; its address is in url", outputs = "; one is output_urls[1].url",
  response = "; its text is in body", saved = "; where it is stands in path", status = "; the word is in status",
  job = "; its id is in request_id" }

local WORKED_WITH = set "text number answer"
local MEASURED = set "text table list outputs results answer"

local function takes_of(operator)
  if operator == "#" then return MEASURED, "texts and lists" end
  return WORKED_WITH, operator == ".." and "texts and numbers" or "numbers"
end

-- A table of one's own may have metamethods.
local function may_be_more(kind, source)
  return (kind == "table" or kind == "function") and source:find("setmetatable", 1, true) ~= nil
end

local function check_operand(check, scanned, operation, node, source)
  if not node then return end
  local fn = uncalled(node)
  if fn then return check:add("error", "misused", operation.line, "%s is a function: %s(…)", fn, fn) end
  local kind = kinds.whole(scanned, node)
  local takes, words = takes_of(operation.operator)
  if not kind or takes[kind] or may_be_more(kind, source) then return end
  check:add("error", "misused", operation.line, "'%s' is for %s, and %s is %s%s", operation.operator, words, kinds.called(node),
    kinds.WORDS[kind], ADVICE[kind] or "")
end

-- Comparisons ------------------------------------------------------------------------------------------

local STATES = set "in_queue queued in_progress running processing pending completed succeeded failed error cancelled canceled"

local function literal(node)
  return node and (node.is == "string" and node.text or node.is == "number" and node.text) or nil
end

local function owner_of(node)
  return node.of and (meaning(node.of) or NOTHING).is
end

-- Codes of errors: a recipe may have more of its own, so only what is nearly one of these counts.
local CODES = { "not_allowed", "cycle", "depth", "invalid_input", "job_failed", "job_cancelled", "timeout", "client_left", "no_instance",
  "cannot_ask", "bad_answer", "failed", "connect", "too_large", "truncated", "protocol", "network", "address", "no_key", "dry_run",
  "http_status", "unknown_tool", "no_workflow", "no_input", "bad_pin", "two_for_one", "not_utf8", "bad_result",
  "too_many_steps" }
local ERRORS = set "err e error failure problem"

local function check_code(check, field, other, line)
  local owner = field.of and field.of.is == "variable" and field.of.variable.name
  if field.name ~= "code" or not ERRORS[owner or ""] or other.is ~= "string" or not other.text then return end
  local meant = didyoumean.nearest(other.text, CODES)
  if meant and meant ~= other.text then
    check:add("warning", "comparison", line, "no error has the code '%s', did you mean '%s'?", other.text, meant)
  end
end

local function check_field(check, field, other, line)
  local owner = owner_of(field)
  if owner == "job" and vocabulary.job_methods[field.name] then
    return check:add("error", "comparison", line, "job.%s is a method: job:%s()%s", field.name, field.name,
      field.name == "status" and ".status" or "")
  end
  if field.name == "status" and other.is == "string" and other.text then
    if owner == "response" then return check:add("error", "comparison", line, "the status of a response is a number: %s", other.text) end
    local known = lifecycle.outcome(other.text) or lifecycle.is_open(other.text)
    if (owner == "status" or owner == "finished") and not (known and STATES[other.text]) then
      check:add("error", "comparison", line, "no job has the status '%s'; the words are in_queue, in_progress, completed, succeeded, "
        .. "failed, cancelled", other.text)
    end
  end
  check_code(check, field, other, line)
end

-- What a literal may equal.
local EQUALS = { string = set "text answer", number = set "number answer", boolean = set "boolean answer" }

-- Things that are no texts, and where the text is that was meant.
local function check_kinds(check, scanned, node, other, line)
  local takes, kind = EQUALS[other.is], kinds.whole(scanned, node)
  if not takes or not kind or takes[kind] or EQUALS[node.is] and not node.what or kind == "nil" then return false end
  if kind == "function" and node.is == "field" and owner_of(node) == "job" then return false end -- see check_field
  check:add("error", "comparison", line, "%s is %s, and never equals %s%s", kinds.called(node), kinds.WORDS[kind],
    other.is == "string" and "a text" or other.is == "number" and "a number" or "true or false", ADVICE[kind] or "")
  return true
end

local function check_enum(check, scanned, node, other, line)
  local allowed = other.is == "string" and other.text and node.is == "field" and parameters.enum_of(scanned, node)
  if allowed and not allowed[other.text] and other.text ~= "" then
    check:add("error", "comparison", line, "%s is never '%s': its 'enum' does not hold that%s", kinds.called(node), other.text,
      didyoumean.hint(other.text, vocabulary.names(allowed)))
  end
end

local OUTCOMES = set "cancelled not_cancellable unknown"

local function check_outcome(check, node, other, line)
  local value = node.is == "variable" and not node.variable.assigned and node.variable.made or meaning(node)
  if not value or value.is ~= "outcome" or other.is ~= "string" or not other.text or OUTCOMES[other.text] then return end
  check:add("error", "comparison", line, "job:cancel() gives cancelled, not_cancellable or unknown, never '%s'", other.text)
end

local function check_comparison(check, scanned, compared)
  if compared.negated and literal(compared.right) then
    return check:add("error", "comparison", compared.line, "'not' binds closer than a comparison: write a ~= b, or not (a == b)")
  end
  for _, pair in ipairs { { compared.left, compared.right }, { compared.right, compared.left } } do
    local node, other = pair[1], pair[2]
    if node and other and not check_kinds(check, scanned, node, other, compared.line) then
      check_outcome(check, node, other, compared.line)
      check_enum(check, scanned, node, other, compared.line)
      if node.is == "field" then check_field(check, node, other, compared.line) end
    end
  end
end


-- What is asked -----------------------------------------------------------------------------------------

local function check_condition(check, condition)
  local value = condition.value
  local owner = value.is == "field" and value.of and value.of.is == "variable" and value.of.variable
  local methods = owner and (owner.role == "ctx" and not owner.assigned and vocabulary.ctx_methods
    or (meaning(value.of) or NOTHING).is == "job" and vocabulary.job_methods)
  if methods and methods[value.name] then
    check:add("error", "dot-call", condition.line, "%s is a method, and always true: %s:%s(…)", kinds.called(value), owner.name, value.name)
  end
end

-- ctx:cancelled()
local function check_called_field(check, method)
  local variable = method.value and method.value.is == "variable" and method.value.variable
  if variable and variable.role == "ctx" and not variable.assigned and vocabulary.ctx_fields[method.name] then
    check:add("error", "dot-call", method.line, "ctx.%s is no function: without ()", method.name)
  end
end

--- Checks what the walk over one source has found.
---@param check lint.Check  gets the findings
---@param scanned lint.Scan
---@param source string
function M.check(check, scanned, source)
  for _, operation in ipairs(scanned.operations) do
    check_operand(check, scanned, operation, operation.left, source)
    check_operand(check, scanned, operation, operation.right, source)
  end
  for _, compared in ipairs(scanned.compared) do check_comparison(check, scanned, compared) end
  for _, condition in ipairs(scanned.conditions) do check_condition(check, condition) end
  for _, method in ipairs(scanned.methods) do check_called_field(check, method) end
end

return M
