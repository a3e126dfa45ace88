local bed = require "spec.support.runcomfy"
local json = require "core.json"

local function call(sim, body)
  bed.answer_with(sim, body)
  return bed.call("get_request_result", { deployment_id = "d", request_id = "r" })
end

describe("tool get_request_result", function()
  it("lists every output that has a URL, in the order of the document, six keys each", function()
    bed.with({}, function(sim)
      local body = '{"request_id":"r","status":"succeeded","outputs":{"9":{"images":[{"url":"https://x/a.png","filename":"a.png",'
        .. '"subfolder":"","type":"output"},{"filename":"no url"},"text",null]},"38:42":{"text":[["a caption"]],'
        .. '"gifs":[{"url":"https://x/b"}]},"1":null,"2":{"images":{"url":"no list"}}}}'
      local answer = call(sim, body)
      assert.equal("Result for r: succeeded.", answer.text)
      assert.equal('{"ok":true,"output_urls":['
        .. '{"node_id":"9","channel":"images","url":"https://x/a.png","filename":"a.png","subfolder":"","type":"output"},'
        .. '{"node_id":"38:42","channel":"gifs","url":"https://x/b","filename":null,"subfolder":null,"type":null}],"result":'
        .. body .. "}", answer.json)
    end)
  end)

  for body, found in pairs {
    ['"outputs":{"9":{"images":{"url":"https://x/a.png"}}}'] = { "9", "images" },
    ['"outputs":{"9":{"images":[[{"url":"https://x/a.png"}]]}}'] = { "9", "images" },
    ['"outputs":{"9":[{"url":"https://x/a.png"}]}'] = { "9", "" },
    ['"outputs":{"9":{"url":"https://x/a.png"}}'] = { "9", "" },
    ['"outputs":[{"url":"https://x/a.png"}]'] = { "", "" },
    ['"outputs":{"9":{"images":["https://x/a.png"]}}'] = { "", "" },
    ['"outputs":"https://x/a.png"'] = { "", "" },
    ['"output":{"9":{"images":[{"url":"https://x/a.png"}]}}'] = { "", "" },
    ['"output":{"video":"https:\\/\\/x\\/a.png"}'] = { "", "" },
    ['"data":{"outputs":{"9":{"images":[{ "url" : "https://x/a.png" }]}}}'] = { "", "" },
    ['"outputs":{},"files":[{"name":"\\"url\\":\\"http","url":"https://x/a.png"}]'] = { "", "" },
  } do
    it("finds a file whose URL stands in another place: " .. body, function()
      bed.with({}, function(sim)
        local answer = call(sim, '{"status":"succeeded","status_url":"https://api/x/status",' .. body .. "}")
        assert.equal("Result for r: succeeded.", answer.text)
        assert.equal(1, #answer.data.output_urls)
        local entry = answer.data.output_urls[1]
        assert.same({ found[1], found[2], "https://x/a.png", json.null }, { entry.node_id, entry.channel, entry.url, entry.filename })
      end)
    end)
  end

  it("finds it beside files in their places, and takes neither links nor keys for files", function()
    bed.with({}, function(sim)
      local answer = call(sim, '{"status":"succeeded","outputs":{"1":{"images":[{"url":"https://x/1.png"}]},"2":{"video":{"url":'
        .. '"https://x/2.mp4"}},"3":{"text":["https://x/3.png"]}}}')
      assert.equal(2, #answer.data.output_urls)
      assert.equal("https://x/2.mp4", answer.data.output_urls[2].url)
      for _, outputs in ipairs { '["https://x/page"]', '["see https://x/a.png"]', '{"https://x/a.png":1}', '["https://x/a.png/"]',
        '["http"]', '["https:///a.png"]' } do
        assert.same({}, call(sim, '{"status":"succeeded","outputs":{"1":{"text":' .. outputs .. "}}}").data.output_urls)
      end
    end)
  end)

  it("does not say that there are no outputs where something that it does not know may hold them", function()
    bed.with({}, function(sim)
      assert.equal("Result for r: succeeded.", call(sim, '{"status":"succeeded","data":{"outputs":{"1":{"text":["x"]}}}}').text)
      assert.matches("It lists no outputs", call(sim, '{"status":"succeeded","error":[{"a":1}],"data":{}}').text, 1, true)
      assert.matches("stands in result.output.", call(sim, '{"status":"succeeded","output":{"text":"x"}}').text, 1, true)
    end)
  end)

  for _, outputs in ipairs { '"outputs":{}', '"outputs":null', '"x":1', '"outputs":{"9":{}}' } do
    it("says where to look when there are no outputs: " .. outputs, function()
      bed.with({}, function(sim)
        local answer = call(sim, '{"status":"succeeded",' .. outputs .. "}")
        assert.is_true(answer.ok)
        assert.matches("It lists no outputs", answer.text, 1, true)
        assert.matches("Look there before paying for another run", answer.text, 1, true)
        assert.matches('"output_urls":[]', answer.json, 1, true)
      end)
    end)
  end

  for _, outputs in ipairs { '{"1":{"text":["x"]}}', '{"1":{"3d":[{"filename":"a.glb"}]}}', '{"1":{"result":[["mesh.obj"]]}}', '[1]' } do
    it("says that what was made has no URL, and not that nothing was made: " .. outputs, function()
      bed.with({}, function(sim)
        assert.equal("Result for r: succeeded.\nIt made no files with a URL: what it made stands in result.outputs.",
          call(sim, '{"status":"succeeded","outputs":' .. outputs .. "}").text)
      end)
    end)
  end

  for _, body in ipairs { '{"request_id":"r"}', '{"outputs":{}}', '{"status":"who knows"}', '{"status":null,"outputs":null}' } do
    it("does not guess how a job ended whose result does not say it: " .. body, function()
      bed.with({}, function(sim)
        local text = call(sim, body).text
        assert.matches("get_request_status tells", text, 1, true)
        assert.is_nil(text:find("outputs", 1, true))
      end)
    end)
  end

  it("says that a job has not ended", function()
    bed.with({}, function(sim)
      local answer = call(sim, '{"status":"in_progress"}')
      assert.is_true(answer.ok)
      assert.matches("^Result for r: in_progress.\nIt has not ended", answer.text)
    end)
  end)

  local failures = {
    { '{"status":"failed","error":[{"errorCode":10011,"error":"CUDA out of memory","debugInfo":"node 3"}]}', "failed",
      "CUDA out of memory: node 3 (errorCode 10011)" },
    { '{"status":"FAILED","error":{"type":"X","message":"boom"}}', "FAILED", "boom (type X)" },
    { '{"status":"error","error":"plain"}', "error", "plain" },
    { '{"status":"failed"}', "failed", "" },
    { '{"status":"cancelled"}', "cancelled", "" },
    { '{"status":"canceled"}', "canceled", "" },
  }
  for _, case in ipairs(failures) do
    it("is an error for " .. case[1], function()
      bed.with({}, function(sim)
        local answer = call(sim, case[1])
        assert.is_false(answer.ok)
        local text = ("Result for r: %s."):format(case[2]) .. (case[3] ~= "" and " " .. case[3] or "")
        assert.equal(text, answer.text)
        assert.equal(text, answer.data.error)
        assert.equal("d", answer.data.deployment_id)
        assert.equal("r", answer.data.request_id)
        assert.matches('"result":' .. case[1], answer.json, 1, true)
      end)
    end)
  end
end)
