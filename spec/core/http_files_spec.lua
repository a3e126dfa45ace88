local child = require "spec.support.child"
local client = require "spec.support.client"
local fs = require "core.fs"
local http = require "core.http"
local httpd = require "core.httpd"
local loop = require "core.loop"
local responder = require "spec.support.responder"
local timer = require "core.timer"

local fetch, get = client.fetch, client.get

local function write(path, bytes)
  local f <close> = assert(io.open(path, "wb"))
  f:write(bytes)
end

local function read(path)
  local f <close> = assert(io.open(path, "rb"))
  return f:read("a")
end

describe("core.http files", function()
  local folder

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(fs.mkdir(folder))
  end)

  after_each(function()
    for _, name in ipairs(assert(fs.list(folder))) do os.remove(folder .. "/" .. name) end
    os.remove(folder)
  end)

  local function names()
    return assert(fs.list(folder))
  end

  it("saves an answer under its name once it is complete", function()
    local bytes = ("\0\1\2x"):rep(100000)
    local server <close> = assert(httpd.listen({}, function(request) request:respond(200, {}, bytes) end))
    local path = folder .. "/image.png"
    write(path, "old")
    local response = assert(get("http://127.0.0.1:" .. server.port, { save_as = path }))
    assert.equal("", response.body)
    assert.is_true(read(path) == bytes)
    assert.same({ "image.png" }, names())
    write(folder .. "/other", "made by another program")
    assert.equal(fs.stat(folder .. "/other").mode, fs.stat(path).mode) -- what the umask leaves
  end)

  it("saves an empty answer as an empty file", function()
    local server <close> = responder.start { ["*"] = { responder.answer(200, ""), "keep" } }
    assert(get(server.url, { save_as = folder .. "/empty" }))
    assert.equal("", read(folder .. "/empty"))
  end)

  it("keeps the body of an error in memory and makes no file", function()
    local server <close> = responder.start { ["*"] = { responder.answer(404, "no such image"), "keep" } }
    local response = assert(get(server.url, { save_as = folder .. "/image.png" }))
    assert.equal("no such image", response.body)
    assert.same({}, names())
  end)

  it("leaves nothing of a cut answer, and what was there before", function()
    local server <close> = responder.start { ["*"] = { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123", "close" } }
    write(folder .. "/old", "old")
    local _, _, code = get(server.url, { save_as = folder .. "/old" })
    assert.equal("truncated", code)
    assert.equal("old", read(folder .. "/old"))
    assert.same({ "old" }, names())
  end)

  it("leaves nothing of an answer that is too large", function()
    local server <close> = responder.start { ["*"] = { responder.answer(200, ("x"):rep(100)), "keep" } }
    local _, _, code = get(server.url, { save_as = folder .. "/x", max_bytes = 99 })
    assert.equal("too_large", code)
    assert.same({}, names())
  end)

  it("leaves nothing of a cancelled transfer", function()
    local stream
    local server <close> = assert(httpd.listen({}, function(request)
      stream = request:stream(200)
      stream:write("some")
    end))
    local transfer = assert(http.start({
      method = "GET", url = "http://127.0.0.1:" .. server.port, save_as = folder .. "/x",
    }, function() error("called after cancel") end))
    while not stream do loop.step(true) end
    transfer:cancel()
    assert.same({}, names())
    stream:cancel()
  end)

  -- The files in the folder that a process has open, with a name or without.
  local function open_files(pid)
    local list <close> = assert(io.popen(("ls -l /proc/%d/fd 2>&1"):format(pid)))
    return select(2, list:read("a"):gsub(folder:gsub("%p", "%%%0"), ""))
  end

  local function has_nameless_files()
    return os.execute(("python3 -c 'import os, sys; os.open(sys.argv[1], os.O_TMPFILE | os.O_WRONLY)' '%s' 2>/dev/null"):format(folder))
  end

  it("leaves nothing of a process that is killed", function()
    if not has_nameless_files() then return pending "this file system has no files without a name" end
    local stream
    local server <close> = assert(httpd.listen({}, function(request)
      stream = request:stream(200)
      stream:write("some")
    end))
    local saver <close> = child.rcmcp { "lua", "spec/support/save_as.lua", "http://127.0.0.1:" .. server.port, folder .. "/x" }
    repeat
      local _ <close> = timer.after(10, function() end) -- what another process has open tells nobody
      loop.step(true)
    until stream and open_files(saver.handle:pid()) > 0
    saver.handle:kill "KILL"
    saver:wait()
    stream:cancel()
    assert.same({}, names())
  end)

  it("says which folder cannot be written", function()
    local response, message, code = get("http://127.0.0.1/", { save_as = folder .. "/none/x" })
    assert.is_nil(response)
    assert.equal("file", code)
    assert.matches(folder .. "/none/x: No such file", message, 1, true)
    assert.equal(0, http.active())
  end)

  it("cannot save over a directory", function()
    local server <close> = responder.start()
    assert(fs.mkdir(folder .. "/sub"))
    local _, message, code = get(server.url, { save_as = folder .. "/sub" })
    assert.equal("file", code)
    assert.matches("cannot write " .. folder .. "/sub", message, 1, true)
    assert.same({ "sub" }, names())
  end)

  it("sends a file without passing it through Lua", function()
    local bytes = ("0123456789abcdef"):rep(200000) -- 3.2 MB: over libcurl's limit for Expect
    write(folder .. "/big", bytes)
    local seen
    local server <close> = assert(httpd.listen({}, function(request)
      seen = request
      request:respond(201)
    end))
    local url = "http://127.0.0.1:" .. server.port
    assert.equal(201, assert(fetch { method = "PUT", url = url, body_file = folder .. "/big" }).status)
    assert.equal("PUT", seen.method)
    assert.is_true(seen.body == bytes)
    assert.equal(tostring(#bytes), seen.headers["content-length"])
    assert.is_nil(seen.headers["expect"])
    assert.is_nil(seen.headers["content-type"])
  end)

  it("sends an empty file", function()
    write(folder .. "/empty", "")
    local server <close> = responder.start()
    assert(fetch { method = "POST", url = server.url, body_file = folder .. "/empty", headers = { "Content-Type: a/b" } })
    local request = server:wait_requests(1)[1]
    assert.matches("Content%-Length: 0", request.headers)
    assert.matches("Content%-Type: a/b", request.headers)
  end)

  it("never sends a file twice", function()
    write(folder .. "/body", "{}")
    local server <close> = responder.start { ["POST /"] = { "", "close" } }
    assert(get(server.url .. "/"))
    local _, _, code, sent = fetch { method = "POST", url = server.url .. "/", body_file = folder .. "/body" }
    assert.equal("truncated", code)
    assert.is_true(sent)
    assert(get(server.url .. "/"))
    server:wait_requests(3)
    assert.same({ "GET /", "POST /", "GET /" }, server:lines())
  end)

  it("says which file cannot be sent", function()
    local function refused(path)
      local response, message, code = fetch { method = "POST", url = "http://127.0.0.1/", body_file = path }
      assert.is_nil(response)
      assert.equal("file", code)
      assert.matches(path, message, 1, true)
      return message
    end
    assert.matches("No such file", refused(folder .. "/none"), 1, true)
    assert.matches("Is a directory", refused(folder), 1, true)
    refused("/dev/null")
  end)
end)
