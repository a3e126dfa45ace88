local catalog = require "lib.recipes.link.catalog"
local folder = require "spec.support.folder"
local json = require "core.json"
local kit = require "spec.support.catalog"
local lint = require "lib.workbench.lint"
local loader = require "lib.recipes.load.loader"
local sizes = require "lib.recipes.load.sizes"

local HEAD = 'local rc = require "rc"\nlocal function run() return {} end\n'

-- A file of one tool, whose fields stand on lines of their own from line 4 on.
local function tool(...)
  return HEAD .. "return rc.tool {\n" .. table.concat({ 'name = "big", run = run,', ... }, "\n") .. "\n}\n"
end

local LONG = { [[("x"):rep(]], [[)]] }
local function long(bytes) return LONG[1] .. bytes .. LONG[2] end

describe("recipes.sizes", function()
  local place
  before_each(function() place = folder.new() end)
  after_each(function() place:remove() end)

  local function refused(text)
    local recipe, err = loader.load(place:write("big.lua", text))
    assert.is_nil(recipe)
    return err.message
  end

  local function taken(text)
    local recipe, err = loader.load(place:write("big.lua", text))
    return assert(recipe, err and err.message)
  end

  local DESCRIPTION = 'description = "D.",'

  it("bound descriptions and titles, with the line of the field", function()
    taken(tool("description = " .. long(8192) .. ",", "title = " .. long(256)))
    assert.equal("big.lua:5: field 'description' has 8193 bytes; it has 8192 at most", refused(tool("description = " .. long(8193))))
    assert.equal("big.lua:6: field 'title' has 257 bytes; it has 256 at most", refused(tool(DESCRIPTION, "title = " .. long(257))))
  end)

  it("bound what prompts and resources say, too", function()
    assert.equal("big.lua:5: field 'description' has 9000 bytes; it has 8192 at most",
      refused(HEAD .. 'return rc.prompt { name = "p", run = run,\n\ndescription = ' .. long(9000) .. " }"))
    assert.matches("^big.lua:4: field 'name' has 300 bytes",
      refused(HEAD .. 'return rc.resource { uri = "recipe://x", read = run,\nname = ' .. long(300) .. " }"))
    assert.matches("^big.lua:4: field 'uri_template' has 3012 bytes",
      refused(HEAD .. 'return rc.template { name = "x", read = run,\nuri_template = "recipe://{x}" .. ' .. long(3000) .. " }"))
    assert.matches("^big.lua:4: arguments%[1%]: the description of parameter 'a' has 5000 bytes",
      refused(HEAD .. 'return rc.prompt { name = "p", run = run, description = "D.",\n'
        .. 'arguments = { { "a", "string", ' .. long(5000) .. " } } }"))
  end)

  it("bound descriptions of parameters, at any depth, with the line of the entry", function()
    local function with(inner)
      return tool(DESCRIPTION, "input = {", '{ "a", "string", "A" },', '{ "b", "object", "B", properties = {', inner, "} },", "},")
    end
    taken(with('{ "c", "string", ' .. long(4096) .. " },"))
    assert.equal("big.lua:9: input[2].properties[1]: the description of parameter 'c' has 4097 bytes; it has 4096 at most",
      refused(with('{ "c", "string", ' .. long(4097) .. " },")))
  end)

  it("bound them in JSON Schemas and their text", function()
    local schema = 'input = { type = "object", properties = {\na = { type = "array", items = { anyOf = { { description = %s } } } } } },'
    taken(tool(DESCRIPTION, schema:format(long(4096))))
    assert.equal("big.lua:7: field 'input': 'properties', 'a': 'description' has 4097 bytes; it has 4096 at most",
      refused(tool(DESCRIPTION, schema:format(long(4097)))))
    assert.matches("^big.lua:6: field 'output': 'description' has 5000 bytes",
      refused(tool(DESCRIPTION, [[output = '{"type":"object","description":"' .. ]] .. long(5000) .. [[ .. '"}']])))
  end)

  it("bound the number of parameters", function()
    local function list(count, form)
      local entries = {}
      for i = 1, count do entries[i] = form:format(i) end
      return table.concat(entries, "\n")
    end
    local entry, property = '{ "p%d", "integer", "P" },', 'p%d = { type = "integer" },'
    taken(tool(DESCRIPTION, "input = {", list(128, entry), "},"))
    assert.equal("big.lua:135: input[129] is one parameter too many: a list has 128 at most, and this one 130",
      refused(tool(DESCRIPTION, "input = {", list(130, entry), "},")))
    assert.equal("big.lua:7: field 'input': 'properties' has 129 members; it has 128 at most",
      refused(tool(DESCRIPTION, 'input = { type = "object",', "properties = {", list(129, property), "} },")))
  end)

  it("bound a whole schema, and all that a file declares", function()
    local values = "local values = {} for i = 1, 15000 do values[i] = ('%015d'):format(i) end\n"
    local enum = 'input = { { "a", "string", "A", enum = values } },'
    assert.matches("^big.lua:7: field 'input': its schema has 2701%d%d bytes; it has 262144 at most",
      refused(values .. tool(DESCRIPTION, enum)))
    assert.equal("big.lua:6: field 'input' has 300017 bytes; it has 262144 at most",
      refused(tool(DESCRIPTION, [[input = '{"type":"object"' .. (" "):rep(300000) .. "}",]])))
    local several = "local values = {} for i = 1, 1000 do values[i] = i .. ('x'):rep(150) end\n" .. HEAD .. [[
      local tools = {}
      for i = 1, 7 do
        tools[i] = rc.tool { name = "t" .. i, description = "D.", run = run, input = { { "a", "string", "A", enum = values } } }
      end
      return tools]]
    assert.matches("^big.lua:6: tool 't7': descriptions and schemas of the file have 109%d+ bytes so far; a file has 1048576 at most",
      refused(several))
  end)

  it("bound the number of declarations of a kind in a file", function()
    local function several(count, declared)
      return HEAD .. ("local all = {}\nfor i = 1, %d do\nall[i] = rc.%s end\nreturn all"):format(count, declared)
    end
    local kinds = {
      tool = 'tool { name = "t" .. i, description = "D.", run = run }',
      prompt = 'prompt { name = "t" .. i, description = "D.", run = run }',
      resource = 'resource { uri = "recipe://t" .. i, name = "N", read = run }',
      template = 'template { uri_template = "recipe://" .. i .. "/{x}", name = "N", read = run }',
    }
    for kind, declared in pairs(kinds) do
      taken(several(64, declared))
      local message = refused(several(65, declared))
      assert.matches(("^big.lua:5: %s '.*65.*': it is one %s too many: a file declares 64 at most$"):format(kind, kind), message)
    end
  end)

  it("are found by check, and leave other files alone", function()
    place:write("big.lua", tool("description = " .. long(8193)))
    place:write("good.lua", kit.source("good", 1))
    local finding = lint.check_file(place.path .. "/big.lua")[1]
    assert.same({ "load", 5, "error" }, { finding.rule, finding.line, finding.level })
    assert.matches("field 'description' has 8193 bytes", finding.message, 1, true)
    local recipes = catalog.new {
      folders = { { path = place.path, label = "spec" } }, registry_tools = { kit.BUILTIN }, meta_tools = false, quiet = true,
    }
    recipes:scan()
    assert.equal(1, kit.call(recipes:find "good").data.version)
    assert.is_nil(recipes:find "big")
  end)

  it("look at each part of a schema once, however deep it is", function()
    local looked, schema = 0, { type = "object" }
    local counts = { __index = function(_, key) if key == "description" then looked = looked + 1 end end }
    for _ = 1, 20 do schema = setmetatable({ type = "object", properties = { a = schema } }, counts) end
    assert.is_nil(sizes.problem { input = schema })
    assert.equal(20, looked)
    for _ = 1, 100 do schema = { type = "object", properties = { a = schema } } end
    assert.is_nil(sizes.problem { input = schema })
  end)

  it("cannot be told of a schema that JSON cannot say, which a hostile worker may declare", function()
    local schema = { type = "object", properties = { n = { description = "cut \xE2\x82" } } }
    for name, compiled in pairs { input = { schema = schema }, output = { schema = json.raw "{}", output = schema } } do
      local problem = sizes.new():weigh(compiled)
      assert.matches(("^field '%s' cannot be written as JSON: at .properties.n.description: "):format(name), problem)
    end
  end)
end)
