--- The memory that a server may hold, what this machine has, and what running servers hold of it.

local exit_status = require "cli.shared.exit_status"
local fs = require "core.fs"

local MIB = 1024 * 1024
local NEAR = 0.75 -- of the ceiling: from here on the server's log tells, too

local function read_start(path)
  local file <close> = io.open(path)
  return file and file:read(4096)
end

local function mib(bytes)
  return ("%d MiB"):format(bytes // MIB)
end

-- The number of KiB behind a name in a file such as /proc/meminfo, in bytes.
local function field(text, name)
  local _, last = (text or ""):find("\n" .. name .. ":", 1, true)
  local kib = last and text:match("^%s*(%d+) kB", last + 1)
  return kib and math.tointeger(kib) --[[@as integer]] * 1024
end

local function status_of(pid, file)
  local text = read_start("/proc/" .. pid .. "/" .. file)
  return text and "\n" .. text
end

-- The processes of `rcmcp serve` that this user may look at: their ids and the bytes that they hold.
local function servers()
  local list = {}
  for _, pid in ipairs(fs.list("/proc") or {}) do
    local command = pid:find("^%d+$") and status_of(pid, "comm") == "\nrcmcp\n" and status_of(pid, "cmdline")
    if command and command:find("^[^\0]*\0serve\0") then
      local bytes = field(status_of(pid, "status"), "VmRSS")
      if bytes then list[#list + 1] = { pid = pid, bytes = bytes } end
    end
  end
  return list
end

-- What the system lets this program have: the machine's memory, or the container's.
local function available()
  local meminfo = read_start "/proc/meminfo"
  local total = field(meminfo and "\n" .. meminfo, "MemTotal")
  local limit = math.tointeger(tonumber(read_start "/sys/fs/cgroup/memory.max"))
  if total and limit then return math.min(total, limit) end
  return total or limit
end

local function failed(text, advice)
  return { name = "memory", ok = false, text = text, advice = advice, status = exit_status.tool_error }
end

return {
  ---@param app App
  ---@return Check
  check = function(app)
    local ceiling, total = app.settings.memory_bytes, available()
    local text = "a server may hold " .. mib(ceiling) .. (total and (" of this machine's %s"):format(mib(total)) or "")
    local near
    for _, server in ipairs(servers()) do
      text = text .. ("\nserver %s holds %s, %d %%"):format(server.pid, mib(server.bytes), server.bytes * 100 // ceiling)
      near = near or server.bytes >= ceiling * NEAR
    end
    if near then
      return failed(text, "Near the ceiling large answers are refused: ask for less at once, or raise memory_bytes (RCMCP_MEMORY_BYTES).")
    end
    local check = { name = "memory", ok = true, text = text }
    if total and ceiling > total then
      check.advice = "The system may end the server before it is refused anything: set memory_bytes (RCMCP_MEMORY_BYTES) to less."
    end
    return check
  end,
}
