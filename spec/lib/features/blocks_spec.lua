local blocks = require "lib.features.blocks"
local content = require "lib.mcp.content"
local json = require "core.json"

local function revision(version)
  return require("lib.mcp.revisions." .. version:gsub("-", "_"))
end
local latest, first = revision "2026-07-28", revision "2024-11-05"

local function write(block, version)
  return json.decode(blocks.write(block, version or latest, 3))
end

local image = { type = "image", data = "AAAA", mimeType = "image/png" }
local audio = { type = "audio", data = "AAAA", mimeType = "audio/wav" }
local link = { type = "resource_link", uri = "https://x.example/a.png", name = "a", title = "A", description = "An image",
  mimeType = "image/png", size = 12 }
local embedded = { type = "resource", resource = { uri = "rc://cfg", mimeType = "application/json", text = "{}" } }

describe("mcp.blocks", function()
  it("writes all five kinds for the newest revision", function()
    for _, block in ipairs { { type = "text", text = "x" }, image, audio, link, embedded } do
      assert.same(block, write(block))
    end
    local blob = { type = "resource", resource = { uri = "rc://b", blob = "AAAA" } }
    assert.same(blob, write(blob))
  end)

  it("names a link after its URI where it has no name", function()
    assert.equal("rc://x", write { type = "resource_link", uri = "rc://x" }.name)
  end)

  it("keeps annotations, without what the revision does not know", function()
    local block = { type = "text", text = "x",
      annotations = { audience = { "user" }, priority = 0.5, lastModified = "2026-01-02T03:04:05Z" } }
    assert.same(block, write(block))
    assert.same({ audience = { "user" }, priority = 0.5 }, write(block, first).annotations)
    assert.is_nil(write({ type = "text", text = "x", annotations = { lastModified = "2026" } }, first).annotations)
    assert.is_nil(write({ type = "text", text = "x", annotations = {} }).annotations)
  end)

  it("makes a text of a link where there are no links", function()
    for _, version in ipairs { "2024-11-05", "2025-03-26" } do
      assert.same({ type = "text", text = "a: https://x.example/a.png\nAn image" }, write(link, revision(version)))
    end
    assert.same({ type = "text", text = "rc://x" }, write({ type = "resource_link", uri = "rc://x" }, first))
    assert.equal("resource_link", write(link, revision "2025-06-18").type)
  end)

  it("makes a resource of audio where there is no audio", function()
    assert.same({ type = "resource", resource = { uri = "rcmcp://content/3", mimeType = "audio/wav", blob = "AAAA" } },
      write(audio, first))
    assert.equal("audio", write(audio, revision "2025-03-26").type)
  end)

  it("makes texts valid UTF-8", function()
    assert.equal("caf\u{FFFD}", write { type = "text", text = "caf\xE9" }.text)
    assert.equal("caf\u{FFFD}", write { type = "resource_link", uri = "rc://x", name = "caf\xE9" }.name)
  end)

  it("says what is wrong with a block", function()
    for expected, block in pairs {
      ["got string"] = "x",
      ["got type video"] = { type = "video" },
      ["got type nil"] = {},
      ["type 'image' needs 'mimeType', a string, got nil"] = { type = "image", data = "AAAA" },
      ["type 'audio' needs 'data', a string, got number"] = { type = "audio", data = 5, mimeType = "audio/wav" },
      ["type 'text' needs 'text'"] = { type = "text" },
      ["type 'resource_link' needs 'uri'"] = { type = "resource_link" },
      ["type 'resource' needs 'resource', a table"] = { type = "resource" },
      ["need 'uri', and 'text' or 'blob'"] = { type = "resource", resource = { uri = "rc://x" } },
    } do
      local ok, problem = pcall(blocks.write, block, latest, 1)
      assert.is_false(ok)
      assert.matches(expected, problem, 1, true)
    end
  end)
end)

describe("mcp.content's blocks", function()
  local function render(result, version)
    result.is_error = false
    local text, structured = content.render(result, nil, version or latest, true)
    return text and json.decode(text), structured
  end

  it("stand between the message and the data", function()
    local list, structured = render { text = "Done.", content = { image, link }, data = { ok = true } }
    assert.same({ { type = "text", text = "Done." }, image, link, { type = "text", text = '{"ok":true}' } }, list)
    assert.equal('{"ok":true}', structured)
    assert.same({ image }, (render { content = { image } }))
    assert.same({}, (render { content = {} }))
  end)

  it("make no second text of data that one of them says already", function()
    assert.equal(1, #render { content = { { type = "text", text = '{"ok":true}' } }, data = { ok = true } })
    assert.equal(2, #render { content = { { type = "text", text = "ok" } }, data = { ok = true } })
  end)

  it("count in the size of an answer: a text takes the place of one that does not fit", function()
    local log, kit = require "core.log", require "spec.support.mcp"
    local original = log.write
    local _ <close> = setmetatable({}, { __close = function() log.write = original end })
    log.write = function() end
    local session, transport = kit.connect { kit.tool { run = function()
      return { data = { id = "i-1" }, content = { { type = "image", data = ("A"):rep(9000000), mimeType = "image/png" } } }
    end } }
    kit.modern(session, 1, "tools/call", { name = "probe" })
    kit.wait_for(function() return transport.sent[1] end)
    local result = transport.sent[1].result
    assert.is_false(result.isError)
    assert.equal("i-1", result.structuredContent.id)
    assert.equal("… a block of type image with 9,000,000 bytes is left out", result.content[2].text)
    assert.is_true(#transport.texts[1] < 10000)
  end)

  it("that are wrong make the result one that cannot be written, which says why", function()
    local list, problem = render { content = { { type = "video" } } }
    assert.is_nil(list)
    assert.matches("got type video", problem, 1, true)
  end)
end)
