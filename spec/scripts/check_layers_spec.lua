-- scripts/check-layers.lua against small trees that break one rule each.
local child = require "spec.support.child"
local fs = require "core.fs"

describe("scripts/check-layers", function()
  local root, written

  before_each(function()
    root, written = os.tmpname(), {}
    os.remove(root)
    assert(fs.mkdir(root .. "/src"))
    assert(fs.mkdir(root .. "/lua"))
  end)

  after_each(function()
    assert(child.spawn("rm", { "-r", root }):wait() == 0)
  end)

  local function write(path, text)
    assert(fs.mkdir((root .. "/" .. path):match("^(.*)/")))
    local file = assert(io.open(root .. "/" .. path, "w"))
    file:write(text)
    file:close()
    written[#written + 1] = path
  end

  local function check()
    local status, out = child.run { "lua", "scripts/check-layers.lua", root }
    return status, out
  end

  it("takes what keeps the layers", function()
    write("src/net/a.c", '#include "base/buf.h"\n#include <curl/curl.h>\n#include <stdio.h>\n')
    write("src/bindings/json_raw.c", '#include "bindings/json.h"\n#include "json/reader.h"\n#include "host/call.h"\n#include <lua.h>\n')
    write("lua/tools/t.lua", 'local json = require "core.json"\n-- require "core.json"\n')
    write("lua/lib/mcp/s.lua", 'local r = require("lib.mcp.revisions." .. version)\n')
    local status, out = check()
    assert.equal(0, status, out)
    assert.equal("layers: 4 files, 0 problems\n", out)
  end)

  it("names file, line and rule of a breach", function()
    for path, case in pairs {
      ["src/net/a.c"] = { '\n#include <lua.h>\n', "src/net/a.c:2: src/net may not use Lua" },
      ["src/base/a.h"] = { '#include "loop/loop.h"\n', "src/base/a.h:1: src/base may not use src/loop" },
      ["src/host/a.c"] = { '#include <curl/curl.h>\n', "src/host/a.c:1: src/host may not use libcurl" },
      ["src/bindings/http.c"] = { '#include "bindings/json.h"\n', "src/bindings/http.c:1: a binding may not use another one" },
      ["src/bindings/x.c"] = { '#include "net/client.h"\n#include "json/reader.h"\n', "src/bindings/x.c:2: a binding binds one folder" },
      ["src/new/a.c"] = { "\n", "src/new/a.c:1: src/new is no layer" },
      ["lua/tools/t.lua"] = { '\nlocal c = require "core.http"\n', "lua/tools/t.lua:2: lua/tools/ may not require core.http" },
      ["lua/lib/sim/s.lua"] = { 'require("lib.runcomfy.api")\n', "lua/lib/sim/s.lua:1: lua/lib/sim/ may not require lib.runcomfy.api" },
      ["lua/lib/mcp/m.lua"] = { 'require "tools.x"\n', "lua/lib/mcp/m.lua:1: lua/lib/mcp/ may not require tools.x" },
      ["lua/lib/async/retry.lua"] = { 'require "lib.mcp.server"\n', "lua/lib/async/retry.lua:1: lua/lib/async/ may not require lib.mcp" },
      ["lua/lib/calls/c.lua"] = { 'require "lib.features.registry"\n', "lua/lib/calls/c.lua:1: lua/lib/calls/ may not require lib.feat" },
      ["lua/lib/features/f.lua"] = { 'require "lib.mcp.content"\n', "lua/lib/features/f.lua:1: lua/lib/features/ may not require lib.mc" },
      ["lua/lib/recipes/rc/h.lua"] = { 'require "core.fs"\n', "lua/lib/recipes/rc/h.lua:1: lua/lib/recipes/rc/ may not require core.fs" },
      ["lua/lib/recipes/rc/t.lua"] = { 'require "lib.recipes.effects.http"\n', "lua/lib/recipes/rc/t.lua:1: lua/lib/recipes/rc/ may not" },
      ["lua/lib/recipes/r.lua"] = { 'require "lib.workbench.tape"\n', "lua/lib/recipes/r.lua:1: lua/lib/recipes/ may not require lib.w" },
      ["lua/lib/config.lua"] = { 'require "lib.calls.receipts"\n', "lua/lib/config.lua:1: lua/lib/config may not require lib.calls" },
      ["lua/lib/workbench/w.lua"] = { 'require "lib.app.ending"\n', "lua/lib/workbench/w.lua:1: lua/lib/workbench/ may not require lib.a" },
      ["lua/odd/x.lua"] = { "\n", "lua/odd/x.lua:1: lua/odd/x.lua lies in no layer" },
    } do
      write(path, case[1])
      local status, out = check()
      assert.equal(1, status, path)
      assert.matches(case[2], out, 1, true)
      os.remove(root .. "/" .. path)
    end
  end)

  it("names an include circle, with a file in it and the way around", function()
    write("src/net/a.h", '#include "net/b.h"\n')
    write("src/net/b.c", '#include "net/b.h"\n#include "net/c.h"\n')
    write("src/net/b.h", "\n")
    write("src/net/c.c", '\n#include "net/a.h"\n')
    local status, out = check()
    assert.equal(1, status)
    assert.matches("src/net/c.c:2: an include circle: net/a -> net/b -> net/c -> net/a", out, 1, true)
    assert.matches("4 files, 1 problems", out, 1, true)
  end)
end)
