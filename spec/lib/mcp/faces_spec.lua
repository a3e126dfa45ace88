local abridge = require "lib.abridge"
local faces = require "lib.mcp.faces"
local json = require "core.json"

local LONG = ("x"):rep(3000)

-- Structured content that is too long for its text, with a summary that an outline stands for.
local function deployment()
  local nodes = {}
  for i = 1, 120 do nodes[i] = ('"%d":{"class_type":"Sampler","inputs":{"text":"%s","seed":%d}}'):format(i, LONG, i) end
  local raw = assert(json.raw('{"id":"d","nodes":{' .. table.concat(nodes, ",") .. "}}"))
  return { ok = true, payload_summary = { "a", "b" }, deployment = raw, none = json.null, big = json.decode "[12345678901234567890]" }
end

local function result_of(data)
  return {
    data = data,
    outline = function()
      return { count = 2, line = function(i) return "line " .. i end, instead_of = { "payload_summary" } }
    end,
  }
end

describe("lib.mcp.faces", function()
  it("shows what an outline does not stand for as if it had been written for that, in the order of the data", function()
    local keys = { "ok", "payload_summary", "big", "deployment", "none" }
    local data = json.ordered(keys, deployment())
    local text = faces.text(json.encode(data), true, result_of(data))
    local rest = text:match "^line 1\nline 2\n(.*)\n… shortened; .- is in structuredContent$"
    local written = json.encode(json.ordered({ "ok", "big", "deployment", "none" }, {
      ok = true, big = data.big, deployment = data.deployment, none = json.null,
    }))
    assert.is_truthy(rest)
    assert.equal((abridge.text(assert(json.raw(written)), #rest)):sub(1, 200), rest:sub(1, 200))
    assert.matches('^{"ok":true,"big":%[12345678901234567890%],"none":null,"deployment":{"id":"d"', rest)
    assert.is_nil(rest:find("payload_summary", 1, true))
  end)

  it("shows the same of data without an order", function()
    local ordered = json.ordered({ "big", "deployment", "none", "ok", "payload_summary" }, deployment())
    local function shown(data)
      return faces.text(json.encode(data), true, result_of(data))
    end
    assert.equal(shown(ordered), shown(deployment()))
  end)

  it("shows it whole where it fits without what the outline stands for", function()
    local data = json.ordered({ "ok", "payload_summary" }, { ok = true, payload_summary = { LONG:rep(20) } })
    assert.equal('line 1\nline 2\n{"ok":true}', (faces.text(json.encode(data), true, result_of(data)):match "^(.-)\n…"))
  end)
end)
