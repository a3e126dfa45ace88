--- The programs that are measured, in the order of the table's columns.

local port = assert(os.getenv "BENCH_PORT", "start me with bench/run")

--- Where a program on the search path is.
local function which(name)
  local pipe <close> = assert(io.popen("readlink -f \"$(command -v " .. name .. ")\""))
  return pipe:read "l"
end

-- What bench/run built; where a toolchain is missing it says so instead.
local function peer(name, title, command, files)
  local missing = io.open("build/bench/missing-" .. name:match "^%a+")
  local target = { name = name, title = title, command = command, files = files }
  if missing then target.missing = missing:read "l" missing:close() end
  return target
end

local typescript = "bench/peers/typescript"

local M = {
  --- What all of them find in their environment.  The key looks like one: "bench" would be found in the ids and URLs of every
  --- answer, which is then looked at more closely.
  environment = "RUNCOMFY_API_KEY=3f6b2c1e-8d47-4a90-b1c5-7e2f9a60d8b3 XDG_CONFIG_HOME=/nonexistent BENCH_TOOLS=build/bench/tools.json "
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
    peer("rust", "Rust SDK", { "build/bench/peer_rust" }, { "build/bench/peer_rust" }),
    peer("rust_pipes", "Rust, pipes", { "build/bench/peer_rust", "--pipes" }, { "build/bench/peer_rust" }),
    peer("go", "Go SDK", { "build/bench/peer_go" }, { "build/bench/peer_go" }),
    peer("typescript", "TypeScript SDK", { "node", typescript .. "/server.js" }, { which "node", typescript }),
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
