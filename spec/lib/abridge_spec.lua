local abridge = require "lib.abridge"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local loop = require "core.loop"
local turns = require "spec.support.turns"

local function cut(text, budget, options)
  local short, was_cut = abridge.text(assert(json.raw(text)), budget, options)
  assert(json.raw(short))
  return short, was_cut
end

describe("lib.abridge", function()
  it("leaves what fits", function()
    assert.same({ '{"b":1,"a":[]}', false }, { cut('{"b":1,"a":[]}', 100) })
  end)

  it("shows small members whole and before those that it cuts", function()
    assert.matches('^{"id":"d","name":"n","payload":"x+… %[5000 bytes in all%]"}$',
      (cut(('{"payload":"%s","id":"d","name":"n"}'):format(("x"):rep(5000)), 200)))
  end)

  it("shares what is left among large entries, so that each is shown", function()
    local one = ('{"id":"%%s","payload":[%s1]}'):format(('{"a":"%s"},'):format(("y"):rep(100)):rep(500))
    local short = cut("[" .. one:format "a" .. "," .. one:format "b" .. "," .. one:format "c" .. "]", 6000)
    assert.is_true(#short <= 6000)
    local list = json.decode(short)
    assert.same({ "a", "b", "c" }, { list[1].id, list[2].id, list[3].id })
    assert.matches("^… %d+ more$", list[1].payload[#list[1].payload])
  end)

  it("never cuts a URL: a list ends behind a whole entry", function()
    local entries = {}
    for i = 1, 100 do entries[i] = ('{"url":"https://example.com/%s/%d.png"}'):format(("p"):rep(100), i) end
    local list = json.decode((cut("[" .. table.concat(entries, ",") .. "]", 1000)))
    for i = 1, #list - 1 do assert.equal(json.decode(entries[i]).url, list[i].url) end
    assert.equal(("… %d more"):format(100 - (#list - 1)), list[#list])
  end)

  it("keeps types and order where it is asked to be plain", function()
    local short = cut(('{"z":["%s",1],"a":{"k":"%s"},"n":1}'):format(("x"):rep(3000), ("y"):rep(3000)), 400, { plain = true })
    assert.matches('^{"z":%["x+… %[3000 bytes in all%]",1%],"a":{"k":"y+…[^"]*"},"n":1}$', short)
    for _, item in ipairs(json.decode((cut("[" .. ("12345,"):rep(5000) .. "1]", 300, { plain = true })))) do assert.is_number(item) end
  end)

  it("cuts between characters", function()
    assert(utf8.len((cut('{"t":"' .. ("é🦊"):rep(3000) .. '"}', 501))))
  end)

  it("lets the loop turn while it goes through the levels of what is nested", function()
    local raw = assert(json.raw(("["):rep(20) .. ("1,"):rep(1 << 20) .. "1" .. ("]"):rep(20)))
    local counted <close> = turns.count()
    local task = fiber.spawn(abridge.text, raw, 20000)
    while task.status ~= "done" do loop.step(true) end
    assert.is_true(counted.number > 3, "turns: " .. counted.number)
    local _, short, was_cut = task:join()
    assert.same({ abridge.text(raw, 20000) }, { short, was_cut })
  end)

  for name, text in pairs {
    ints = "[" .. ("1,"):rep(1 << 19) .. "1]", deep = ("["):rep(900) .. '"' .. ("x"):rep(1 << 20) .. '"' .. ("]"):rep(900),
    escapes = '{"a":"' .. ("\\n"):rep(1 << 19) .. '"}', same_keys = "{" .. ('"k":1,'):rep(1 << 17) .. '"z":2}',
    long_key = '{"' .. ("k"):rep(1 << 20) .. '":1}', long_number = "[" .. ("1"):rep(1 << 20) .. "]",
  } do
    it("keeps to its budget for " .. name, function()
      for _, budget in ipairs { 200, 20000 } do
        assert.is_true(#(cut(text, budget)) <= budget)
        assert.is_true(#(cut(text, budget, { plain = true })) <= budget)
      end
    end)
  end
end)
