local bed = require "spec.support.runcomfy"
local codec = require "core.codec"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local logged = require "spec.support.log"
local loop = require "core.loop"
local redaction = require "lib.redaction"
local turning = require "spec.support.turns"

local KEY = "rc-9f8e7d/6c5b4a"
local PARTNER = "comfyui-0a1b2c3d/4e5f"

local function escaped(text)
  return (text:gsub(".", function(c) return ("\\u%04x"):format(c:byte()) end))
end

local function percent(text)
  return (text:gsub(".", function(c) return ("%%%02x"):format(c:byte()) end))
end

-- Whether any part of a secret that means something is in a text.
local function shows(text, secret)
  return text:find(secret:sub(1, 10), 1, true) ~= nil or text:find(secret:sub(-8), 1, true) ~= nil
end

local function submit(sim, extra_data, answer, rule)
  bed.answer_with(sim, answer, rule)
  return bed.call("submit_request", { deployment_id = "d", extra_data = extra_data })
end

local ABOUT = { deployment_id = "d", request_id = "r" }

describe("lib.redaction", function()
  it("lets the loop turn while it goes through what is long", function()
    local _ <close> = redaction.add_key(KEY)
    local long = ("&amp;\\u0061"):rep(400000)
    for how, value in pairs { text = long .. KEY, told = KEY .. long, prose = long .. KEY, json = json.encode { long, KEY },
                              value = { long, KEY }, foreign = json.encode { KEY, long } } do
      local expected = redaction[how](value)
      local cut, turned
      local task = fiber.spawn(function()
        local turns <close> = turning.count()
        cut, turned = redaction[how](value), turns.number
      end)
      while task.status ~= "done" do loop.step(true) end
      assert(task:join())
      assert.same({ how, expected }, { how, cut })
      assert.is_true(turned >= 2, how .. ": " .. turned)
    end
  end)

  it("keeps the key out of errors under HTTP 200, in each spelling", function()
    bed.with({ key = KEY }, function(sim)
      for _, spelling in ipairs { KEY, escaped(KEY), percent(KEY), (KEY:gsub("/", "\\/")), codec.base64_encode("user:" .. KEY),
                                  codec.base64_encode("a:" .. KEY .. ":b") } do
        bed.answer_with(sim, ('{"error_code":7,"error_message":"no","request":{"headers":{"Authorization":"Bearer %s"}}}'):format(spelling))
        local answer = bed.call("get_request_status", ABOUT)
        assert.is_false(answer.ok)
        assert.matches("[redacted]", answer.json, 1, true)
        assert.is_false(shows(answer.json .. answer.text, KEY) or answer.json:find(spelling, 1, true) ~= nil)
      end
    end)
  end)

  it("keeps the key out of answers that succeed, of HTML, and of each tool's", function()
    bed.with({ key = KEY }, function(sim)
      for _, name in ipairs(bed.NAMES) do
        for _, body in ipairs { ('{"id":"d","request_id":"r","status":"completed","note":"%s"}'):format(escaped(KEY)),
                                ("<html><p>403 for %s</p>"):format(KEY:gsub("/", "&#47;")), KEY, ('["%s"]'):format(KEY) } do
          for _, status in ipairs { 200, 400 } do
            bed.answer_with(sim, body, { status = status })
            local answer = bed.call(name, bed.GOOD[name])
            assert.is_false(shows(answer.json .. answer.text, KEY), name .. ": " .. answer.json)
          end
        end
      end
    end)
  end)

  it("keeps the key out of members whatever their names are, ids, statuses, URLs and outputs too", function()
    local names = { "status", "outcome", "request_id", "deployment_id", "instance_id", "id", "status_url", "result_url", "cancel_url",
                    "filename", "subfolder", "type", "format", "path", "uri", "node_id", "channel", "name", "hardware" }
    bed.with({ key = KEY }, function(sim)
      for _, name in ipairs(names) do
        for _, spelling in ipairs { KEY, escaped(KEY), "https://x/y?token=" .. percent(KEY), codec.base64_encode(KEY) } do
          local member = ('"%s":"%s"'):format(name, spelling)
          local body = ('{%s,"outputs":{"9":{"images":[{"url":"https://x/a.png?k=%s",%s}]}}}'):format(member, spelling, member)
          for _, tool in ipairs { "get_request_status", "get_request_result", "cancel_request" } do
            bed.answer_with(sim, body)
            local answer = bed.call(tool, ABOUT)
            assert.is_false(shows(answer.json .. answer.text, KEY), name)
            assert.is_nil((answer.json .. answer.text):find(spelling, 1, true), name)
          end
          bed.answer_with(sim, "[" .. body .. "]")
          local answer = bed.call "list_deployments"
          assert.is_nil((answer.json .. answer.text):find(spelling, 1, true), name)
        end
      end
    end)
  end)

  it("keeps extra_data out of statuses and URLs of answers, and in base 16", function()
    local function hex(text, format) return (text:gsub(".", function(c) return (format or "%02x"):format(c:byte()) end)) end
    bed.with({ key = KEY }, function(sim)
      submit(sim, { auth = PARTNER }, '{"request_id":"r"}')
      for _, spelling in ipairs { PARTNER, percent(PARTNER), hex(PARTNER), hex(PARTNER, "%02X"), "0x" .. hex(PARTNER) .. "00" } do
        for _, name in ipairs { "status", "outcome", "error_code", "status_url", "note" } do
          bed.answer_with(sim, ('{"a":1,"%s":"https://x/?%s"}'):format(name, spelling))
          local answer = bed.call("get_request_status", ABOUT)
          assert.is_nil((answer.json .. answer.text):find(spelling, 1, true), name .. " " .. spelling)
        end
      end
    end)
  end)

  it("knows a short key, or one that is a word, only where keys stand", function()
    bed.with({ key = "k7" }, function(sim)
      bed.answer_with(sim, '{"status":"in_queue","k7":"k7","headers":["Authorization: Bearer k7"],"authorization":"k7"}')
      local answer = bed.call("get_request_status", ABOUT)
      assert.matches('"k7":"k7","headers":["Authorization: [redacted]"],"authorization":"[redacted]"', answer.json, 1, true)
    end)
  end)

  it("keeps extra_data out of the answer to the submit, refused or not", function()
    for _, rule in ipairs { { status = 200 }, { status = 422 } } do
      bed.with({ key = KEY }, function(sim)
        local extra = { api_key_comfy_org = PARTNER, pin = "4711", deep = { { list = { "s3cr3t-in-a-list" } } }, number = 123456789012 }
        local echo = json.encode { request_id = "r", detail = { { loc = { "body" }, input = extra } }, extra_data = extra,
                                   text = "got {'extra_data': {'pin': '4711'}} and " .. percent(PARTNER) }
        local answer = submit(sim, extra, echo, rule)
        for _, secret in ipairs { PARTNER, "4711", "s3cr3t%-in", "123456789012" } do
          assert.is_nil(answer.json:find(secret:gsub("^comfy.*", "comfyui")), answer.json)
        end
        assert.matches('"api_key_comfy_org":"[redacted]"', answer.json, 1, true)
      end)
    end
  end)

  it("keeps extra_data out of polls, results, cancels and the instance's answers of that job", function()
    bed.with({ key = KEY }, function(sim)
      submit(sim, { auth = PARTNER, pin = "4711" }, '{"request_id":"r"}')
      local echo = ('{"status":"completed","request":{"auth":"%s","pin":"4711"},"outputs":{"9":{"text":["%s"]}},'
        .. '"queue":[[1,"id",{},{"auth":"%s"}]]}'):format(escaped(PARTNER), PARTNER, PARTNER)
      for name, input in pairs { get_request_status = ABOUT, get_request_result = ABOUT, cancel_request = ABOUT,
                                 call_instance_proxy = bed.GOOD.call_instance_proxy } do
        bed.answer_with(sim, echo)
        local answer = bed.call(name, input)
        assert.is_false(shows(answer.json .. answer.text, PARTNER), name .. ": " .. answer.json)
        assert.is_nil(answer.json:find("4711", 1, true), name)
      end
    end)
  end)

  it("cuts what an answer calls extra_data also of jobs that others submitted", function()
    bed.with({ key = KEY }, function(sim)
      bed.answer_with(sim, '{"status":"in_queue","payload":{"extra_data":{"k":"x9"},"a":1}}')
      local answer = bed.call("get_request_status", { deployment_id = "e", request_id = "o" })
      assert.matches('"payload":{"extra_data":"[redacted]","a":1}', answer.json, 1, true)
    end)
  end)

  it("never harms a result that was paid for", function()
    local words = { a = "png", b = "completed", c = "request_id", d = "output", e = "ComfyUI_00001_.png", f = "https://", g = "complete",
                    filename = "ComfyUI_00001_.png", status = "completed", type = "output", request_id = "r",
                    url = "https://cdn/ComfyUI_00001_.png" }
    local result = '{"request_id":"r","status":"completed","outputs":{"9":{"images":[{"url":"https://cdn/ComfyUI_00001_.png",'
      .. '"filename":"ComfyUI_00001_.png","subfolder":"","type":"output"}]}}}'
    bed.with({ key = KEY }, function(sim)
      submit(sim, words, '{"request_id":"r"}')
      bed.answer_with(sim, result)
      local answer = bed.call("get_request_result", ABOUT)
      assert.is_true(answer.ok)
      assert.equal(result, json.encode(answer.data.result))
      assert.equal("https://cdn/ComfyUI_00001_.png", answer.data.output_urls[1].url)
    end)
  end)

  it("logs neither, whoever writes the line", function()
    bed.with({ key = KEY }, function(sim)
      local lines = logged.lines_of(function()
        submit(sim, { auth = PARTNER }, ('{"detail":"%s %s"}'):format(KEY, PARTNER), { status = 400 })
      end)
      assert.is_false(shows(table.concat(lines, "\n"), KEY) or shows(table.concat(lines, "\n"), PARTNER))
    end)
  end)

  it("remembers jobs in bounds, the newest", function()
    collectgarbage()
    local before = collectgarbage "count" -- the other specs' heap is not meant
    local count = 10050
    for i = 1, count do
      redaction.remember("bounded", "job-" .. i, redaction.secrets { token = "same-for-all-of-them" })
    end
    assert.equal(1, #redaction.of("bounded", "job-" .. count))
    for i = 1, 40 do
      local extra = { token = ("%03d"):format(i) .. ("x"):rep(200), more = {} }
      for n = 1, 600 do extra.more[n] = ("%d-%d-"):format(i, n) .. ("y"):rep(200) end
      redaction.remember("other", "large-" .. i, redaction.secrets(extra))
    end
    assert.same({}, redaction.of("bounded", "job-" .. count))
    local last = redaction.of("other", "large-40")
    assert.equal('{"a":"[redacted]"}', redaction.foreign(('{"a":"040%s"}'):format(("x"):rep(200)), last))
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 64 * 1024)
  end)

  it("finds the spellings that no escape makes", function()
    local list = { redaction.secrets { auth = "Bearer abcd-1234-efgh", form = "two words here", padded = "  padded-secret \n",
                                       json = '{"inner":"inner-secret-1","pin":"0815"}', ["0123456789abcdef0123"] = true } }
    for _, text in ipairs { "abcd-1234-efgh", "two+words+here", "padded-secret", "inner-secret-1", "0123456789abcdef0123",
                            codec.base64_encode("xx:two words here") } do
      assert.equal(nil, redaction.foreign(("<p>%s</p>"):format(text), list):find(text, 1, true), text)
    end
    assert.equal('{"pin":"[redacted]","other":"0815"}', redaction.foreign('{"pin":"0815","other":"0815"}', list))
  end)

  it("cuts all secrets out of prose, and from its URLs the key alone", function()
    local _ <close> = redaction.add_key(KEY)
    redaction.secrets { api_key_comfy_org = PARTNER }
    local url = "https://cdn.example/" .. PARTNER .. "/a.png"
    assert.equal(("see %s, not [redacted]"):format(url), redaction.prose(("see %s, not %s"):format(url, PARTNER)))
    assert.equal(("(%s) [redacted] <%s> http is [redacted]"):format(url, url),
      redaction.prose(("(%s) %s <%s> http is %s"):format(url, PARTNER, url, PARTNER)))
    assert.is_false(shows(redaction.prose("https://x.example/" .. KEY .. " and " .. KEY), KEY))
    assert.equal("nothing at http:// is secret", redaction.prose "nothing at http:// is secret")
    assert.equal("[redacted]\nhttps://", redaction.prose(PARTNER .. "\nhttps://"))
  end)

  it("keeps each key in use secret, the last few that are no longer, and one as long as anybody uses it", function()
    local function is_secret(key) return redaction.text("x " .. key .. " y") == "x [redacted] y" end
    local name = "rc-use-%d-a1b2c3d4e5"
    local uses = {
      one = redaction.add_key(name:format(1)), again = redaction.add_key(name:format(1)), two = redaction.add_key(name:format(2)),
    }
    assert.is_true(is_secret(name:format(1)) and is_secret(name:format(2)))
    uses.one:close()
    uses.one:close() -- does nothing the second time
    local function use_others(from, to)
      collectgarbage()
      for i = from, to do redaction.add_key(name:format(i)):close() end
      collectgarbage()
      redaction.add_key(name:format(to)):close() -- what nobody has any more is forgotten then
    end
    use_others(3, 12)
    assert.is_true(is_secret(name:format(1)))
    assert.is_true(is_secret(name:format(2)))
    assert.is_false(is_secret(name:format(3)))
    assert.is_true(is_secret(name:format(12)))
    uses.again:close()
    uses.two:close()
    assert.is_true(is_secret(name:format(1)) and is_secret(name:format(2)))
    use_others(3, 7)
    assert.is_true(is_secret(name:format(1)) and is_secret(name:format(2))) -- a call may still work with them
    uses.one, uses.again, uses.two = nil, nil, nil
    use_others(3, 7)
    assert.is_false(is_secret(name:format(1)) or is_secret(name:format(2)))
  end)
end)
