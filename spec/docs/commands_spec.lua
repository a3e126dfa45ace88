-- What the manual tells to type, typed as it stands, in order, from an empty home.
local child = require "spec.support.child"
local newcomer = require "spec.support.newcomer"
local page = require "spec.support.page"
local png = require "core.png"
local simulation = require "spec.support.simulation"

-- Begins of commands that are not typed here, and why not.
local ELSEWHERE = {
  ["scripts/"] = "the steps fresh-demo and fresh-test of .ci/run type them",
  ["cmake "] = "scripts/test is one of them",
  ["sudo "] = "the step install of .ci/run installs, without becoming root",
  ["claude "] = "a program of others",
}

local function is_elsewhere(command)
  for start in pairs(ELSEWHERE) do
    if command:sub(1, #start) == start then return true end
  end
end

local PIXEL = png.encode(1, 1, "\255\0\0")

-- What a reader has at hand when the manual says photo.png, changes.json and so on.
local function prepare(person)
  person:keep("photo.png", PIXEL)
  person:keep("changes.json", '{"6":{"inputs":{"text":"an owl"}},"3":{"inputs":{"seed":4}}}')
  person:keep("prompts.csv", "prompt,seed\na fox,1\nan owl,2\n")
  person:keep("hello.lua", "print('hello')\n")
  person:keep("my_recipes/hello.lua", [[
local rc = require "rc"
return rc.tool { name = "hello", description = "Says hello.", run = function() return { hello = "you" } end }
]])
end

-- The placeholders of a command, filled in as its reader would: ids are those of the account.
local function filled_in(command, seen)
  local deployment = command:find("image=", 1, true) and simulation.UPSCALE or simulation.TEXT_TO_IMAGE
  return (command:gsub("request_id=ID", "request_id=" .. (seen.request_id or "ID")):gsub("deployment_id=ID", "deployment_id=" .. deployment)
    :gsub("lua FILE", "lua hello.lua"):gsub("^rcmcp simulate", "rcmcp simulate --port 0")) -- 8231 may be taken on this machine
end

local function remember(out, seen)
  seen.request_id = out:match '"request_id":"([%w-]+)"' or seen.request_id
end

-- `rcmcp simulate` goes on until it is ended.
local function type_and_end(person, command)
  local shell <close> = person:start("exec " .. command)
  shell:line()
  shell.handle:kill "TERM"
  assert.equal(0, (shell:wait()))
end

local function type_command(person, step, seen)
  local command = filled_in(step.command, seen)
  if command:find "^rcmcp simulate" then return type_and_end(person, command) end
  local status, out, err = person:type(command, command:find "cat >" and newcomer.KEY .. "\n" or nil)
  local expected = command:find("# refused", 1, true) and 65 or 0
  assert.equal(expected, status, ("line %d: %s\n%s%s"):format(step.line, command, out, err))
  remember(out, seen)
end

local function save_block(person, step, script)
  local name = step.kind == "spec" and step.given .. "_spec" or step.text:match "name = \"([%w_]+)\""
  if step.kind == "script" then
    if script then person:keep(script, step.text) end
  elseif name then
    person:save(".config/rcmcp/recipes/" .. name .. ".lua", step.text)
  end
end

---@class Manual
---@field name string
---@field steps fun(): PageStep[]
---@field bare boolean?   the page itself says where the key goes
---@field script string?  the name under which the page runs its script
---@field least integer   commands that are there at least: fewer mean that they are not found any more

local function walk(manual)
  local person <close> = newcomer.new()
  prepare(person)
  if not manual.bare then person:log_in() end
  local seen, typed = {}, 0
  for _, step in ipairs(manual.steps()) do
    if not step.command then
      save_block(person, step, manual.script)
    elseif not is_elsewhere(step.command) then
      type_command(person, step, seen)
      typed = typed + 1
    end
  end
  assert.is_true(typed >= manual.least, ("only %d commands found"):format(typed))
end

local function markdown(path)
  return function() return page.steps(page.read(path)) end
end

local function help_of(command)
  return function()
    local status, out = child.run(command == "" and { "--help" } or { command, "--help" })
    assert.equal(0, status)
    return page.help_steps(out)
  end
end

describe("the commands of", function()
  local manuals = {
    { name = "README.md", steps = markdown "README.md", bare = true, least = 24 },
    { name = "docs/recipes.md", steps = markdown "docs/recipes.md", script = "state.lua", least = 8 },
    { name = "docs/testing.md", steps = markdown "docs/testing.md", least = 4 },
    { name = "the manual page", steps = function() return page.manual_steps(page.read "docs/man/rcmcp.1") end, least = 5 },
    { name = "rcmcp call --help", steps = help_of "call", least = 4 },
    { name = "rcmcp run --help", steps = help_of "run", least = 3 },
  }
  for _, manual in ipairs(manuals) do
    it(manual.name .. " do what it says", function() walk(manual) end)
  end

  it("no page and no help text are left out", function()
    local covered = {}
    for _, manual in ipairs(manuals) do covered[manual.name] = true end
    for _, name in ipairs(require("core.fs").list "docs") do
      local path = "docs/" .. name
      if name:find "%.md$" and not covered[path] then
        for _, step in ipairs(page.steps(page.read(path))) do
          assert.is_nil(step.command, path .. " has commands that nobody types")
        end
      end
    end
    for _, name in ipairs(require("core.fs").list "lua/cli") do
      local command = name:match "^(%l+)%.lua$"
      if command and command ~= "cli" and command ~= "lua" and not covered[("rcmcp %s --help"):format(command)] then
        assert.same({}, help_of(command)(), command .. " --help has examples that nobody types")
      end
    end
  end)
end)
