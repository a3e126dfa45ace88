-- Downloads where the file system has no files without a name: the file has one from the beginning.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local fs = require "core.fs"
local http = require "core.http"
local httpd = require "core.httpd"
local loop = require "core.loop"
local responder = require "spec.support.responder"
local timer = require "core.timer"

local get = require("spec.support.client").get

local PARTIAL = "^%.rcmcp%-[a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7]$"

describe("core.http files with a name from the beginning", function()
  local files

  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  local function names()
    return assert(fs.list(files.path))
  end

  local function read(name)
    local file <close> = assert(io.open(files.path .. "/" .. name, "rb"))
    return file:read "a"
  end

  -- A server that begins its answer and does not go on.
  local function hanging()
    local held = {}
    held.server = assert(httpd.listen({}, function(request)
      held.stream = request:stream(200)
      held.stream:write("some")
    end))
    held.url = "http://127.0.0.1:" .. held.server.port
    return setmetatable(held, { __close = function()
      if held.stream then held.stream:cancel() end
      held.server:cancel()
    end })
  end

  local function has_begun()
    local name = names()[1]
    local stat = name and fs.stat(files.path .. "/" .. name)
    return stat and stat.size == #"some"
  end

  -- Another process that saves what it gets; once it has written all that there is, so that it does not touch the file any more.
  local function saver(held, path)
    local process = child.rcmcp { "lua", "spec/support/save_as.lua", held.url, path, "named" }
    repeat
      local _ <close> = timer.after(10, function() end) -- what another process makes tells nobody
      loop.step(true)
    until held.stream and has_begun()
    return process
  end

  local function kill(process)
    process.handle:kill "KILL"
    process:wait()
  end

  -- A download in a process of its own, which looks into the folder.
  local function save(name)
    local server <close> = responder.start { ["*"] = { responder.answer(200, "new"), "keep" } }
    local process <close> = child.rcmcp { "lua", "spec/support/save_as.lua", server.url, files.path .. "/" .. name, "named" }
    assert.equal(0, (process:wait()))
    assert.equal("new", read(name))
  end

  local function make_old(name)
    assert(os.execute(("touch -h -d '2 days ago' '%s/%s'"):format(files.path, name)))
  end

  it("has the file beside its place until it is complete", function()
    local held <close> = hanging()
    local response
    local transfer = assert(http.start({ method = "GET", url = held.url, save_as = files.path .. "/x", save_named = true },
      function(...) response = table.pack(...) end))
    while #names() == 0 do loop.step(true) end
    assert.matches(PARTIAL, names()[1])
    while not held.stream do loop.step(true) end
    held.stream:finish()
    while not response do loop.step(true) end
    assert.same({ "x" }, names())
    assert.equal("some", read "x")
    assert.is_table(response[1])
    assert.is_truthy(transfer) -- kept until here
    files:write("other", "")
    assert.equal(fs.stat(files.path .. "/other").mode, fs.stat(files.path .. "/x").mode) -- what the umask leaves
  end)

  it("leaves nothing of what is cut, too large or cancelled", function()
    local server <close> = responder.start {
      ["GET /cut"] = { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123", "close" },
      ["GET /large"] = { responder.answer(200, ("x"):rep(100)), "keep" },
    }
    local _, _, code = get(server.url .. "/cut", { save_as = files.path .. "/x", save_named = true })
    assert.equal("truncated", code)
    _, _, code = get(server.url .. "/large", { save_as = files.path .. "/x", save_named = true, max_bytes = 99 })
    assert.equal("too_large", code)
    local held <close> = hanging()
    local transfer = assert(http.start({ method = "GET", url = held.url, save_as = files.path .. "/x", save_named = true },
      function() error "called after cancel" end))
    while not held.stream do loop.step(true) end
    transfer:cancel()
    assert.same({}, names())
  end)

  it("takes away what a killed process left, once that is old", function()
    local held <close> = hanging()
    kill(saver(held, files.path .. "/x"))
    local left = names()[1]
    assert.matches(PARTIAL, left)
    save "young"
    assert.same({ left, "young" }, names())
    make_old(left)
    save "old"
    assert.same({ "old", "young" }, names())
  end)

  it("leaves alone what somebody writes, however long ago", function()
    local held <close> = hanging()
    local process <close> = saver(held, files.path .. "/slow")
    local partial = names()[1]
    make_old(partial)
    save "x"
    assert.same({ partial, "x" }, names())
    kill(process)
    save "y"
    assert.same({ "x", "y" }, names())
  end)

  it("leaves alone what it has not made", function()
    local kept = { ".rcmcp-ABCDEF", ".rcmcp-abcde", ".rcmcp-abcdefg", ".rcmcp-abcde1", ".rcmcp-abcdef.json", "rcmcp-abcdef",
      ".rcmcp-linked" }
    for _, name in ipairs(kept) do files:write(name, "mine") end
    assert(os.execute(("cd '%s' && ln .rcmcp-linked .rcmcp-linkab && ln -s .rcmcp-ABCDEF .rcmcp-symlin && mkdir .rcmcp-folder")
      :format(files.path)))
    table.move({ ".rcmcp-linkab", ".rcmcp-symlin", ".rcmcp-folder" }, 1, 3, #kept + 1, kept)
    for _, name in ipairs(kept) do make_old(name) end
    files:write(".rcmcp-stale2", "left")
    make_old ".rcmcp-stale2"
    save "x"
    kept[#kept + 1] = "x"
    table.sort(kept)
    local now = names()
    table.sort(now)
    assert.same(kept, now)
  end)
end)
