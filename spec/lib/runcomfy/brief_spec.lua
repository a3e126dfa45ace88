-- What the text of a finished request shows: each URL once, and all that is nowhere else said.

local brief = require "lib.runcomfy.brief"
local content = require "lib.mcp.content"
local json = require "core.json"
local outputs = require "lib.runcomfy.outputs"

local PICTURE = '{"url":"https://x/a_1.png","filename":"a_1.png","subfolder":"","type":"output"}'

local function data_of(result)
  local raw = assert(json.raw(result))
  return {
    ok = true, deployment_id = "d", submission = json.raw '{"request_id":"r","status_url":"https://x/status"}',
    status = json.raw '{"status":"completed","status_url":"https://x/status"}', result = raw, output_urls = outputs.urls(raw),
  }
end

local function shown(result)
  return json.encode(brief.of(data_of(result)))
end

describe("the text of a finished request", function()
  it("names each file once, with its node, channel and kind", function()
    assert.equal('{"ok":true,"deployment_id":"d","output_urls":[{"node_id":"9","channel":"images","url":"https://x/a_1.png",'
      .. '"type":"output"}]}',
      shown('{"request_id":"r","status":"succeeded","outputs":{"9":{"images":[' .. PICTURE .. ']}},"created_at":"t","error":null}'))
  end)

  it("names a file whose URL does not", function()
    assert.matches('"filename":"b.png"',
      shown '{"outputs":{"9":{"images":[{"url":"https://x/1?sig=2","filename":"b.png","subfolder":"","type":"output"}]}}}', 1, true)
  end)

  it("keeps outputs that are no files, and what nobody knows", function()
    local text = shown('{"outputs":{"9":{"images":[' .. PICTURE .. '],"animated":[true]},"12":{"text":["a cat"]},"13":{"images":['
      .. '{"url":"https://x/c.png","filename":"c.png","seed":5}]}},"warnings":["slow"]}')
    assert.matches('"outputs":{"9":{"animated":[true]},"12":{"text":["a cat"]},"13":{"images":['
      .. '{"url":"https://x/c.png","filename":"c.png","seed":5}]}}', text, 1, true)
    assert.matches('"warnings":["slow"]', text, 1, true)
    for _, url in ipairs { "https://x/a_1.png", "https://x/c.png" } do
      assert.equal(1, select(2, text:gsub(url:gsub("%p", "%%%0"), "")), url)
    end
  end)

  it("is all of it where the layout is another one", function()
    local data = data_of '{"output":"https://x/a.png"}'
    assert.equal(data, brief.of(data))
  end)

  it("keeps what was put beside: the mark of the simulator", function()
    local data = data_of('{"outputs":{"9":{"images":[' .. PICTURE .. ']}}}')
    data.simulated = true
    assert.is_true(brief.of(data).simulated)
  end)

  describe("in an answer", function()
    local function faces(has_structured)
      local data = data_of('{"status":"succeeded","outputs":{"9":{"images":[' .. PICTURE .. ']}}}')
      local blocks, structured = content.render({ text = "Done.", data = data, brief = brief.of }, nil, { any_structure = false },
        has_structured)
      return json.decode(blocks)[2].text, json.decode(structured)
    end

    it("is short where the structure comes with it, which has everything", function()
      local text, structured = faces(true)
      assert.not_matches("status_url", text)
      assert.equal("https://x/status", structured.submission.status_url)
      assert.equal("https://x/a_1.png", structured.result.outputs["9"].images[1].url)
    end)

    it("is everything where no structure comes with it", function()
      assert.matches("status_url", (faces(false)))
    end)
  end)
end)
