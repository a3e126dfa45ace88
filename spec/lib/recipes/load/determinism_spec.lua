--- What a recipe sees is the same in each process: run twice, in processes with other addresses, another seed of Lua's hashes and
--- another history.
local bed = require "spec.support.worker"
local child = require "spec.support.child"

local function seen_by(...)
  local process = child.spawn(child.program, { "lua", "spec/support/determinism.lua", ... })
  assert.equal(0, process:wait(60), process.err)
  return process.out
end

-- What functions of rc complain of first, and what they go through.
local MORE = [[
  local more = {}
  local function refused(fn, ...) more[#more + 1] = tostring((select(2, pcall(fn, ...)))) end
  local wrong = { alpha = 1, beta = 2, gamma = 3, delta = 4, epsilon = 5, zeta = 6, eta = 7, theta = 8, iota = 9, kappa = 10 }
  for _, fn in ipairs { rc.submit, rc.http, rc.link, rc.workflow, rc.download, rc.map, rc.tools.a } do
    refused(fn, wrong)
    refused(fn, "https://example.com/x", wrong)
    refused(fn, {}, wrong)
  end
  for _, name in ipairs { "tols", "jsn", "finaly", "tol" } do refused(function() return rc[name].x end) end
  local ends = {}
  pcall(rc.map, { 5, 4, 3, 2, 1 }, function(n)
    local _ <close> = setmetatable({}, { __close = function() ends[#ends + 1] = n end })
    if n == 1 then error "no" end
    rc.sleep(60)
  end, { concurrency = 5 })
  lines[#lines + 1] = table.concat(more, "\n") .. "\nends " .. table.concat(ends, " ")
]]

-- All that is recorded: what a clock says, and chance.
local function known()
  local list = {}
  for i = 1, 500 do list[" " .. i] = 1700000000 + i * 7919 end
  return list
end

local function seen_in_worker(noise)
  local result
  bed.with(nil, function(host)
    local body = require "spec.support.seen"
    if noise then
      local other = assert(bed.load(host, bed.tool("local t = {} for i = 1, 3000 do t[{}] = {} end return tostring(t)")))
      for i = 1, 5 do assert(bed.call(host, other, nil, { input = { i } })) end
    end
    body = body:gsub("return table", MORE:gsub("%%", "%%%%") .. "  return table", 1)
    local recipe = assert(bed.load(host, bed.tool(body, "{ 'a' }")))
    local answer, err = bed.call(host, recipe, nil, {
      seed = "0123456789abcdef", known = known, input = { zeta = 1, beta = { 1, 2 }, alpha = {} } })
    result = assert(answer, err and err.message)
  end)
  return result.text
end

describe("a recipe in two processes", function()
  it("sees the same", function()
    local first = seen_by()
    assert.is_true(#first > 10000, first)
    assert.matches("\nweak ", first, 1, true)
    assert.equal(first, seen_by())
    assert.equal(first, seen_by "noise")
  end)

  it("sees the same in two workers, of what the library does there, too", function()
    local first = seen_in_worker()
    assert.is_true(#first > 10000, first)
    assert.matches("\nends ", first, 1, true)
    assert.equal(first, seen_in_worker())
    assert.equal(first, seen_in_worker(true))
  end)
end)
