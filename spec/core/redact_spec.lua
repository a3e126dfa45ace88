local json = require "core.json"
local redact = require "core.redact"
local memory = require "spec.support.memory"

-- What is cut in steps of so many bytes, and how many pauses there were.
local function stepped(rules, text, as, bytes)
  local co, pauses = coroutine.create(rules.cut_in_steps), 0
  local ok, cut = coroutine.resume(co, rules, text, as, bytes)
  while coroutine.status(co) == "suspended" do
    pauses = pauses + 1
    ok, cut = coroutine.resume(co)
  end
  return assert(ok and cut, cut), pauses
end

local NAMES = { extra_data = "cut", inputs = "inputs", outputs = "outputs", url = "output", filename = "output", status = "kept" }

local function rules(more)
  local options = { texts = { "sec/ret-é-42" }, names = NAMES }
  for name, value in pairs(more or {}) do options[name] = value end
  return redact.new(options)
end

describe("core.redact", function()
  it("finds a text in every spelling that quoting and encoding give it", function()
    local secret = rules()
    for _, spelling in ipairs {
      "sec/ret-é-42", [[sec\/ret-\u00e9-42]], [[\u0073\u0065\u0063/ret-\u00E9-42]], "sec%2Fret-%C3%A9-42", "%73%65c%2fret-%c3%a9-42",
      "sec%252Fret-%25C3%25A9-42", "sec&#47;ret-&#xe9;-42", "sec&sol;ret-é-42", [[sec/ret-\xe9-42]], [[sec\\/ret-\\u00e9-42]],
      [[sec\\\/ret-\\u00e9-4\\\\u0032]], "sec/ret-é-4&#50;",
    } do
      assert.equal("a [redacted] b", secret:text("a " .. spelling .. " b"), spelling)
    end
  end)

  it("leaves what is none, and returns that very text", function()
    local secret = rules()
    for _, text in ipairs { "", "sec/ret", "sec/ret-é-4", "%", "%2", [[\u00]], [[\]], "&#", "&#99999999;", "\0\xff%zz&amp" } do
      assert.equal(text, secret:text(text))
      assert.equal("[" .. json.encode(require("core.codec").utf8_clean(text)) .. "]",
        secret:json("[" .. json.encode(require("core.codec").utf8_clean(text)) .. "]"))
    end
  end)

  it("finds texts that overlap, lie in one another and repeat themselves", function()
    local secret = redact.new { texts = { "abcabc", "bcab", "cabcabcabd", ("a"):rep(200), "xyxyxy" } }
    assert.equal("[redacted]", secret:text "abcabcabc")
    assert.equal("c[redacted]d", secret:text "cbcabd")
    assert.equal("[redacted]de", secret:text "abcabcabde")
    assert.equal("[redacted]e", secret:text "abcabcabcabde")
    assert.equal("[redacted]b", secret:text(("a"):rep(300) .. "b"))
    assert.equal(("a"):rep(199), secret:text(("a"):rep(199)))
    assert.equal("[redacted]", secret:text "xyxyxyxy")
  end)

  it("cuts a text longer than it looks for as far as that reaches", function()
    local digits = {}
    for i = 1, 300 do digits[i] = i end
    local long = table.concat(digits, "-")
    local secret = redact.new { texts = { long } }
    assert.equal("<[redacted]> " .. long:sub(2), secret:text("<" .. long .. "> " .. long:sub(2)))
    assert.equal('{"a":"[redacted]","b":"x"}', secret:json('{"a":"' .. long:sub(1, 300) .. '","b":"x"}'))
  end)

  it("leaves JSON what it is: strings, names and numbers change, signs never", function()
    local secret = redact.new { texts = { '":"', "},{", '\\', "null" }, numbers = { "12345678", "-1.5e9" } }
    local text = '[{"a":"b","c:null":null},{"d":12345678},123456789,-1.5e9,"\\"\\\\\\":\\""]'
    local cut = secret:json(text)
    assert.equal('[{"a":"b","c:[redacted]":null},{"d":"[redacted]"},123456789,"[redacted]","\\"[redacted]"]', cut)
    assert.is_truthy(json.raw(cut))
  end)

  it("takes text that is nearly JSON, and says what is none", function()
    local secret = rules()
    assert.equal('{"a":NaN,"b":"[redacted]\xff\1"}', secret:json('{"a":NaN,"b":"sec/ret-é-42\xff\1"}'))
    local deep = ("["):rep(1001) .. ("]"):rep(1001)
    for _, text in ipairs { "", " ", "sec/ret-é-42", "sec%2Fret", '{"a":1', '{"a":1}]', '"a" "b"', "[}", '"a', '"\\', deep } do
      assert.is_nil(secret:json(text))
    end
    assert.is_string(secret:json(("["):rep(999) .. ("]"):rep(999)))
  end)

  it("cuts a member as a whole, but for a node's input of that name", function()
    local secret = rules()
    for text, cut in pairs {
      ['{"extra_data":{"a":["b",{"c":1}]},"d":1}'] = '{"extra_data":"[redacted]","d":1}',
      ['{"x":[{"extra\\u005fdata":["b"]}]}'] = '{"x":[{"extra\\u005fdata":"[redacted]"}]}',
      ['{"extra_data":"b","x":{"extra_data":12}}'] = '{"extra_data":"[redacted]","x":{"extra_data":"[redacted]"}}',
    } do
      assert.equal(cut, secret:json(text))
    end
    for _, text in ipairs { '{"extra_data":{},"x":{"extra_data":[ ]},"y":{"extra_data":null}}',
                            '{"6":{"inputs":{"extra_data":"b"}},"loc":["body","extra_data","key"]}' } do
      assert.equal(text, secret:json(text))
    end
  end)

  it("cuts what looks like that member in a text", function()
    local secret = rules()
    for text, cut in pairs {
      ["got {'extra_data': {'a': 'it}s', 'b': [1]}, 'c': 2}"] = "got {'extra_data': [redacted], 'c': 2}",
      ['{\\"extra_data\\": {\\"a\\": \\"b\\"}} end'] = '{\\"extra_data\\": [redacted]} end',
      ["extra_data={&quot;a&quot;: 1} end"] = "extra_data=[redacted] end",
      ["extra_data: dict(a='b')"] = "extra_data: dict(a='b')",
      ['extra_data: {"a": "cut o'] = "extra_data: [redacted]",
      ["extra_data: field required"] = "extra_data: field required",
      ["extra_data {}"] = "extra_data {}",
      ["extra_data and {a}"] = "extra_data and {a}",
    } do
      assert.equal(cut, secret:text(text))
      assert.equal(json.encode { detail = cut }, secret:json(json.encode { detail = text }))
    end
  end)

  it("cuts a short text only as the whole string under its name", function()
    local secret = redact.new { wholes = { "pin", "1234", "naïve", "png" }, names = NAMES }
    assert.equal('{"pin":"[redacted]","pins":"1234","x":{"p\\u0069n":["[redacted]","12345"]},"y":"1234","na\\u00efve":"[redacted]"}',
      secret:json '{"pin":"1234","pins":"1234","x":{"p\\u0069n":["12\\u00334","12345"]},"y":"1234","na\\u00efve":"png"}')
  end)

  it("spares URLs and names of outputs, and what is kept", function()
    local secret = rules { wholes = { "filename", "png", "status", "done" } }
    local outputs = '"outputs":{"9":{"images":[{"url":"https://x/sec/ret-é-42.png","filename":"png"}],"gifs":["http://x/sec%2Fret-é-42"]}}'
    local text = '{"status":"done",' .. outputs .. "}"
    assert.equal(text, secret:json(text))
    assert.equal('{"url":"https://x/[redacted].png","outputs":{"text":["[redacted]"]},"filename":"[redacted]"}',
      secret:json '{"url":"https://x/sec/ret-é-42.png","outputs":{"text":["sec/ret-é-42"]},"filename":"png"}')
  end)

  describe("passes", function()
    local PIECES = {
      "s", "ec", "/ret", "-", "é", "42", "sec/ret", "ab", "abc", "x_y", "123", "4567", "pin", "\\", "\\\\", "\\/", "\\n", "\\\"", "u00",
      "u0034", "u002f", "x2", "f", "%", "2F", "%2", "&", "#", "#50;", "amp;", "quot;", "\"", "'", "{", "}", "[", "]", ":", ",", " ",
    }

    local function all_rules()
      return redact.new {
        texts = { "sec/ret-é-42", "abcab", 'x"y' }, numbers = { "1234567" }, wholes = { "pin", "1234", "ab", "x" }, names = { x_y = "cut" },
      }
    end

    it("says so of ordinary texts, with escapes that hide nothing", function()
      local secret = rules()
      for _, text in ipairs {
        "", "sec", '{"a":"one\\n\\"two\\"","b":[1,2.5,null],"c":"100 % & more \\\\ n"}', "\0\xff%zz&amp", [[\q\u00]],
      } do
        assert.is_true(secret:passes(text), text)
      end
    end)

    it("does not say so of a secret in any spelling, nor of names, numbers and whole texts that are looked for", function()
      local secret = all_rules()
      for _, text in ipairs {
        "sec/ret-é-42", [[sec\/ret-é-42]], [[\u0073ec/ret-é-42]], "sec%2Fret-é-42", "sec&#47;ret-é-42", [[sec\\\/ret-é-4\\\\u0032]],
        [[a x\"y b]], '{"x_y":{"a":1}}', "[1234567]", '{"pin":"1234"}',
      } do
        assert.is_false(secret:passes(text), text)
      end
    end)

    it("never says so of a text that would be changed", function()
      local secret, passed, changed, seed = all_rules(), 0, 0, 42
      local function random(limit)
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        return 1 + (seed >> 8) % limit
      end
      for _ = 1, 30000 do
        local parts = {}
        for i = 1, random(8) do parts[i] = PIECES[random(#PIECES)] end
        local text = table.concat(parts)
        for _, form in ipairs { text, '{"pin":"' .. text .. '","b":' .. text .. "}", json.encode { x_y = text, pin = { text } } } do
          local is_changed = secret:text(form) ~= form or (secret:json(form) or form) ~= form
          if is_changed then changed = changed + 1 end
          if secret:passes(form) then
            passed = passed + 1
            assert.is_false(is_changed, form)
          end
        end
      end
      assert.is_true(passed > 1000 and changed > 1000)
    end)
  end)

  it("refuses what are no rules", function()
    assert.has_error(function() redact.new { texts = { {} } } end)
    assert.has_error(function() redact.new { texts = "a" } end)
    assert.has_error(function() redact.new { names = { a = "b" } } end)
    assert.has_error(function() redact.new { names = { "cut" } } end)
    assert.has_error(function() redact.log { 1 } end)
  end)

  it("cuts the same in steps, however long they are", function()
    local secret = rules()
    local long = ("abc "):rep(30000)
    for _, text in ipairs {
      "", "nothing", '{"a":"nothing"}', '["sec/ret-é-42",{"url":"sec/ret-é-42"}]', "no JSON: sec/ret-é-42", '{"a":"sec/ret-é-42",',
      '{"outputs":{"url":"sec/ret-é-42","b":"sec%2Fret-%C3%A9-42"}}', '{"extra_data":{"a":[1,"' .. long .. '"]},"b":"extra_data: {1"}',
      json.encode { long .. "sec/ret-é-42" .. long }, json.encode { ("\"\\"):rep(50000), [[sec\/ret-\\u00e9-42]] }, long .. "sec/ret-é-42",
      json.encode { [long] = 1, x = "sec/ret-é-42" }, '{"a":"' .. long, '{"a":"\\',
    } do
      for _, bytes in ipairs { #text < 1000 and 1 or 1000, 4099, 1 << 20 } do
        assert.equal(secret:text(text), (stepped(secret, text, "text", bytes)))
        assert.equal(secret:json(text) or secret:text(text), (stepped(secret, text, "json", bytes)))
        assert.equal(secret:json(text, true) or secret:text(text), (stepped(secret, text, "outputs", bytes)))
      end
    end
    local _, pauses = stepped(secret, json.encode { long, "sec/ret-é-42" }, "json", 1000)
    assert.is_true(pauses >= 3 * #long // 1000, pauses)
    assert.error_matches(function() secret:cut_in_steps("a", "text", 0) end, "must be positive")
    assert.error_matches(function() secret:cut_in_steps("a", "else", 1) end, "invalid option")
  end)

  it("may be left in a pause", function()
    local secret = rules()
    for _ = 1, 50 do
      local co = coroutine.create(secret.cut_in_steps)
      assert(coroutine.resume(co, secret, ("sec/ret-é-42 "):rep(1000), "text", 1000))
      assert.equal("suspended", coroutine.status(co))
    end
    collectgarbage()
    assert.equal("[redacted]", secret:text "sec/ret-é-42")
  end)

  it("survives memory that ends at any allocation of Lua's", function()
    memory.sweep(function()
      local secret = rules()
      assert(stepped(secret, '{"a":"sec/ret-é-42"}', "json", 7) == '{"a":"[redacted]"}')
      assert(secret:json '{"a":"sec/ret-é-42"}' == '{"a":"[redacted]"}')
      assert(secret:text "sec/ret-é-42" == "[redacted]")
    end)
  end)
end)
