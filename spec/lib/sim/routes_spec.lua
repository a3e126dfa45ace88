local json = require "core.json"
local server = require "lib.sim.server"
local routes = require "lib.sim.routes"
local simulation = require "spec.support.simulation"

local ROOT = "/prod/v2/deployments"

describe("lib.sim.routes", function()
  local sim

  before_each(function() sim = assert(server.start { key = "the-key" }) end)
  after_each(function() sim:stop() end)

  -- An answer, with its body decoded; headers are added to those of a good call.
  local function ask(method, path, more)
    more = more or {}
    local headers = { authorization = "Bearer the-key", ["content-type"] = "application/json" }
    for name, value in pairs(more.headers or {}) do headers[name] = value or nil end
    local answer = routes.answer(sim, { method = method, path = path, query = more.query or "", headers = headers, body = more.body or "" })
    return answer.status, answer.body ~= "" and json.decode(answer.body) or nil
  end

  it("tells a path that is none from a method that is none", function()
    assert.equal(404, (ask("GET", "/prod/v3/deployments")))
    assert.equal(404, (ask("GET", ROOT .. "/a/b/c")))
    assert.equal(405, (ask("PUT", ROOT)))
    assert.equal(405, (ask("GET", ("/prod/v1/deployments/%s/inference"):format(simulation.TEXT_TO_IMAGE))))
  end)

  it("wants the key before it tells anything of a path, but for public files", function()
    for _, wrong in ipairs { false, "Bearer other", "the-key", "bearer the-key" } do
      assert.equal(401, (ask("GET", ROOT, { headers = { authorization = wrong } })))
    end
    assert.equal(401, (ask("PUT", ROOT, { headers = { authorization = false } })))
    assert.equal(404, (ask("GET", "/nowhere", { headers = { authorization = false } })))
    assert.equal(404, (ask("GET", "/deployment_requests/x/output/a.png", { headers = { authorization = false } })))
  end)

  it("decodes the variable parts of a path, and takes none that is empty or broken", function()
    local escaped = simulation.TEXT_TO_IMAGE:gsub("%-", "%%2D")
    assert.equal(200, (ask("GET", ROOT .. "/" .. escaped)))
    assert.equal(404, (ask("GET", ROOT .. "/")))
    assert.equal(404, (ask("GET", ROOT .. "/%zz")))
  end)

  it("reads a query: repeated names, escapes, plus signs, pairs without a value", function()
    local function names(query)
      local list = {}
      for i, entry in ipairs(select(2, ask("GET", ROOT, { query = query }))) do list[i] = entry.name end
      return list
    end
    assert.same({ "text-to-image", "upscale" }, names("ids=" .. simulation.TEXT_TO_IMAGE .. "&x&=y&ids=" .. simulation.UPSCALE))
    assert.same({}, names "ids=")
    assert.same({}, names "ids=a+b%20c")
    assert.equal(3, #names "ids%zz=1")
  end)

  it("complains of bodies as FastAPI does", function()
    local function kind(body, headers)
      local status, answer = ask("POST", ROOT, { body = body, headers = headers })
      assert.equal(422, status)
      return answer.detail[1].type
    end
    assert.equal("missing", kind "")
    assert.equal("json_invalid", kind "{")
    assert.equal("model_attributes_type", kind("{}", { ["content-type"] = "text/plain" }))
    assert.equal("dict_type", kind "[]")
    assert.equal("missing", kind "{}")
  end)

  it("takes a webhook from the query or the body, and refuses what is no address", function()
    local path = ("/prod/v1/deployments/%s/inference"):format(simulation.TEXT_TO_IMAGE)
    assert.equal(200, (ask("POST", path, { body = "{}" })))
    assert.equal(200, (ask("POST", path, { body = '{"webhook":null,"extra_data":null}' })))
    for _, call in ipairs {
      { query = "webhook=ftp%3A%2F%2Fx", body = "{}" }, { body = '{"webhook":"nowhere"}' }, { body = '{"extra_data":[]}' },
    } do
      local status = ask("POST", path, call)
      assert.is_true(status == 400 or status == 422, tostring(status))
    end
  end)

  it("gives the balance in both units", function()
    local _, answer = ask("GET", "/prod/v2/balance")
    assert.same({ balance_usd = 25.0, balance_microdollars = 25000000, currency = "USD" }, answer)
  end)
end)
