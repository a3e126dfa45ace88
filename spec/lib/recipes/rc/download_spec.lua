local fs = require "core.fs"
local json = require "core.json"
local kit = require "spec.support.rc"
local scratch = require "spec.support.scratch"

local function options(dir, more)
  local ctx = kit.context()
  ctx.simulated = true
  local all = { uses = { "submit_request" }, ctx = ctx, settings = { output_folder = dir.path .. "/out" } }
  for key, value in pairs(more or {}) do all[key] = value end
  return all
end

local RUN = ([[
  local job = rc.submit { deployment_id = "%s", overrides = { ["3"] = { inputs = { seed = 7 } } } }
  local done = job:wait()
]]):format(kit.DEPLOYMENT)

describe("rc.download", function()
  it("saves an output beside a file that tells where it came from, without the key", function()
    local dir <close> = scratch.new()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      local data = kit.data(RUN .. [[
        local first = rc.download(done.output_urls[1])
        local second = rc.download(done.output_urls[1].url, { about = { note = "again" } })
        return { first = first, second = second, id = job.request_id, name = done.output_urls[1].filename }
      ]], options(dir))
      local name = data.name
      assert.equal(dir.path .. "/out/" .. name, data.first.path)
      assert.equal("image/png", data.first.mime_type)
      assert.equal(name:gsub("%.png$", "-1.png"), data.second.path:match "[^/]+$")
      local bytes = dir:read("out/" .. name)
      assert.equal(data.first.size, #bytes)
      assert.matches("^\x89PNG", bytes)
      local about = json.decode(dir:read("out/" .. name .. ".json"))
      assert.equal(kit.DEPLOYMENT, about.deployment_id)
      assert.equal(data.id, about.request_id)
      assert.same({ ["3"] = { inputs = { seed = 7 } } }, about.overrides)
      assert.same({ ["3"] = 7 }, about.seeds)
      assert.equal("probe", about.recipe)
      assert.is_true(about.simulated)
      assert.equal("again", json.decode(dir:read("out/" .. name:gsub("%.png$", "-1.png") .. ".json")).note)
      for _, request in ipairs(sim:requests { path = name }) do assert.is_nil(request.headers.authorization) end
    end)
  end)

  it("tells of a picture that went in by its size", function()
    local dir <close> = scratch.new()
    kit.with({ sim = { cold_start = 1 } }, function()
      kit.data(([[
        local overrides = { ["3"] = { inputs = { seed = 9 } }, ["6"] = { inputs = { text = input.long } } }
        local job = rc.submit { deployment_id = "%s", overrides = overrides }
        return rc.download(job:wait().output_urls[1], { name = "p.png" })
      ]]):format(kit.DEPLOYMENT), options(dir, { input = { long = ("é"):rep(2000) } }))
      local text = json.decode(dir:read "out/p.png.json").overrides["6"].inputs.text
      assert.equal(("é"):rep(32) .. "… (4000 bytes)", text)
    end)
  end)

  it("gives each of several at once a name of its own", function()
    local dir <close> = scratch.new()
    kit.with({ sim = { cold_start = 1 } }, function()
      local data = kit.data(RUN .. [[
        local saved = rc.map({ 1, 2, 3, 4 }, function() return rc.download(done.output_urls[1], { name = "a.png" }).path end)
        return { saved = saved }
      ]], options(dir))
      local names = {}
      for i, path in ipairs(data.saved) do names[i] = path:match "[^/]+$" end
      table.sort(names)
      assert.same({ "a-1.png", "a-2.png", "a-3.png", "a.png" }, names)
    end)
  end)

  it("leaves nothing of a download that failed", function()
    local dir <close> = scratch.new()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      local seed = 10
      local function try(more)
        seed = seed + 1
        local _, err = kit.run(RUN:gsub("seed = 7", "seed = " .. seed) .. "rc.download(done.output_urls[1])", options(dir, more))
        assert.same({}, fs.list(dir.path .. "/out"))
        return err
      end
      assert.equal("too_large", try({ settings = { output_folder = dir.path .. "/out", download_max_bytes = 10 } }).code)
      assert(sim:fault { kind = "status", status = 403, method = "GET", path = ".png", count = 1 })
      local err = try()
      assert.equal(403, err.status_code)
      assert.matches("seven days", err.message, 1, true)
    end)
  end)

  it("reaches RunComfy's hosts, an API on this machine that serves its own files, and no other", function()
    local dir <close> = scratch.new()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      local ctx = kit.context()
      local saved = kit.data(RUN .. "return rc.download(done.output_urls[1])", options(dir, { ctx = ctx }))
      assert.matches("^\x89PNG", dir:read("out/" .. saved.path:match "[^/]+$"))
      os.remove(saved.path)
      os.remove(saved.about_path)
      os.remove(dir.path .. "/out")
      for _, url in ipairs { "http://127.0.0.1:" .. sim.port + 1 .. "/x.png", "https://127.0.0.1:" .. sim.port .. "/x.png",
        "http://10.0.0.1:" .. sim.port .. "/x.png", "http://127.0.0.1.example.com:" .. sim.port .. "/x.png" } do
        local _, err = kit.run("rc.download(input.url)", options(dir, { ctx = ctx, input = { url = url } }))
        assert.equal("not_allowed", err.code)
        assert.matches("runcomfy.net and runcomfy.com alone", err.message, 1, true)
      end
      local _, err = kit.run("rc.download 'file:///etc/passwd'", options(dir))
      assert.equal("bad_url", err.code)
      assert.is_nil(fs.stat(dir.path .. "/out"))
    end)
  end)

  it("saves nothing in a dry run, and says where it would", function()
    local dir <close> = scratch.new()
    kit.with({}, function()
      local ctx = kit.dry_context()
      local data = kit.data("return rc.download('https://outputs.runcomfy.net/a/b.png?sig=1')", options(dir, { ctx = ctx }))
      assert.equal(dir.path .. "/out/b.png", data.path)
      assert.is_nil(fs.stat(dir.path .. "/out"))
    end)
  end)

  it("fails in a dry run where nothing could be saved: the real one would have paid by then", function()
    local dir <close> = scratch.new()
    dir:write("out", "a file in the folder's place")
    kit.with({}, function()
      local ctx = kit.dry_context()
      local _, err = kit.run("rc.download 'https://outputs.runcomfy.net/a/b.png'", options(dir, { ctx = ctx }))
      assert.equal("file", err.code)
      assert.matches("no output can be saved: " .. dir.path .. "/out is no folder; the setting output_folder names another",
        err.message, 1, true)
    end)
  end)

  it("refuses misuse", function()
    kit.with({}, function()
      for text, message in pairs {
        ["rc.download(5)"] = "takes a URL, or an entry of output_urls", ["rc.download({})"] = "takes a URL",
        ["rc.download('u', { folder = 'x' })"] = "has no option 'folder'", ["rc.download('u', { name = 1 })"] = "name must be a text",
      } do
        local _, err = kit.run(text)
        assert.matches("probe.lua:1: rc.download", err.message, 1, true)
        assert.matches(message, err.message, 1, true)
      end
    end)
  end)
end)
