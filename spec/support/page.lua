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

--- The commands and the marked Lua blocks of a Markdown page, in their order.
---@param text string
---@return PageStep[]
function M.steps(text)
  local steps, number = {}, 0
  local fence, mark, block
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    if fence and line:find("^```") then
      if block then block.text = table.concat(block.lines, "\n") .. "\n" end
      fence, mark, block = nil, nil, nil
    elseif fence == "sh" then
      if line:find "%S" then steps[#steps + 1] = { line = number, command = line } end
    elseif block then
      block.lines[#block.lines + 1] = line
    elseif line:find("^```") then
      fence = line:sub(4)
      if fence == "lua" and mark then
        block = { line = number, kind = mark.kind, given = mark.given, lines = {} }
        steps[#steps + 1] = block
      end
    elseif not fence then
      local kind, given = line:match "^<!%-%- (%l+) ?(.-) ?%-%->$"
      mark = kind and { kind = kind, given = given } or nil
    end
  end
  return steps
end

--- The examples of a manual page in mdoc: its .Dl lines.
---@param text string
---@return PageStep[]
function M.manual_steps(text)
  local steps, number = {}, 0
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    local command = line:match "^%.Dl (.*)$"
    if command then steps[#steps + 1] = { line = number, command = command } end
  end
  return steps
end

--- The examples of a help text: its indented lines that begin with the name of the program.
---@param text string
---@return PageStep[]
function M.help_steps(text)
  local steps, number = {}, 0
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    local command = line:match "^  (rcmcp .*)$"
    if command then steps[#steps + 1] = { line = number, command = command } end
  end
  return steps
end

return M
