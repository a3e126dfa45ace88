-- Questions of recipes on the command line: to the person at the terminal, and answered by options.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"
local simulator = require "lib.sim.server"
local terminals = require "spec.support.terminal"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local RECIPES = {
  ask = [[
    local rc = require "rc"
    return rc.tool { name = "ask", description = "A.", run = function(_, ctx)
      if not ctx:confirm("Spend 3 dollars?") then return { spent = false } end
      return ctx:elicit { message = "How?", input = {
        { "size", "integer", "Size", minimum = 1 }, { "style", "string", "Style", enum = { "wood", "ink" }, default = "ink" } } }
        or { declined = true }
    end }]],
  form = [[
    local rc = require "rc"
    return rc.tool { name = "form", description = "F.", run = function(_, ctx)
      return ctx:elicit { message = "All kinds", input = {
        { "name", "string", "Name" }, { "steps", "integer", "Steps" }, { "strength", "number", "Strength", maximum = 1 },
        { "tiled", "boolean", "Tiled" }, { "rows", "integer", "Rows", enum = { 1, 2, 4 } },
        { "note", "string", "Note", optional = true } } } or { declined = true }
    end }]],
  defaults = [[
    local rc = require "rc"
    return rc.tool { name = "defaults", description = "D.", run = function(_, ctx)
      return ctx:elicit { message = "Sizes", input = {
        { "width", "integer", "Width", default = 512 }, { "tiled", "boolean", "Tiled", default = true } } } or { declined = true }
    end }]],
  paid = [[
    local rc = require "rc"
    return rc.tool { name = "paid", description = "P.", uses = { "submit_request", "update_deployment" }, run = function(_, ctx)
      local id = "a1b2c3d4-0000-4000-8000-000000000001"
      rc.finally(function() rc.tools.update_deployment { deployment_id = id, min_instances = 0 } end)
      local job = rc.submit { deployment_id = id }
      local answers = rc.all { function() return ctx:confirm "Another one?" end, function() job:wait { timeout = 20 } end }
      return { another = answers[1] }
    end }]],
  once = [[
    local rc = require "rc"
    return rc.tool { name = "once", description = "O.", uses = { "submit_request", "update_deployment" }, run = function(_, ctx)
      local id = "a1b2c3d4-0000-4000-8000-000000000001"
      rc.finally(function() rc.tools.update_deployment { deployment_id = id, min_instances = 0 } end)
      local job = rc.submit { deployment_id = id }
      local another = ctx:confirm "Another one?"
      return { another = another, id = job.request_id }
    end }]],
  several = [[
    local rc = require "rc"
    return rc.tool { name = "several", description = "S.", run = function(_, ctx)
      return { list = rc.map({ 1, 2, 3 }, function(i) return ctx:confirm("Number " .. i .. "?") end) }
    end }]],
  hostile = [[
    local rc = require "rc"
    return rc.tool { name = "hostile", description = "H.", run = function(_, ctx)
      return ctx:elicit { message = "\27]0;title\7Which\u{9b}31m \u{202e}way", input = {
        { "a", "string", "De\27[2Jsc", enum = { "x\27c", "y" } }, { "b", "string", "B", default = "d\8\8\27" } } }
    end }]],
}

