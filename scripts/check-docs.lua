--- Checks the manual against the program: lua/meta/core/ against the core modules as they are,
--- lua/meta/rc.lua and docs/reference.md against what recipes have, the documents against settings, commands,
--- tools and exit statuses.
---
---   rcmcp lua scripts/check-docs.lua

local fs = require "core.fs"
local host = require "core.host"

local problems, checked = 0, 0

local function complain(format, ...)
  problems = problems + 1
  print(format:format(...))
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

-- A file of lua/meta/core: adds the module's functions, and the names of all methods.
local function read_meta(path, modules, methods)
  local class, variable_class = nil, {}
  for line in io.lines(path) do
    class = line:match("^%-%-%-@class ([%w_.]+)") or class
    local variable = line:match("^local ([%w_]+) = {}")
    if variable and class then variable_class[variable] = class end
    if class and line:find("^%-%-%-@class core%.%w+$") then modules[class] = modules[class] or { functions = {}, fields = {} } end
    local field = line:match("^%-%-%-@field ([%w_]+)")
    if field and modules[class] then modules[class].fields[field] = true end
    local owner, kind, name = line:match("^function ([%w_]+)([.:])([%w_]+)%(")
    if kind == ":" then methods[name] = true end
    if kind == "." and modules[variable_class[owner]] then modules[variable_class[owner]].functions[name] = true end
  end
end

local function read_core_meta()
  local modules, methods = {}, {}
  read_meta("lua/meta/core.lua", modules, methods)
  for _, name in ipairs(assert(fs.list "lua/meta/core")) do read_meta("lua/meta/core/" .. name, modules, methods) end
  return modules, methods
end

local function compare(what, present, documented, path)
  path = path or "lua/meta/core/"
  for _, name in ipairs(sorted_keys(present)) do
    checked = checked + 1
    if not documented[name] then complain("%s%s is there, but not in %s", what, name, path) end
  end
  for _, name in ipairs(sorted_keys(documented)) do
    if not present[name] then complain("%s%s is in %s, but not there", what, name, path) end
  end
end

local function check_module(name, documented)
  local ok, module = pcall(require, name)
  if not ok then return complain("%s is in lua/meta/core/, but not there", name) end
  local functions, fields = {}, {}
  for key, value in pairs(module) do
    if type(value) == "function" then functions[key] = true else fields[key] = true end
  end
  compare(name .. ".", functions, documented.functions)
  compare(name .. ".", fields, documented.fields)
end

local function core_modules()
  local names = {}
  for name in pairs(package.preload) do
    if name:find("^core%.") then names[name] = true end
  end
  return names
end

local function add_functions(names, map)
  for name, value in pairs(map) do
    if type(name) == "string" and type(value) == "function" then names[name] = true end
  end
end

-- A type whose fields are looked up by a function keeps its methods in that function's upvalues.
local function add_methods(names, index)
  if type(index) == "table" then return add_functions(names, index) end
  local number = 1
  while type(index) == "function" and debug.getupvalue(index, number) do
    local _, value = debug.getupvalue(index, number)
    if type(value) == "table" then add_functions(names, value) end
    number = number + 1
  end
end

local function type_methods()
  local names = {}
  for key, metatable in pairs(debug.getregistry()) do
    if type(key) == "string" and key:find("^core%.") and type(metatable) == "table" then
      add_methods(names, rawget(metatable, "__index"))
    end
  end
  return names
end

local function check_core()
  local modules, methods = read_core_meta()
  for _, name in ipairs(sorted_keys(core_modules())) do
    if not modules[name] then complain("%s is there, but not in lua/meta/core/", name) end
  end
  for _, name in ipairs(sorted_keys(modules)) do check_module(name, modules[name]) end
  compare("method ", type_methods(), methods)
end

-- Classes of lua/meta/rc.lua, and how their fields are called on the page.
local rc_fields = { ["rc"] = "rc.", ["rc.Context"] = "ctx.", ["rc.HttpResponse"] = "response:" }
local rc_owners = { rc = "rc.", Job = "job:", Flow = "flow:", Context = "ctx:" }

