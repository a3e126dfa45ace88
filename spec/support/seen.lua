--- The body of a recipe's function that gives, as one text, what another process might show it otherwise.
return [[
  local lines = {}
  local function put(...) lines[#lines + 1] = table.concat({ ... }, " ") end
  local function walk(name, t)
    for key, value in pairs(t) do put(name, tostring(key), tostring(value)) end
    for key in next, t do put("next", tostring(key)) end
    put("first", tostring(next(t)))
  end

  -- Objects as keys, made in an order that is not that of the table.
  local objects = {}
  for i = 1, 40 do
    objects[i] = i % 4 == 0 and {} or i % 4 == 1 and function() return i end or i % 4 == 2 and coroutine.create(print)
      or setmetatable({}, { __name = "Thing" })
  end
  local mixed = { "a", "b", nil, "d", [true] = 1, [false] = 2, [-3] = 3, [0.5] = 4, [2^53] = 5, [math.huge] = 6, [math.mininteger] = 7 }
  for i = 40, 1, -1 do mixed[objects[i * 7 % 40 + 1] ] = i end
  for i = 1, 60 do mixed[("%x"):format(i * 7919)] = i end
  for _, fn in ipairs { print, pairs, string.format, table.sort, rc.log, rc.submit, rc.json, string, _G, rc } do mixed[fn] = "library" end
  walk("mixed", mixed)
  for i = 1, 60, 2 do mixed[("%x"):format(i * 7919)] = nil end
  for i = 100, 130 do mixed["n" .. i] = i end
  walk("changed", mixed)
  walk("globals", _G)
  walk("rc", rc)
  for _, library in ipairs { string, table, math, os, coroutine, utf8, rc.json } do walk("library", library) end
  walk("decoded", rc.json.decode '{"z":1,"a":{"y":2,"b":[1,2]},"m":null}')
  walk("input", input)

  -- Texts.
  local co = coroutine.wrap(function() coroutine.yield(coroutine.running()) end)
  put(tostring(print), tostring({}), tostring(co), tostring(co()), tostring(objects[3]), tostring(rc.json.null))
  put(("%s %10s %p %-20p| %p %p %%p %d"):format({}, print, objects[1], objects[2], "text", "text", 3))
  for _, fn in ipairs { function() error({}) end, function() return {} .. "x" end, function() return {} < {} end,
    function() return #print end, function() return ("x"):rep(-1) .. nil end, function() rc.json.encode { [{}] = 1 } end,
    function() rc.log("info", {}, print) end, function() rc.submit { [objects[1] ] = 1 } end, function() return rc.nothing.at end,
    function() return setmetatable({}, { __tostring = function() return objects[4] end }) .. tostring(setmetatable({},
      { __tostring = function() return objects[4] end })) end} do
    local _, message = pcall(fn)
    put("error", tostring(message))
    put("handled", tostring((select(2, xpcall(fn, function(err) return "h " .. tostring(err) end)))))
  end
  put(rc.json.encode { z = 1, a = { 3, 2, 1 }, m = { y = {}, b = rc.json.null }, ["10"] = 1, ["9"] = 2 })

  -- Chance and time.
  for _ = 1, 20 do put(math.random(1000), math.random(), math.random(0), rc.random(50), rc.uuid()) end
  math.randomseed(42)
  put(math.random(0), math.random(10), ("%.14g"):format(math.random()))
  put(os.time(), os.clock(), os.date(), os.date("!%Y-%m-%d %H:%M:%S", 86400), rc.now())
  put(os.time { year = 2024, month = 2, day = 3, hour = 4 })

  -- Order functions that say the same of different things, or one thing and its opposite.
  local list = {}
  for i = 1, 500 do list[i] = { rank = i % 7, at = i } end
  table.sort(list, function(a, b) return a.rank < b.rank end)
  for _, item in ipairs(list) do put("sorted", item.rank, item.at) end
  local numbers = {}
  for i = 1, 400 do numbers[i] = i * 7919 % 401 end
  put(tostring(pcall(table.sort, numbers, function(a, b) return (a * b) % 3 == 0 end)), table.concat(numbers, " "))

  -- Weak tables and the collector.
  local weak = setmetatable({}, { __mode = "kv" })
  for i = 1, 100 do weak[i] = {} weak[{}] = i end
  local count = 0
  for _ = 1, 3000 do count = count + #("x"):rep(5000) end
  for _ in pairs(weak) do count = count + 1 end
  put("weak", count, #weak, tostring(collectgarbage), tostring(getmetatable(weak).__mode))

  -- Lists with holes, made in one way.
  local holes = {}
  for i = 1, 64 do holes[i] = i holes["k" .. i] = i end
  for i = 1, 64, 3 do holes[i] = nil end
  put("length", #holes, select("#", table.unpack(holes)), tostring(rawlen(holes)))

  -- Lists with holes whose keys are numbers: whatever becomes of them, and whoever has made them.
  local state = 4711
  local function any(limit)
    state = (state * 1103515245 + 12345) % 2147483648
    return (state >> 8) % limit + 1
  end
  local function change(t)
    local kind, at = any(12), any(40)
    if kind < 7 then t[at] = at elseif kind < 10 then t[at] = nil elseif kind == 10 then t[at + 0.5] = at else t[at % 2 == 0] = at end
    if kind == 12 then table.insert(t, at) end
  end
  local function lengths(t)
    local list = {}
    for i = 1, 60 do
      change(t)
      list[i] = #t
    end
    put("lengths", table.concat(list, " "), #{ table.unpack(t) })
  end
  for i = 1, 200 do
    local made = {
      function() return {} end, function() return { 1, nil, 3, nil, 5 } end, function() return { table.unpack({ 1, nil, 3 }, 1, 3) } end,
      function() return rc.json.decode "[1,2,3,4,5,6,7]" end, function() return table.move(input.beta, 1, 2, 1, {}) end,
      function() return { table.unpack(input.beta) } end, function() return table.move({ 1, 2, 3 }, 1, 3, 20, {}) end,
      function() return rc.map({ 1, 2, 3, 4, 5 }, function(n) return n % 2 == 0 and n or nil end) end,
    }
    lengths(made[i % #made + 1]())
  end
  lengths(input.beta)
  put("made", #table.pack(1, nil, nil, 4), #{ n = 1, 1, nil, 3 }, #rc.json.decode '{"1":1}', #{ 1, nil, 3, a = 1, b = 2 })
  return table.concat(lines, "\n")
]]
