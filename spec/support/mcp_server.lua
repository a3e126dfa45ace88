--- `rcmcp lua spec/support/mcp_server.lua [GRACE]`: a server over real pipes, with tools for tests.

local fiber = require "lib.async.fiber"
local json = require "core.json"
local loop = require "core.loop"
local registry = require "lib.features.registry"
local server = require "lib.mcp.server"
local stdio = require "core.stdio"

assert(stdio.take())

local tools = registry.new()
local function add(tool) assert(tools:add(tool)) end

add { name = "echo", description = "Gives its value back.", input = { { "value", "object", "What to give back" } },
  output = { type = "object", required = { "value" } },
  run = function(input) return { text = "echo", data = { value = input.value } } end }

add { name = "wait", description = "Waits.", input = { { "seconds", "number", "How long" } },
  run = function(input)
    fiber.sleep(input.seconds)
    return { text = "waited" }
  end }

add { name = "chatty", description = "Writes to where it should not.",
  run = function()
    print("printed by a tool")
    io.write("written by a tool\n")
    io.stdout:flush()
    os.execute("echo said by a child process")
    return { text = "said it all" }
  end }

add { name = "big", description = "Gives many bytes.", input = { { "bytes", "integer", "How many" } },
  run = function(input) return { text = "big", data = { id = "b-1", bytes = json.raw('"' .. ("x"):rep(input.bytes) .. '"') } } end }

add { name = "progress", description = "Reports progress.",
  run = function(_, ctx)
    for i = 1, 3 do ctx:progress(i, 3, "step") fiber.sleep(0.001) end
    return { text = "done" }
  end }

local ended
local transport = assert(require("lib.mcp.transports.stdio").run {
  server = server.new { snapshot = tools:snapshot(), version = "0", instructions = "For tests." },
  grace = tonumber(arg[1]),
  on_end = function() ended = true loop.stop() end,
})
loop.run()
assert(ended and transport:is_closed())
