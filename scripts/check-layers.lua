--- Checks the layers: includes of src/, which run in no circle, and requires of lua/.  Prints FILE:LINE and the rule that is broken.
---
---   rcmcp lua scripts/check-layers.lua [ROOT]

local root = arg[1] or "."

-- What a folder of src/ may include: project folders, and the libraries' headers.
local c_layers = {
  ["base"] = { folders = { "base" }, libraries = {} },
  ["json"] = { folders = { "base", "json" }, libraries = {} },
  ["loop"] = { folders = { "base", "loop" }, libraries = { "libuv" } },
  ["net"] = { folders = { "base", "loop", "net" }, libraries = { "libuv", "libcurl", "libmicrohttpd" } },
  ["media"] = { folders = { "base", "loop", "media" }, libraries = { "libuv", "libpng" } },
  ["walls"] = { folders = { "walls" }, libraries = {} },
  ["sandbox"] = { folders = { "base", "host", "sandbox" }, libraries = { "Lua" } },
  ["host"] = { folders = { "base", "loop", "host" }, libraries = { "Lua" } },
  ["bindings"] = { folders = { "base", "json", "loop", "net", "media", "walls", "sandbox", "host", "bindings" }, libraries = { "Lua" } },
  [""] = { folders = { "base", "bindings", "host", "walls" }, libraries = {} }, -- main.c
}

local library_headers = {
  { "^uv[./]", "libuv" }, { "^curl/", "libcurl" }, { "^microhttpd", "libmicrohttpd" }, { "^png", "libpng" },
  { "^zlib", "libpng" }, { "^lua", "Lua" }, { "^lauxlib", "Lua" }, { "^lualib", "Lua" }, { "^sqlite3", "SQLite" },
}

-- What a folder of lua/ may require, the longest matching folder counts; `never` wins over `may`.
-- core.json and core.codec have no effects, so that everybody may use them.
local above_calls = { "lib.features", "lib.mcp", "lib.runcomfy", "lib.recipes", "lib.workbench", "lib.sim", "lib.config" }
local above_features = { "lib.mcp", "lib.runcomfy", "lib.recipes", "lib.workbench", "lib.sim", "lib.config" }
local lua_layers = {
  { "lua/lib/async/", may = { "core.", "lib.async", "lib.errors", "lib.redaction" }, never = {} },
  { "lua/lib/calls/", may = { "core.", "lib." }, never = above_calls },
  { "lua/lib/features/", may = { "core.", "lib." }, never = above_features },
  { "lua/lib/mcp/", may = { "core.", "lib." }, never = { "lib.runcomfy", "lib.recipes", "lib.workbench", "lib.sim", "lib.config" } },
  { "lua/lib/runcomfy/", may = { "lib.", "core.json", "core.codec", "core.log" },
    never = { "lib.features", "lib.mcp", "lib.recipes", "lib.workbench", "lib.sim", "lib.config" } },
  { "lua/lib/sim/", may = { "core.", "lib." },
    never = { "lib.calls", "lib.features", "lib.mcp", "lib.runcomfy", "lib.recipes", "lib.workbench", "lib.config", "lib.async.http",
      "lib.async.retry" } },
  -- The recipe's side of `rc` runs where there is neither network nor file nor key; the host's side is effects/, reached by work.lua.
  { "lua/lib/recipes/rc/work.lua", may = { "core.json", "core.log", "lib." }, never = { "lib.workbench", "lib.sim", "lib.config" } },
  { "lua/lib/recipes/rc/", may = { "core.json", "core.codec", "core.log", "core.clock", "lib." },
    never = { "lib.workbench", "lib.sim", "lib.config", "lib.recipes.effects", "lib.mcp", "lib.runcomfy", "lib.features", "lib.async.http",
      "lib.async.sse", "lib.home", "lib.output_folder", "lib.text_file", "lib.write_file" } },
  { "lua/lib/recipes/boundary/", may = { "core.json", "core.codec", "lib." },
    never = { "lib.workbench", "lib.sim", "lib.config", "lib.recipes.rc", "lib.recipes.effects", "lib.recipes.worker", "lib.recipes.link",
      "lib.recipes.files", "lib.mcp", "lib.runcomfy", "lib.features" } },
  { "lua/lib/recipes/", may = { "core.", "lib." }, never = { "lib.workbench", "lib.sim", "lib.config" } },
  { "lua/lib/workbench/testkit/", may = { "core.", "lib." }, never = { "lib.config" } },
  { "lua/lib/workbench/", may = { "core.", "lib." }, never = { "lib.sim", "lib.config" } },
  { "lua/lib/workflow/", may = { "core.json", "lib.async.meter", "lib.workflow" }, never = {} },
  { "lua/lib/config", may = { "core.", "lib." },
    never = { "lib.calls", "lib.features", "lib.mcp", "lib.runcomfy", "lib.recipes", "lib.workbench", "lib.sim" } },
  { "lua/lib/app", may = { "core.", "lib." }, never = {} },
  { "lua/lib/account.lua", may = { "core.codec", "lib." },
    never = { "lib.features", "lib.mcp", "lib.recipes", "lib.workbench", "lib.sim", "lib.config" } },
  { "lua/lib/", may = { "core.", "lib." }, never = above_calls },
  { "lua/tools/", may = { "lib.", "core.json" }, never = { "lib.mcp", "lib.sim", "lib.config" } },
  { "lua/rcmcp/", may = { "lib.workbench.testkit" }, never = {} },
  { "lua/cli/", may = { "core.", "lib.", "cli.", "argparse", "rcmcp.", "rc" }, never = {} },
  { "lua/main.lua", may = { "cli." }, never = {} },
}

-- The file pairs of src/ that each file pair includes, with the place: "host/call" -> { ["host/state"] = "src/host/call.h:5" }.
local c_includes = {}

