-- The pictures of simulations: they outlive the process that drew them, and those of a simulator on this machine can be fetched.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local fs = require "core.fs"
local json = require "core.json"

local T2I = "a1b2c3d4-0000-4000-8000-000000000001"

local FETCHES = [[
  local rc = require "rc"
  return rc.tool { name = "fetches", description = "F.", uses = { "submit_request" }, input = { { "url", "string", "U", optional = true } },
    run = function(input)
      if input.url then return rc.download(input.url) end
      local job = rc.submit { deployment_id = "]] .. T2I .. [[", overrides = { ["3"] = { inputs = { seed = rc.random(1, 99999) } } } }
      return { request_id = job.request_id, saved = rc.download(job:wait().output_urls[1]) }
    end }]]

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "a"
  file:close()
  return bytes
end

describe("pictures of --simulate", function()
  local files

  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  local function outputs() return { env = { "RCMCP_OUTPUT_FOLDER=" .. files.path .. "/out" } } end

  it("are saved: text and data of a call tell where, and the file is there when the process is gone", function()
    local args = { "call", "submit_request", "--simulate", "--speed", "5000", "deployment_id=" .. T2I, "wait_for_completion=true" }
    local status, out, err = child.run(args, outputs())
    assert.equal(0, status)
    local data = json.decode(out)
    local kept = data.simulated_files[1]
    assert.equal(data.output_urls[1].url, kept.url)
    assert.equal(files.path .. "/out/simulated/", kept.path:sub(1, #files.path + 15))
    assert.matches("/[%d-]+/%x+%-ComfyUI_00001_%.png$", kept.path)
    assert.matches("Saved: " .. kept.path, err, 1, true)
    assert.matches("^\x89PNG", read(kept.path))
  end)

  it("are saved of a recipe's results, too, whatever the recipe makes of them, and none is written over", function()
    local paths = {}
    local recipes = {
      urls = 'output = { { "urls", "array", "U", items = "string" } }, run = function() return { urls = { made() } } end',
      words = 'run = function() return rc.text("see " .. made()) end',
      twice = 'run = function() local url = made() return { first = url, second = { url, { deep = url } } } end',
    }
    for name, body in pairs(recipes) do
      local path = files:write(name .. ".lua", ([[local rc = require "rc"
        local function made() return rc.submit({ deployment_id = "%s" }):wait().output_urls[1].url end
        return rc.tool { name = "%s", description = "D.", uses = { "submit_request" }, %s }]]):format(T2I, name, body))
      local status, out, err = child.run({ "run", path, "--simulate", "--speed", "5000" }, outputs())
      assert.equal(0, status, err)
      local data = json.decode(out)
      if name ~= "words" then
        assert.equal(1, #data.simulated_files)
        assert.is_nil(paths[data.simulated_files[1].path])
        paths[data.simulated_files[1].path] = true
        assert.matches("^\x89PNG", read(data.simulated_files[1].path))
      end
    end
  end)

  it("are not saved where there is no place for them, and the text says so", function()
    local file = files:write("taken", "x")
    local args = { "call", "submit_request", "--simulate", "--speed", "5000", "deployment_id=" .. T2I, "wait_for_completion=true" }
    local home = files.path .. "/no-home"
    for env, words in pairs {
      ["RCMCP_OUTPUT_FOLDER=" .. file .. "/out"] = "are not saved", ["HOME=" .. home] = "there is no folder " .. home,
    } do
      local asked <close> = child.spawn("env", { env, child.program, table.unpack(args) })
      assert.equal(0, (asked:wait()))
      assert.is_nil(json.decode(asked.out).simulated_files)
      assert.matches(words, asked.err, 1, true)
    end
    assert.is_nil(fs.stat(home))
  end)
end)

describe("pictures of a simulator on this machine", function()
  local files, simulator, base

  setup(function()
    files = folder.new()
    simulator = child.rcmcp { "simulate", "--port", "0", "--speed", "5000", "--key", "k" }
    base = simulator:line()
  end)
  teardown(function()
    simulator.handle:kill "INT"
    simulator:wait()
    simulator:close()
    files:remove()
  end)

  local function run(api, ...)
    return child.run({ "run", ... }, { env = { "RUNCOMFY_SERVERLESS_BASE_URL=" .. api, "RUNCOMFY_API_KEY=k",
      "RCMCP_OUTPUT_FOLDER=" .. files.path .. "/out" } })
  end

  for name, host in pairs { ["by its address"] = "127.0.0.1", ["by its name"] = "localhost" } do
    it("are downloaded, the API being given " .. name, function()
      local path = files:write("fetches.lua", FETCHES)
      local status, out, err = run(base:gsub("127%.0%.0%.1", host), path)
      assert.equal(0, status, err)
      assert.matches("^\x89PNG", read(json.decode(out).saved.path))
    end)
  end

  it("are saved by save_outputs", function()
    local path = files:write("fetches.lua", FETCHES)
    local _, out = run(base, path)
    local id = json.decode(out).request_id
    local status, saved, err = run(base, "save_outputs", "--examples", "deployment_id=" .. T2I, 'request_ids=["' .. id .. '"]')
    assert.equal(0, status, err)
    assert.matches("^\x89PNG", read(json.decode(saved).files[1].path))
  end)

  for name, url in pairs { ["another port"] = "http://127.0.0.1:1/x.png", ["another machine"] = "http://192.168.0.1:8231/x.png",
    ["another scheme"] = "https://127.0.0.1/x.png" } do
    it("are the only ones that may be fetched from here: not " .. name, function()
      local path = files:write("fetches.lua", FETCHES)
      local status, out = run(base, path, "url=" .. url)
      assert.is_true(status ~= 0)
      assert.matches("may not reach", json.decode(out).error, 1, true)
    end)
  end
end)
