--- A page of the manual, taken apart as a reader meets it: commands to type, files to save.

local M = {}

---@class PageStep
---@field line integer      where it stands on the page
---@field command? string   one command for the shell
---@field kind? string      what the mark before a Lua block calls it: "recipe", "script", "spec", "things"
---@field given? string     what else the mark says
---@field text? string      the block

---@param path string
---@return string
function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

local function line_at(text, at)
  return select(2, text:sub(1, at):gsub("\n", "")) + 1
end

local function add_commands(steps, body, first)
  local number = first - 1
  for line in (body .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    if line:find "%S" then steps[#steps + 1] = { line = number, command = line } end
  end
end

--- The commands and the marked Lua blocks of a Markdown page, in their order.
---@param text string
---@return PageStep[]
function M.steps(text)
  local steps = {}
  for before, language, at, body in ("\n\n" .. text):gmatch "\n([^\n]*)\n```(%l+)\n()(.-)\n```" do
    local line = line_at(text, at - 3)
    local kind, given = before:match "^<!%-%- (%l+) ?(.-) ?%-%->$"
    if language == "sh" then
      add_commands(steps, body, line)
    elseif language == "lua" and kind then
      steps[#steps + 1] = { line = line, kind = kind, given = given, text = body .. "\n" }
    end
  end
  return steps
end

local function commands_in(text, pattern)
  local steps, number = {}, 0
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    local command = line:match(pattern)
    if command then steps[#steps + 1] = { line = number, command = command } end
  end
  return steps
end

--- The examples of a manual page in mdoc: its .Dl lines.
---@param text string
---@return PageStep[]
function M.manual_steps(text) return commands_in(text, "^%.Dl (.*)$") end

--- The examples of a help text: its indented lines that begin with the name of the program.
---@param text string
---@return PageStep[]
function M.help_steps(text) return commands_in(text, "^  (rcmcp .*)$") end

return M
