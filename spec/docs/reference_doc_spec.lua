-- Runs the examples of docs/reference.md against the simulator.
local declaration = require "lib.recipes.load.declaration"
local kit = require "spec.support.rc"
local registry = require "lib.features.registry"
local sandbox = require "lib.recipes.load.sandbox"
local scratch = require "spec.support.scratch"

-- The examples, and how many Lua blocks the page has.
local function examples(path)
  local file = assert(io.open(path, "rb"))
  local page = file:read("a")
  file:close()
  local list = {}
  for mark, text in page:gmatch("<!%-%- example ?([^\n]-) ?%-%->\n```lua\n(.-)\n```") do
    list[#list + 1] = { mark = mark, text = text }
  end
  return list, select(2, page:gsub("```lua\n", ""))
end

-- A whole file: it loads, and what it declares compiles.
local function load_file(example)
  local value, problem = sandbox.declare({ name = "example" }, example.text, "@example.lua")
  assert.is_nil(problem)
  for _, read in ipairs(assert(declaration.read(value))) do
    if read.kind == "tool" then
      local fields = read.fields
      assert(registry.compile({ name = fields.name, description = fields.description, input = fields.input, output = fields.output,
        run = fields.run }, { strict = true }))
    end
  end
end

local function run_body(example)
  local folder <close> = scratch.new()
  local uses = {}
  for name in (example.mark:match "uses=(%S+)" or ""):gmatch "[^,]+" do uses[#uses + 1] = name end
  kit.with({ sim = { cold_start = 5 } }, function()
    local ctx = kit.context()
    ctx.simulated = true
    local result, err = kit.run(example.text, {
      uses = uses, ctx = ctx, input = { deployment_id = kit.DEPLOYMENT }, settings = { output_folder = folder.path },
    })
    assert(result, err and err.message)
  end)
end

describe("docs/reference.md", function()
  local list, blocks = examples "docs/reference.md"

  it("marks every example", function()
    assert.equal(blocks, #list)
    assert.is_true(#list >= 14)
  end)

  for number, example in ipairs(list) do
    it(("example %d (%s) works"):format(number, example.text:match "[^\n]+"), function()
      if example.mark == "file" then load_file(example) else run_body(example) end
    end)
  end
end)
