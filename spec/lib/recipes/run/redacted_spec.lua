local catalog = require "lib.recipes.link.catalog"
local context = require "lib.calls.context"
local fiber = require "lib.async.fiber"
local folder = require "spec.support.folder"
local kit = require "spec.support.catalog"
local loop = require "core.loop"
local prompts = require "lib.features.prompts"
local redaction = require "lib.redaction"
local resources = require "lib.features.resources"
local versions = require "lib.mcp.versions"

local SECRET = "comfyui-5e4d3c2b1a09"
local URL = "https://cdn.example/" .. SECRET .. ".png"

local FILE = ([[
local rc = require "rc"
local secret, url = %q, %q
local function all()
  return rc.text("text " .. secret), rc.embed("recipe://e", "embedded " .. secret),
    rc.embed("recipe://j", '{"note":"' .. secret .. '"}'),
    rc.link(url, { name = "a.png", title = "title " .. secret, description = "described " .. secret }),
    rc.image("\x89PNG\r\n\x1a\n" .. secret)
end
return {
  rc.tool { name = "shows", description = "S.", run = function()
    return { data = secret, url = url }, "words " .. secret .. " " .. url, all()
  end },
  rc.prompt { name = "words", description = "W.", run = function() return "prompt " .. secret .. " " .. url end },
  rc.prompt { name = "list", description = "L.", run = function()
    local messages = { { role = "assistant", content = "said " .. secret } }
    for _, block in ipairs { all() } do messages[#messages + 1] = { content = block } end
    return messages
  end },
  rc.prompt { name = "block", description = "B.", run = function() return (rc.text("block " .. secret)) end },
  rc.resource { uri = "recipe://text", name = "T", read = function() return "text " .. secret end },
  rc.resource { uri = "recipe://json", name = "J", mime_type = "application/json",
    read = function() return '{"note":"' .. secret .. '","url":"' .. url .. '"}' end },
  rc.resource { uri = "recipe://data", name = "D", read = function() return { note = secret, url = url } end },
  rc.resource { uri = "recipe://bytes", name = "B", mime_type = "image/png", read = function() return "\x89PNG" .. secret end },
  rc.template { uri_template = "recipe://of/{id}", name = "O", read = function(variables) return variables.id .. " " .. secret end },
}]]):format(SECRET, URL)

describe("what recipes show", function()
  local place, recipes

  setup(function()
    redaction.secrets { api_key_comfy_org = SECRET }
    place = folder.new()
    place:write("shows.lua", FILE)
    recipes = catalog.new { folders = { { path = place.path, label = "spec" } }, registry_tools = { kit.BUILTIN }, meta_tools = false }
    recipes:scan()
  end)
  teardown(function() place:remove() end)

  local function within(fn, ...)
    local task = fiber.spawn(fn, ...)
    while task.status ~= "done" do loop.step(true) end
    return select(2, task:join())
  end

  local function find(list, name)
    for _, entry in ipairs(list) do
      if entry.name == name then return entry end
    end
  end

  local function prompt(name)
    local messages = assert(within(prompts.get, find(recipes:prompts(), name), {}, context.new { tool = name }))
    return prompts.write(messages, require("lib.mcp.revisions." .. versions.module "2025-11-25"))
  end

  local function read(name, uri, variables)
    local source = find(variables and recipes:templates() or recipes:resources(), name)
    return assert(within(resources.read, source, uri, variables, context.new { tool = name }))
  end

  -- The secret may stand in a URL only.
  local function without_secret(text)
    assert.is_nil(text:gsub(URL:gsub("%p", "%%%0"), "", 100):find(SECRET, 1, true), text)
    return text
  end

  it("has no secret in the data, texts and content of a tool's result, but for URLs", function()
    local result = kit.call(recipes:find "shows")
    assert.same({ data = "[redacted]", url = URL }, result.data)
    assert.equal("words [redacted] " .. URL, result.text)
    assert.equal("text [redacted]", result.content[1].text)
    assert.equal("embedded [redacted]", result.content[2].resource.text)
    assert.equal('{"note":"[redacted]"}', result.content[3].resource.text)
    local link = result.content[4]
    assert.same({ URL, "title [redacted]", "described [redacted]" }, { link.uri, link.title, link.description })
    assert.is_string(result.content[5].data)
  end)

  it("has none in the messages of a prompt", function()
    assert.equal(('[{"role":"user","content":{"type":"text","text":"prompt [redacted] %s"}}]'):format(URL), prompt "words")
    assert.matches('"block [redacted]"', prompt "block", 1, true)
    local list = without_secret(prompt "list")
    for _, text in ipairs { "said [redacted]", "text [redacted]", "embedded [redacted]", "title [redacted]", URL } do
      assert.matches(text, list, 1, true)
    end
  end)

  it("has none in what resources and templates give; bytes are what they are", function()
    assert.equal("text [redacted]", read("T", "recipe://text").text)
    for _, name in ipairs { "J", "D" } do
      local text = read(name, "recipe://json").text
      assert.matches('"note":"[redacted]"', text, 1, true)
      assert.matches(URL, text, 1, true)
    end
    assert.is_string(read("B", "recipe://bytes").blob)
    assert.equal("7 [redacted]", read("O", "recipe://of/7", { id = "7" }).text)
  end)
end)
