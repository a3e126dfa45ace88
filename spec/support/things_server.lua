--- `rcmcp lua spec/support/things_server.lua`: a server over real pipes with prompts, resources, templates,
--- content of all kinds, and tools that ask the person.

local fiber = require "lib.async.fiber"
local kit = require "spec.support.mcp"
local loop = require "core.loop"
local server = require "lib.mcp.server"
local stdio = require "core.stdio"

assert(stdio.take())

local PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

local tools = {
  kit.tool { name = "show", description = "Shows content of all kinds.", run = function()
    return {
      text = "Look:", data = { ok = true },
      content = {
        { type = "image", data = PIXEL, mimeType = "image/png", annotations = { audience = { "user" } } },
        { type = "audio", data = "AAAA", mimeType = "audio/wav" },
        { type = "resource_link", uri = "recipe://page", name = "page" },
        { type = "resource", resource = { uri = "recipe://note", mimeType = "text/plain", text = "a note" } },
      },
    }
  end },
  kit.tool { name = "book", description = "Books a journey, after asking.", run = function(_, ctx)
    local answer = ctx:elicit { message = "Where to?", input = {
      { "city", "string", "The city", enum = { "Bern", "Basel" } },
      { "days", "integer", "How long", minimum = 1, maximum = 9 },
      { "car", "boolean", "With a car", default = false },
    } }
    if not answer then return { text = "Not booked.", data = { booked = false } } end
    return { text = "Booked.", data = { booked = true, city = answer.city, days = answer.days, car = answer.car } }
  end },
  kit.tool { name = "erase", description = "Erases, after asking.", run = function(_, ctx)
    return { data = { erased = ctx:confirm("Erase all?") } }
  end },
}

local things = {
  prompts = { { name = "greet", title = "Greet", description = "Greets somebody.",
    arguments = { { "who", "string", "Whom" }, { "how", "string", "The words", default = "Hello" } },
    run = function(input)
      fiber.sleep(0.001)
      return { { content = input.how .. ", " .. input.who .. "!" }, { role = "assistant", content = "Hello." } }
    end } },
  resources = {
    { uri = "recipe://page", name = "page", mime_type = "text/markdown", read = function() return "# Page" end },
    { uri = "recipe://pixel", name = "pixel", mime_type = "image/png", read = function() return "\x89PNG\r\n" end },
  },
  templates = { { uri_template = "recipe://jobs/{id}", name = "job", read = function(v)
    if v.id ~= "0" then return { id = v.id } end
  end } },
}

assert(require("lib.mcp.transports.stdio").run {
  server = server.new { snapshot = kit.furnish(kit.snapshot(tools), things), version = "0" },
  on_end = function() loop.stop() end,
})
loop.run()