-- lua/meta/rc.lua: the public names that it defines.
local function read_rc_meta(path)
  local names, class = {}, nil
  for line in io.lines(path) do
    class = line:match("^%-%-%-@class ([%w_.]+)") or class
    local owner, name = line:match("^function (%u?%l+)[.:]([%w_]+)%(")
    if not owner then owner, name = line:match("^(rc)%.([%w_]+) = {}") end
    if owner then names[rc_owners[owner] .. name] = true end
    local field, kind = line:match("^%-%-%-@field ([%w_]+)%?? +(%S+)")
    local prefix = field and rc_fields[class]
    if prefix and (prefix ~= "response:" or kind:find("^fun")) then names[prefix .. field] = true end
  end
  return names
end

local function check_rc(meta_path, page_path)
  local present, headings = {}, {}
  for _, name in ipairs(require("lib.recipes.rc").names()) do present[name] = true end
  for name in read(page_path):gmatch("\n### `([^`]+)`\n") do headings[name] = true end
  compare("", present, read_rc_meta(meta_path), meta_path)
  compare("", present, headings, page_path)
end

local function must_mention(path, text, word, what)
  checked = checked + 1
  if not text:find("%f[%w_]" .. word:gsub("%W", "%%%0") .. "%f[^%w_]") and not text:find(word .. "\n", 1, true) then
    complain("%s does not mention %s %s", path, what, word)
  end
end

local function check_settings(path, man_path)
  local text, man = read(path), read(man_path)
  for _, setting in ipairs(require("lib.config.settings").list) do
    must_mention(path, text, setting.name, "the setting")
    must_mention(path, text, setting.env, "the variable")
    must_mention(man_path, man, setting.env, "the variable")
    if setting.flag then
      must_mention(path, text, (setting.flag:gsub("^%-%-", "")), "the option --")
      must_mention(man_path, man, (setting.flag:gsub("^%-%-", "")), "the option --")
    end
  end
  for _, name in ipairs(require("lib.config.key_sources").VARIABLES) do
    must_mention(path, text, name, "the variable")
    must_mention(man_path, man, name, "the variable")
  end
end

local function check_commands(paths)
  for _, path in ipairs(paths) do
    local text = read(path)
    for _, name in ipairs(require("cli.cli").commands()) do must_mention(path, text, name, "the command") end
    for name, status in pairs(require "cli.shared.exit_status") do
      if type(status) == "number" then must_mention(path, text, tostring(status), "the exit status (" .. name .. ")") end
    end
  end
end

local function check_tools(path)
  local text = read(path)
  for _, module in ipairs(host.modules("tools.")) do must_mention(path, text, require(module).name, "the tool") end
end

-- A variable that the documents promise must be one that something reads.
local function check_promises(paths)
  local known = {}
  for _, name in ipairs(require("lib.config.key_sources").VARIABLES) do known[name] = true end
  for _, setting in ipairs(require("lib.config.settings").list) do known[setting.env] = true end
  for _, name in ipairs { "RCMCP_LUA_DIR", "RCMCP_BUILD", "RCMCP_RECIPES" } do known[name] = true end
  for _, path in ipairs(paths) do
    for name in read(path):gmatch("%f[%w_]R[UC][NM]C[%u]+_[%u_]+%f[^%w_]") do
      checked = checked + 1
      if not known[name] then complain("%s mentions %s, which nothing reads", path, name) end
    end
  end
end

check_core()
check_rc("lua/meta/rc.lua", "docs/reference.md")
check_settings("docs/configuration.md", "docs/man/rcmcp.1")
check_commands { "README.md", "docs/man/rcmcp.1" }
check_tools "README.md"
check_promises { "README.md", "docs/configuration.md", "docs/security.md", "docs/failures.md" }
print(("docs: %d names, %d problems"):format(checked, problems))
if problems > 0 then os.exit(1, true) end
