local bed = require "spec.support.runcomfy"
local door = require "lib.recipes.effects.door"
local errors = require "lib.errors"
local host = require "core.host"
local inputs = require "lib.recipes.worker.inputs"
local kit = require "spec.support.rc"
local local_kinds = require("lib.calls.effects").LOCAL

local function effect(kind, name, input, branch, seq)
  return { effect = kind, name = name, input = input, branch = branch or "", seq = seq or 1 }
end

describe("what an effect may hold", function()
  local get = { method = "GET", url = "https://a.example/", headers = {}, timeout = 30 }

  local function request(changes)
    local made = {}
    for name, value in pairs(get) do made[name] = value end
    for name, value in pairs(changes) do made[name] = value end
    return made
  end

  for what, message in pairs {
    tool = effect("tool", "a", { n = 1 }), submit = effect("job", "submit", { deployment_id = "d" }, "2:1/3"),
    wait = effect("job", "wait", { deployment_id = 5, request_id = "r", timeout = math.huge }),
    proxy = effect("job", "proxy", { deployment_id = "d", request_id = "r", path = "x", method = "GET" }),
    get = effect("http", "GET", get), post = effect("http", "POST", request { method = "POST", json = { 1 }, headers = { "X-A: b; c" } }),
    download = effect("download", "save", { url = "x", name = "n", about = { a = 1 } }), file = effect("file", "read", { path = "x" }),
    confirm = effect("ask", "confirm", { message = "?" }), elicit = effect("ask", "elicit", { message = "?", input = {}, more = 1 }),
    sleep = effect("sleep", "sleep", { seconds = 1e300 }, "3~2"), module = effect("module", "lib.a", nil, "require lib.a"),
  } do
    it("is what a recipe asks for: " .. what, function() assert.is_nil(inputs.fault(message)) end)
  end

  -- An allocation fails after so many others; whether it came to that.
  local function starved(after, message)
    local ok, problem = pcall(function()
      host.fail_allocations(after, 2)
      return inputs.fault(message)
    end)
    local _, left = pcall(host.fail_allocations, 0, 0)
    if ok then assert.is_nil(problem) else assert.is_true(errors.is_out_of_memory(problem), problem) end
    return left ~= 2
  end

  it("is not judged where memory runs out: the message comes again", function()
    local input = { list = {}, text = ("x"):rep(5000) }
    for i = 1, 200 do input.list[i] = { i } end
    for _, message in ipairs { effect("tool", "a", input), effect("ask", "elicit", { message = "?", input = input }) } do
      local after = 0
      while starved(after, message) do after = after + 1 end
      assert.is_true(after > 0)
    end
  end)

  for what, message in pairs {
    ["a tool without a table"] = effect("tool", "a", "x"), ["a tool with NaN"] = effect("tool", "a", { 0 / 0 }),
    ["a job's unknown action"] = effect("job", "delete", {}), ["a job with more"] = effect("job", "status", { more = 1 }),
    ["a request of another name"] = effect("http", "POST", get),
    ["an unknown method"] = effect("http", "CONNECT", request { method = "CONNECT" }),
    ["a header with a line end"] = effect("http", "GET", request { headers = { "a: b\r\nc: d" } }),
    ["a header without a name"] = effect("http", "GET", request { headers = { ": b" } }),
    ["a request for ever"] = effect("http", "GET", request { timeout = math.huge }),
    ["a request with two bodies"] = effect("http", "PUT", request { method = "PUT", body = "x", json = 1 }),
    ["a GET with a body"] = effect("http", "GET", request { body = "x" }),
    ["a download elsewhere"] = effect("download", "move", { url = "x" }),
    ["a path with NUL"] = effect("file", "read", { path = "a\0b" }), ["writing a file"] = effect("file", "write", { path = "a" }),
    ["a question that nobody reads"] = effect("ask", "confirm", { message = ("?"):rep(262145) }),
    ["a form that nobody reads"] = effect("ask", "elicit", { message = "?", input = { { ("x"):rep(262145) } } }),
    ["a question without words"] = effect("ask", "confirm", {}), ["a sleep backwards"] = effect("sleep", "sleep", { seconds = -1 }),
    ["a module with an input"] = effect("module", "m", {}, "require m"), ["a module elsewhere"] = effect("module", "m", nil, "require n"),
    ["a module twice"] = effect("module", "m", nil, "require m", 2), ["a branch of words"] = effect("tool", "a", {}, "require m"),
  } do
    it("is not what none asks for: " .. what, function() assert.is_string(inputs.fault(message)) end)
  end

  -- Whatever rc makes of what recipes give it.
  it("is what rc asks for", function()
    local perform, seen = door.perform, {}
    local _ <close> = setmetatable({}, { __close = function() door.perform = perform end })
    door.perform = function(_, made)
      local message = { effect = made.kind, name = made.name, input = made.input, branch = made.branch, seq = made.seq, answer = 1 }
      local problem = (local_kinds[made.kind] and inputs.noted_fault or inputs.fault)(message)
      assert(not problem, made.kind .. " " .. made.name .. ": " .. tostring(problem))
      seen[made.kind .. " " .. made.name] = true
      if made.kind == "job" and made.name == "submit" then return '"r1"' end
      if made.kind == "http" then return { status = 200, headers = "", body = "", url = "" } end
      if made.kind == "ask" then return false end
      return local_kinds[made.kind] and 1 or '{"output_urls":[{"url":"https://a.example/x.png","filename":"x.png"}],"instance_id":"i"}'
    end
    bed.with({}, function()
      local _, err = kit.run([[
        rc.tools.get_deployment { deployment_id = "d" }
        local job = rc.submit { deployment_id = "d", overrides = { [6] = { inputs = { text = "x", n = 1.5, list = { 1, 2 } } } },
          extra_data = { a = rc.json.null }, webhook_url = "https://a.example/" }
        job:wait() job:wait { timeout = 1 } job:wait { timeout = math.huge } job:status() job:result() job:cancel()
        job:proxy("api/free", { unload_models = true }) job:proxy("api/x", nil, { method = "GET" })
        rc.job("d", "r"):status()
        rc.http { url = "https://a.example/" }
        rc.http { url = "https://a.example/", method = "post", json = { a = { 1 } }, headers = { ["X-A"] = "", b = "c; d" }, timeout = 0.5 }
        rc.http { url = "https://a.example/", method = "PUT", body = "\0\255" }
        rc.http { url = "https://a.example/", method = "DELETE", json = false, timeout = 3600 }
        rc.download("https://a.example/y.png")
        rc.download({ url = "https://a.example/x.png" }, { name = "n.png", about = { a = { 1 } } })
        rc.file "x.png" rc.read "x" rc.read_text "x"
        ctx:confirm "?"
        ctx:elicit { message = "?", input = { { "a", "string", "A" } } }
        rc.sleep(0) rc.sleep(1e9)
        rc.now() rc.random() rc.random(6) rc.random(-5, 5) rc.uuid() os.time() os.clock()
        local _ = ctx.cancelled, ctx.deadline
        rc.map({ 1, 2 }, function() rc.sleep(1) rc.all { function() rc.sleep(1) end } end)
        rc.finally(function() rc.sleep(1) end)
      ]], { uses = { "get_deployment", "submit_request" }, hosts = { "a.example" }, tools = {} })
      assert.is_nil(err and err.message)
    end)
    for _, what in ipairs {
      "tool get_deployment", "job submit", "job wait", "job status", "job result", "job cancel", "job proxy", "http GET", "http POST",
      "download save", "file read", "file read_text", "file data_uri", "ask confirm", "ask elicit", "sleep sleep", "now program",
      "now system", "now cpu", "now cancelled", "now deadline", "random float", "random integer", "uuid v4",
    } do assert.is_true(seen[what], what) end
  end)

  local function noted(kind, name, input, answer)
    return { effect = kind, name = name, input = input, answer = answer, branch = "", seq = 1 }
  end

  it("is told of time and chance, as they are", function()
    for _, message in ipairs {
      noted("now", "program", nil, 1.5), noted("now", "deadline", nil, false), noted("random", "float", nil, 0.5),
      noted("random", "integer", { first = 1, last = 6 }, 3), noted("uuid", "v4", nil, "0000"),
    } do assert.is_nil(inputs.noted_fault(message)) end
    for _, message in ipairs {
      noted("now", "midnight", nil, 1), noted("now", "program", {}, 1), noted("now", "program", nil, {}), noted("uuid", "v5", nil, "x"),
      noted("now", "program", nil, ("x"):rep(1025)), noted("random", "integer", nil, 3),
      noted("random", "integer", { first = 1, last = "x" }, 1),
      noted("random", "integer", { first = 1, last = 2, more = 3 }, 1),
    } do assert.is_string(inputs.noted_fault(message)) end
  end)
end)
