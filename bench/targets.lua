--- The programs that are measured, in the order of the table's columns.

local port = assert(os.getenv "BENCH_PORT", "start me with bench/run")

--- Where a program on the search path is.
local function which(name)
  local pipe <close> = assert(io.popen("readlink -f \"$(command -v " .. name .. ")\""))
  return pipe:read "l"
end

local peer = "bench/peers/typescript"

local M = {
  --- What all of them find in their environment.
  environment = "RUNCOMFY_API_KEY=bench XDG_CONFIG_HOME=/nonexistent BENCH_TOOLS=build/bench/tools.json "
    .. "BENCH_SERVE_LUA=bench/floor/serve.lua RUNCOMFY_SERVERLESS_BASE_URL=http://127.0.0.1:" .. port,
  list = {
    { name = "echo", title = "floor: echo", command = { "build/bench/floor_echo" },
      files = { "build/bench/floor_echo" } },
    { name = "curl", title = "floor: libcurl", command = { "build/bench/floor_curl" },
      files = { "build/bench/floor_curl" } },
    { name = "lua", title = "floor: Lua", command = { "build/bench/floor_lua" },
      files = { "build/bench/floor_lua", "bench/floor/serve.lua" } },
    { name = "rcmcp", title = "rcmcp", command = { "build/release/rcmcp", "serve" },
      files = { "build/release/rcmcp" } },
    { name = "typescript", title = "TypeScript SDK", command = { "node", peer .. "/server.js" },
      files = { which "node", peer } },
  },
}

--- The floors answer tools/list with the very list of rcmcp, so that all send as many bytes.
function M.save_tools()
  local ask = [[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",]]
    .. [["capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}\n]]
    .. [[{"jsonrpc":"2.0","method":"notifications/initialized"}\n{"jsonrpc":"2.0","id":2,"method":"tools/list"}\n]]
  local pipe <close> = assert(io.popen("printf '" .. ask .. "' | build/release/rcmcp serve 2>/dev/null"))
  local list = pipe:read "a":match '{"tools":%[.*%]}'
  if list then assert(io.open("build/bench/tools.json", "w")):write(list):close() end
end

return M
