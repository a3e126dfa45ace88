--- What a worker sends that is no longer ours: messages of the protocol, right ones in wrong places, wrong ones, and bytes that are none.
--- RCMCP_FUZZ_SEED repeats a run, RCMCP_FUZZ_TIMES multiplies how many there are (scripts/night); what fails tells its
--- seed.

local clock = require "core.clock"
local json = require "core.json"
local protocol = require "lib.recipes.worker.protocol"
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

local FIRST = math.tointeger(tonumber(os.getenv "RCMCP_FUZZ_SEED"))
local TIMES = math.tointeger(tonumber(os.getenv "RCMCP_FUZZ_TIMES")) or 1

--- The seeds of a spec.
---@param runs integer  how many, where nobody sets it
---@return integer first, integer last
function M.seeds(runs)
  local first = FIRST or math.floor(clock.monotonic() * 1e6) % 100000000
  return first, first + (FIRST and 1 or runs) * TIMES - 1
end

--- Runs `fn(seed)` for each seed of a spec; what fails names its seed.
---@param runs integer
---@param fn fun(seed: integer)
function M.each_seed(runs, fn)
  local first, last = M.seeds(runs)
  for seed = first, last do
    local ok, problem = xpcall(fn, function(err) return type(err) == "table" and err.message or debug.traceback(tostring(err)) end, seed)
    if not ok then error(("RCMCP_FUZZ_SEED=%d: %s"):format(seed, tostring(problem)), 0) end
  end
end

--- A generator of its own: 1 to `most`.
---@param seed integer
---@return fun(most: integer): integer
function M.random(seed)
  local state = seed * 2 + 1
  return function(most)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % most + 1
  end
end

-- Values -----------------------------------------------------------------------------------------------

local function nested(depth)
  local value = {}
  for _ = 1, depth do value = { a = value } end
  return value
end

local function long_list(count)
  local list = {}
  for i = 1, count do list[i] = i end
  return list
end

-- What a field may be; some of it is right.
M.POOL = {
  true, false, json.null, 0, 1, 2, -1, 2 ^ 53, 0.5, 0 / 0, math.huge, math.maxinteger, "", "x", "tool", "now", "info", "probe", "run",
  "guilty", "c1", "r1", "2:1", ("y"):rep(5000), "\0\255", ("z"):rep(300000),
  {}, { 1 }, { "a" }, { a = 1 }, { message = "no" }, nested(150), long_list(3000),
  { message = "no", code = 5 }, { message = "no", content = { {}, { type = 5 } } }, { text = "t", data = { 1 } }, { text = 5 },
  { message = "no", code = "cancelled", frames = { "x" }, notes = { ("n"):rep(2000) } }, { message = "no", code = "worker_ended" },
  { content = { { type = "text", text = {} } } }, { content = { { resource = 5 } } }, { content = { 1 } }, { data = { [1] = 1, [5] = 2 } },
  { content = { { type = "image", data = "x", mimeType = "image/png" } } }, { data = nested(150) }, { data = long_list(3000) },
  { { role = "user", content = { type = "text", text = "t" } } }, { { role = 5 } }, { { role = "user", content = 5 } },
  { { feature = "tool", fields = {}, functions = { "run" } } }, { { feature = "tool", fields = { name = {} } } },
  { { feature = "tool", fields = { name = "a", description = "b", input = { { 5 } } }, functions = { "run" },
      line = { source = "x", line = 9 } } },
  json.decode '{"z":1}', json.raw "[1]", json.integer "18446744073709551615", { name = "x", stands = true, refused = false, text = "y" },
}

local PATHS = { "/etc/passwd", "../../etc/passwd", "~/.ssh/id_rsa", "", "a\0b", "/proc/self/environ" }
local URLS = { "https://evil.example/", "http://127.0.0.1:1/", "file:///etc/passwd", "https://user@runcomfy.net/", "x", "" }