local problems = 0

local function complain(file, number, format, ...)
  problems = problems + 1
  print(("%s:%d: %s"):format(file, number, format:format(...)))
end

local function files(folder, suffix)
  local list = {}
  local pipe = assert(io.popen(("find '%s/%s' -name '*.%s' -type f"):format(root, folder, suffix)))
  for path in pipe:lines() do list[#list + 1] = path:sub(#root + 2) end
  pipe:close()
  table.sort(list)
  return list
end

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

local function begins_with_any(name, prefixes)
  for _, prefix in ipairs(prefixes) do
    if name == prefix or name:sub(1, #prefix) == prefix and (prefix:sub(-1) == "." or name:sub(#prefix + 1, #prefix + 1) == ".") then
      return prefix
    end
  end
end

-- What all bindings share.
local shared_by_bindings = { anchor = true, bindings = true }

-- What stands above all of lib: the composition root, which commands alone ask for.
local function is_above(file, module)
  return begins_with_any(module, { "lib.app" }) and not (file:find "^lua/lib/app" or file:find "^lua/cli/")
end

-- bindings/json_raw.c may include bindings/json_order.h, but not bindings/http.h.
local function is_own_binding(file, header)
  local own, other = file:match("^src/bindings/(%l+)"), header:match("^bindings/(%l+)")
  return shared_by_bindings[other] or own == other
end

local function check_project_header(file, number, layer, header, bound)
  local folder = header:match("^([%w_]+)/")
  if not folder then return complain(file, number, '"%s": headers are included by folder and name', header) end
  local allowed = c_layers[layer].folders
  if not contains(allowed, folder) then
    return complain(file, number, "src/%s may not use src/%s (it may use %s)", layer, folder, table.concat(allowed, ", "))
  end
  if layer ~= "bindings" then return end
  if folder == "bindings" then
    if not is_own_binding(file, header) then complain(file, number, "a binding may not use another one (%s)", header) end
  elseif folder ~= "base" and folder ~= "host" and folder ~= "sandbox" then
    bound.folder = bound.folder or folder
    if bound.folder ~= folder then
      complain(file, number, "a binding binds one folder; this one uses src/%s and src/%s", bound.folder, folder)
    end
  end
end

local function check_library_header(file, number, layer, header)
  for _, entry in ipairs(library_headers) do
    if header:find(entry[1]) and not contains(c_layers[layer].libraries, entry[2]) then
      complain(file, number, "src/%s may not use %s", layer, entry[2])
    end
  end
end

local function note_include(file, number, header)
  local from, to = file:match("^src/(.*)%.[ch]$"), header:match("^(.*)%.h$")
  if from == to or not to then return end
  c_includes[from] = c_includes[from] or {}
  c_includes[from][to] = c_includes[from][to] or { file = file, number = number }
end

local function check_c(file)
  local layer = file:match("^src/([%w_]+)/") or ""
  if not c_layers[layer] then return complain(file, 1, "src/%s is no layer; add it to scripts/check-layers.lua", layer) end
  local number, bound = 0, {}
  for line in io.lines(root .. "/" .. file) do
    number = number + 1
    local project, library = line:match('^%s*#%s*include%s*"([^"]+)"'), line:match("^%s*#%s*include%s*<([^>]+)>")
    if project then
      check_project_header(file, number, layer, project, bound)
      note_include(file, number, project)
    end
    if library then check_library_header(file, number, layer, library) end
  end
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

-- A pair that leads back to itself cannot be understood, tested or built without the others of the circle.
local function check_circles()
  local state, path = {}, {}
  local function visit(pair)
    state[pair] = "open"
    path[#path + 1] = pair
    for _, to in ipairs(sorted_keys(c_includes[pair] or {})) do
      if state[to] == "open" then
        local place = c_includes[pair][to]
        local first = #path
        while path[first] ~= to do first = first - 1 end
        complain(place.file, place.number, "an include circle: %s -> %s", table.concat(path, " -> ", first), to)
      elseif not state[to] then
        visit(to)
      end
    end
    path[#path] = nil
    state[pair] = "done"
  end
  for _, pair in ipairs(sorted_keys(c_includes)) do
    if not state[pair] then visit(pair) end
  end
end

local function lua_layer(file)
  for _, layer in ipairs(lua_layers) do
    if file:sub(1, #layer[1]) == layer[1] then return layer end
  end
end

local function check_lua(file)
  if file:find("^lua/meta/") then return end
  local layer = lua_layer(file)
  if not layer then return complain(file, 1, "%s lies in no layer; add its folder to scripts/check-layers.lua", file) end
  local number = 0
  for line in io.lines(root .. "/" .. file) do
    number = number + 1
    local code = line:gsub("%-%-.*", "")
    for module in code:gmatch("%f[%w_]require%s*%(?%s*[\"']([%w_.]+)[\"']") do
      if is_above(file, module) then
        complain(file, number, "%s may not require %s: only commands may", layer[1], module)
      elseif begins_with_any(module, layer.never) or not begins_with_any(module, layer.may) then
        complain(file, number, "%s may not require %s (it may: %s*; never: %s)", layer[1], module,
          table.concat(layer.may, "*, "), #layer.never > 0 and table.concat(layer.never, ", ") or "-")
      end
    end
  end
end

local checked = 0
for _, suffix in ipairs { "c", "h" } do
  for _, file in ipairs(files("src", suffix)) do
    check_c(file)
    checked = checked + 1
  end
end
check_circles()
for _, file in ipairs(files("lua", "lua")) do
  check_lua(file)
  checked = checked + 1
end
print(("layers: %d files, %d problems"):format(checked, problems))
if problems > 0 or checked == 0 then os.exit(1, true) end