describe("a question on the command line", function()
  local files

  before_each(function()
    files = folder.new()
    for name, source in pairs(RECIPES) do files:write(name .. ".lua", source) end
  end)
  after_each(function() files:remove() end)

  local function command(name, more)
    return ("exec %s run %s/%s.lua %s"):format(child.program, files.path, name, more or "")
  end

  local function shows(terminal, text)
    terminal:wait_until(function() return terminal.out:find(text, 1, true) ~= nil end)
  end

  -- Steps are { what the terminal shows, what is typed then }.
  local function answer(line, steps, env)
    local terminal <close> = terminals.spawn(line, env)
    for _, step in ipairs(steps) do
      shows(terminal, step[1])
      terminal:write(step[2])
    end
    local status = terminal:wait()
    return status, terminal.out
  end

  describe("at a terminal", function()
    local function person(text, fn)
      it(text, function()
        if terminals.missing() then return pending(terminals.missing()) end
        fn()
      end)
    end

    person("is asked", function()
      local status, out = answer(command "ask",
        { { "Spend 3 dollars? [y/N]", "yes\n" }, { "Size", "7\n" }, { "Style (wood/ink; default ink)", "\n" } })
      assert.equal(0, status)
      assert.matches('{"size":7,"style":"ink"}', out, 1, true)
    end)

    person("is declined by Enter, and by the end of the input, with a word", function()
      local _, out = answer(command "ask", { { "Spend 3 dollars? [y/N]", "\n" } })
      assert.matches('{"spent":false}', out, 1, true)
      _, out = answer(command "ask", { { "Spend 3 dollars? [y/N]", "\4" } })
      assert.matches("the input has ended: taken as a no", out, 1, true)
      assert.matches('{"spent":false}', out, 1, true)
      _, out = answer(command "ask", { { "Spend 3 dollars? [y/N]", "y\n" }, { "Size", "\4" } })
      assert.matches('{"declined":true}', out, 1, true)
    end)

    person("is asked again where the answer does not fit, with why", function()
      local status, out = answer(command "ask", {
        { "[y/N]", "maybe\n" }, { "answer y or n", "Y\n" }, { "Size", "big\n" }, { "must be an integer, got 'big'", "0\n" },
        { "must be 1 or more, got 0", "\n" }, { "it needs a value", "2\n" }, { "Style", "oil\n" }, { "one of ['wood', 'ink']", "WOOD\n" },
      })
      assert.equal(0, status)
      assert.matches('{"size":2,"style":"wood"}', out, 1, true)
    end)

    person("is typed by what is asked for", function()
      local status, out = answer(command "form", {
        { "Name: ", " a fox \n" }, { "Steps: ", "18446744073709551615\n" }, { "Strength: ", "1.5\n" }, { "must be 1 or less", "0.25\n" },
        { "Tiled (y/n): ", "perhaps\n" }, { "must be true or false", "n\n" }, { "Rows (1/2/4): ", "3\n" }, { "one of [1, 2, 4]", "4\n" },
        { "Note (may be empty): ", "\n" },
      })
      assert.equal(0, status)
      assert.matches('"name":"a fox"', out, 1, true)
      assert.matches('"steps":18446744073709551615', out, 1, true)
      assert.matches('"strength":0.25', out, 1, true)
      assert.matches('"tiled":false', out, 1, true)
      assert.matches('"rows":4', out, 1, true)
      assert.is_nil(out:find('"note"', 1, true))
    end)

    person("takes what is typed ahead", function()
      local status, out = answer(command "ask", { { "[y/N]", "y\n5\nink\n" } })
      assert.equal(0, status)
      assert.matches('{"size":5,"style":"ink"}', out, 1, true)
    end)

    person("waits for its turn where another is open", function()
      local _, out = answer(command "several", { { "Number 1? ", "y\n" }, { "Number 2? ", "n\n" }, { "Number 3? ", "y\n" } })
      assert.matches('{"list":[true,false,true]}', out, 1, true)
    end)

    person("is not asked for what an option answers, and is where the option is wrong", function()
      local _, out = answer(command("ask", "--yes --answer style=wood"), { { "Size", "3\n" } })
      assert.matches("Spend 3 dollars? yes (--yes)", out, 1, true)
      assert.matches('{"size":3,"style":"wood"}', out, 1, true)
      _, out = answer(command("ask", "--yes --answer size=big"),
        { { "--answer size=big: Field 'size' must be an integer", "" }, { "Size: ", "3\n" } })
      assert.matches('{"size":3,"style":"ink"}', out, 1, true)
    end)

    person("shows nothing that the terminal would obey", function()
      local status, out = answer(command "hostile", { { "De?[2Jsc (x?c/y): ", "y\n" }, { "default d???", "\n" } })
      assert.equal(0, status)
      assert.matches("?]0;title?Which?31m ?way", out, 1, true)
    end)

    person("is asked in the REPL, too, and lines are read after it", function()
      local status, out = answer("exec " .. child.program .. " repl --simulate --recipes " .. files.path, {
        { "> ", "rc.tools.ask {}\n" }, { "[y/N]", "n\n" }, { "spent = false", "1 + 41\n" }, { "42", "rc.tools.form {}\n" },
        { "Name: ", "\3" }, { "interrupted", ":quit\n" },
      })
      assert.equal(0, status, out)
    end)

    describe("while it is open", function()
      local sim

      before_each(function() sim = assert(simulator.start { cold_start = 3000 }) end)
      after_each(function() sim:stop() end)

      local function env()
        return { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url }
      end

      person("lets jobs be polled", function()
        local terminal <close> = terminals.spawn(command "paid", env())
        shows(terminal, "Another one? [y/N]")
        local before = #sim:requests { path = "/status" }
        terminal:wait_until(function() return #sim:requests { path = "/status" } >= before + 3 end)
        terminal:write "y\n"
        terminal:wait_until(function() return #sim:requests { path = "/status" } >= before + 5 end)
        terminal:write "\3"
        assert.equal(130, (terminal:wait()))
      end)

      person("ends at once at Ctrl-C: jobs are cancelled, clean-ups run", function()
        local terminal <close> = terminals.spawn(command "paid", env())
        shows(terminal, "Another one? [y/N]")
        terminal:write "\3"
        assert.equal(130, (terminal:wait()))
        assert.equal(1, #sim:requests { method = "POST", path = "/cancel" })
        assert.equal(1, #sim:requests { method = "PATCH" })
        assert.matches("interrupted", terminal.out, 1, true)
      end)

      person("is not answered by a terminal that closes: jobs are cancelled, clean-ups run, as at Ctrl-C", function()
        local result = files.path .. "/result"
        local line = ("%s run %s/once.lua >%s; exit 7"):format(child.program, files.path, result)
        local terminal <close> = terminals.spawn(line, env())
        shows(terminal, "Another one? [y/N]")
        terminal.handle:kill "KILL" -- script, which holds the terminal's other end
        terminal:wait_until(function()
          return #sim:requests { method = "PATCH" } == 1 and #sim:requests { method = "POST", path = "/cancel" } == 1
        end)
        local file = assert(io.open(result))
        local text = file:read "a"
        file:close()
        assert.equal("", text)
      end)
    end)
  end)

  describe("without a terminal", function()
    local function run(name, ...) return child.run { "run", files.path .. "/" .. name .. ".lua", ... } end

    it("names itself and the options that answer it", function()
      local status, _, err = run "ask"
      assert.equal(1, status)
      assert.matches('"Spend 3 dollars?" is asked, and nobody can be asked here', err, 1, true)
      assert.matches("Answer with --yes, which agrees to all such questions, or --answer confirm=yes|no", err, 1, true)
      for _, options in ipairs { { "--yes" }, { "--answer", "confirm=y" } } do
        status, _, err = run("ask", table.unpack(options))
        assert.equal(1, status)
        assert.matches('"How?" is asked', err, 1, true)
        assert.matches("Answer with --answer size=INTEGER, and perhaps --answer style=wood|ink", err, 1, true)
      end
      status, _, err = run("form", "--answer", "name=fox", "--answer", "steps=1")
      assert.equal(1, status)
      assert.matches("Answer with --answer strength=NUMBER --answer tiled=yes|no --answer rows=1|2|4, and perhaps --answer note=STRING",
        err, 1, true)
    end)

    it("is answered by --yes and --answer, typed by what is asked for", function()
      local status, out = run("ask", "--yes", "--answer", "size=7")
      assert.same({ 0, { size = 7, style = "ink" } }, { status, json.decode(out) })
      status, out = run("ask", "--answer", "confirm=no", "--answer", "size=7")
      assert.same({ 0, { spent = false } }, { status, json.decode(out) })
      status, out = run("form", "--answer", "name=a=b", "--answer", "steps=18446744073709551615", "--answer", "strength=1e-1",
        "--answer", "tiled=yes", "--answer", "rows=2", "--answer", "note=")
      assert.equal(0, status)
      assert.matches('"name":"a=b"', out, 1, true)
      assert.matches('"steps":18446744073709551615', out, 1, true)
      assert.same({ 0.1, true, 2 }, { json.decode(out).strength, json.decode(out).tiled, json.decode(out).rows })
      status, out = run("several", "-y")
      assert.same({ 0, { true, true, true } }, { status, json.decode(out).list })
    end)

    it("takes defaults only where that was said", function()
      local status, _, err = run "defaults"
      assert.equal(1, status)
      assert.matches("Answer with --yes for the defaults, or --answer width=INTEGER --answer tiled=yes|no", err, 1, true)
      local out
      status, out = run("defaults", "--yes")
      assert.same({ 0, { width = 512, tiled = true } }, { status, json.decode(out) })
      status, out = run("defaults", "--answer", "tiled=off")
      assert.same({ 0, { width = 512, tiled = false } }, { status, json.decode(out) })
    end)

    it("is not answered by what does not fit", function()
      local status, _, err = run("ask", "--yes", "--answer", "size=big")
      assert.equal(1, status)
      assert.matches("--answer size=big does not fit what is asked: Field 'size' must be an integer, got 'big'", err, 1, true)
      status, _, err = run("ask", "--answer", "confirm=maybe")
      assert.equal(1, status)
      assert.matches("--answer confirm=maybe does not fit what is asked: answer y or n", err, 1, true)
    end)

    it("tells of answers that nothing asked for", function()
      local status, _, err = run("ask", "--yes", "--answer", "siez=7")
      assert.equal(1, status)
      assert.matches("--answer siez is none of what it asks for, did you mean 'size'?", err, 1, true)
      status, _, err = run("defaults", "--yes", "--answer", "with=7", "--quiet")
      assert.equal(0, status)
      assert.matches("--answer with was not asked for, did you mean 'width'?", err, 1, true)
      status, _, err = child.run { "call", "list_deployments", "--simulate", "--answer", "size=1" }
      assert.equal(0, status)
      assert.matches("--answer size was not asked for", err, 1, true)
    end)

    it("is a wrong command line where --answer is no NAME=VALUE, or is given twice", function()
      local status, _, err = run("ask", "--answer", "seven")
      assert.equal(64, status)
      assert.matches("--answer seven: it takes NAME=VALUE", err, 1, true)
      status, _, err = run("ask", "--answer", "size=1", "--answer", "size=2")
      assert.equal(64, status)
      assert.matches("--answer size is given twice", err, 1, true)
    end)

    it("names what was submitted already", function()
      local sim <close> = assert(simulator.start { cold_start = 3000 })
      local status, out, err = child.run({ "run", files.path .. "/paid.lua" },
        { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url } })
      assert.equal(1, status)
      local id = sim:requests({ method = "POST", path = "/cancel" })[1].path:match "/requests/([^/]+)/"
      local error_text = json.decode(out).error
      assert.matches('"Another one?" is asked, and nobody can be asked here', error_text, 1, true)
      assert.matches(("Submitted before: request %s of deployment %s"):format(id, ID), error_text, 1, true)
      assert.matches(id, err, 1, true)
    end)
  end)
end)