-- Inputs of effects by kind and name, as recipes ask for them; those that none asks for come apart.
local function inputs_of(random, files)
  local path = function() return random(5) > 1 and #files > 0 and files[random(#files)] or PATHS[random(#PATHS)] end
  local url = function() return URLS[random(#URLS)] end
  local job = { deployment_id = "d", request_id = "../r" }
  return {
    tool = { a = { n = random(9) }, b = { n = 1 }, guilty = {}, [""] = {}, submit_request = { deployment_id = "d" } },
    job = {
      submit = { deployment_id = "d", overrides = {} }, wait = { deployment_id = "d", request_id = "r", timeout = 0 },
      status = job, result = job, cancel = job, proxy = { path = "../x", method = "GET" },
    },
    http = {
      GET = { method = "GET", url = url(), headers = {}, timeout = 1 },
      POST = { method = "POST", url = url(), headers = { "a: b" }, timeout = 1 },
    },
    download = { save = { url = url(), name = path() } },
    file = { read = { path = path() }, read_text = { path = path() }, data_uri = { path = path() } },
    ask = { confirm = { message = "?" }, elicit = { message = "?", input = { { "a", "string", "A" } } } },
    sleep = { sleep = { seconds = 0 } },
    module = { ["lib.x"] = false, ["../../etc/passwd"] = false },
  }, {
    job = { delete = {} }, download = { read = { url = url() } }, file = { write = { path = path() } }, ask = { none = {} },
    sleep = { wake = {} },
    http = {
      CONNECT = { method = "CONNECT", url = url(), headers = {}, timeout = 1 },
      PUT = { method = "PUT", url = url(), headers = { "a: b\r\nc: d" }, timeout = 1 / 0 },
    },
  }
end

local function copy(value)
  return json.unpack(json.pack(value), 1000000)
end

local function spoilt(random, input)
  if type(input) ~= "table" or random(12) > 1 then return input end
  input = copy(input)
  local names = sorted_keys(input)
  local name = #names > 0 and random(2) == 1 and names[random(#names)] or "foreign"
  input[name] = M.POOL[random(#M.POOL)]
  return input
end

-- Messages ---------------------------------------------------------------------------------------------

local kinds = sorted_keys(protocol.FROM_WORKER)
for _ = 1, 60 do kinds[#kinds + 1] = "effect" end

local EFFECTS = { "tool", "tool", "tool", "job", "http", "download", "file", "ask", "sleep", "module" }

---@class HostileOptions
---@field call string      in whose name it speaks, mostly
---@field files? string[]  paths that it asks for

local BRANCHES = { "x", "1", "3/1", "900001:2" }
for i = 1, 60 do BRANCHES[#BRANCHES + 1] = i % 2 == 1 and "" or ("900001:%d"):format(i % 3 + 1) end

local function make_effect(random, message, options, count)
  message.effect = EFFECTS[random(#EFFECTS)]
  local right, wrong = inputs_of(random, options.files or {})
  local inputs = random(15) == 1 and wrong[message.effect] or right[message.effect]
  local names = sorted_keys(inputs)
  message.name = names[random(#names)]
  message.input = spoilt(random, inputs[message.name]) or nil
  message.cleans = random(6) == 1 or nil
  message.seq = random(30) == 1 and random(5) or count
  message.branch = BRANCHES[random(#BRANCHES)]
  if message.effect == "module" and random(4) > 1 then message.branch, message.seq = "require " .. message.name, 1 end
end

-- Often what the form allows.
local function any_field(random, check)
  local value
  for _ = 1, 30 do
    value = M.POOL[random(#M.POOL)]
    if check(value) then break end
  end
  return value
end

--- One message; mostly it leads somewhere.
---@param random fun(most: integer): integer
---@param options HostileOptions
---@param count integer  number of the message
---@return table
function M.message(random, options, count)
  local kind = kinds[random(#kinds)]
  local message, fields = { kind = kind }, protocol.FROM_WORKER[kind].fields
  for _, name in ipairs(sorted_keys(fields)) do
    if random(80) > 1 then message[name] = any_field(random, fields[name]) end
  end
  if fields.call and random(50) > 1 then message.call = options.call end
  if fields.recipe and random(3) > 1 then message.recipe = "r1" end
  if fields.seq then message.seq, message.branch = count, "" end
  if kind == "effect" and random(25) > 1 then make_effect(random, message, options, count) end
  if kind == "noted" and random(3) > 1 then message.effect, message.name, message.input, message.answer = "now", "program", nil, 1.5 end
  return message
end

--- Bytes as one message: mostly of one, else spoilt.
---@param random fun(most: integer): integer
---@param options HostileOptions
---@param count integer
---@return string
function M.bytes(random, options, count)
  local bytes = json.pack(M.message(random, options, count))
  local spoil = random(60)
  if spoil == 1 then return ("\11\3"):rep(random(5)) end
  if spoil == 2 then return bytes:sub(1, random(#bytes)) end
  if spoil ~= 3 then return bytes end
  local at = random(#bytes)
  return bytes:sub(1, at - 1) .. string.char(random(256) - 1) .. bytes:sub(at + 1)
end

--- What a load of the recipe "probe" is answered with.
---@param recipe string
---@param feature? string
---@return table
function M.loaded(recipe, feature)
  local fields = { name = "probe", description = "d", uses = { "a" } }
  if feature == "resource" then fields = { uri = "x://probe", name = "probe", description = "d" } end
  local functions = { (feature or "tool") == "resource" and "read" or "run" }
  local declared = { feature = feature or "tool", fields = fields, functions = functions }
  return { kind = "loaded", recipe = recipe, missing = {}, declarations = { declared } }
end

local RIGHT = {
  name = "probe", title = "t", description = "d", uri = "x://probe", uri_template = "x://{a}", mime_type = "text/plain", uses = { "a" },
  hosts = { "a.example" }, annotations = { readOnlyHint = true }, samples = { a = { n = 1 } }, run = "function", read = "function",
  input = { { "n", "integer", "N", minimum = 1 }, { "s", "string", "S", enum = { "a", "b" } } }, arguments = { { "n", "string", "N" } },
  output = '{"type":"object","properties":{"n":{"type":"integer"}}}',
}

local NAMES = sorted_keys(RIGHT)

-- What a part of a declaration becomes: mostly itself.
local function changed(random, value, depth)
  if random(50) == 1 then return M.POOL[random(#M.POOL)] end
  if type(value) ~= "table" or depth > 4 then return value end
  local copied = {}
  for key, item in next, value do copied[key] = changed(random, item, depth + 1) end
  local key = M.POOL[random(#M.POOL)]
  if random(40) == 1 and (type(key) == "string" or math.type(key) == "integer") then copied[key] = 1 end
  return copied
end

--- What a load is answered with: declarations that have the fields of other features, or wrong ones.
---@param random fun(most: integer): integer
---@param recipe string
---@return table
function M.declared(random, recipe)
  local list = {}
  for i = 1, random(2) do
    local fields, functions = {}, {}
    local feature = ({ "tool", "tool", "prompt", "resource", "template" })[random(5)]
    local body = (feature == "resource" or feature == "template") and "read" or "run"
    for _, name in ipairs(NAMES) do
      if random(12) > 1 and RIGHT[name] == "function" and name == body then
        functions[#functions + 1] = name
      elseif random(15) > 1 then
        fields[name] = changed(random, RIGHT[name], 1)
      end
    end
    for _, name in ipairs(NAMES) do -- mostly only its own
      if random(20) > 1 and not M.OWN[feature][name] then fields[name] = nil end
    end
    local line = random(2) == 1 and { source = "@probe.lua", line = i } or nil
    list[i] = { feature = feature, fields = fields, functions = functions, line = line }
  end
  local missing = random(10) == 1 and { "../../etc/passwd", "lib.x", "\0", ("x"):rep(1000) } or {}
  return { kind = "loaded", recipe = recipe, missing = missing, declarations = list, problem = random(30) == 1 and "no" or nil }
end

local function set(words)
  local of = {}
  for word in words:gmatch "%S+" do of[word] = true end
  return of
end

M.OWN = {
  tool = set "name title description input output uses hosts annotations samples", prompt = set "name title description arguments uses",
  resource = set "uri name title description mime_type uses", template = set "uri_template name title description mime_type uses",
}

return M
