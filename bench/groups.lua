--- What is measured: groups of steps of the driver (bench/driver/main.c tells what each does).

local beside = require "beside"

local all = { echo = true, curl = true, lua = true, rcmcp = true, rust = true, rust_pipes = true, go = true, typescript = true }
local callers = { curl = true, lua = true, rcmcp = true, rust = true, rust_pipes = true, go = true, typescript = true }

-- lua-cjson writes the seed 156680208700286 as 1.5668020870029e+14: the driver refuses such answers.
local faithful = { curl = true, rcmcp = true, rust = true, rust_pipes = true, go = true, typescript = true }

--- A count, a fifth of it in a quick run.
local function some(quick, count)
  return quick and count // 5 or count
end

local function call(label, what, calls, in_flight)
  return ("call:%s:%s:%d:%d"):format(label, what, calls, in_flight)
end

local function startup()
  return { "memory:idle", "finish:idle" }
end

--- The warm-up is 10,000 calls for all: the memory is read after it, and Node needs as many to settle.
local function calls(quick)
  return {
    "place:apart", call("_warm", "status", 10000, 16), "memory:after",
    "place:same", call("list", "list", some(quick, 1000), 1), call("one", "status", some(quick, 3000), 1),
    "place:apart", call("apart", "status", some(quick, 2000), 1),
    call("at16", "status", some(quick, 10000), 16),
    call("at64", "status", some(quick, 10000), 64),
    call("at256", "status", some(quick, 10000), 256), "memory:after256",
    "finish:_",
  }
end

local function growth()
  return { "place:apart", call("_", "status", 10000, 16), "memory:at10k", call("_", "status", 90000, 16),
    "memory:at100k", "finish:_" }
end

local function delay(quick)
  return { "place:apart", call("_warm", "status", some(quick, 5000), 64), "control:/_delay/20",
    call("far64", "status", some(quick, 6400), 64), call("far256", "status", some(quick, 12800), 256),
    "control:/_delay/0", "finish:_" }
end

local function graph(quick)
  return { "place:apart", call("_warm", "graph-100k", 100, 1),
    call("graph100k", "graph-100k", some(quick, 200), 1), "memory:_",
    call("_warm", "graph-5m", 2, 1), call("graph5m", "graph-5m", some(quick, 10), 1), "memory:graph5m",
    call("base64", "graph-base64", some(quick, 10), 1), "finish:_" }
end

--- One burst of jobs: submitted at once, each waited for to its end.
local function burst(label, jobs, what)
  return { "control:/_reset", call(label, what, jobs, jobs), "stub:" .. label, "memory:" .. label }
end

local function waits(quick)
  local steps = { "place:apart", call("_warm", "status", 2000, 16), "memory:_" }
  local plan = {
    { "wait1000", 1000, "wait-5000-5000" }, { "spread1000", 1000, "wait-4000-6000" },
    not quick and { "wait5000", 5000, "wait-5000-5000" } or nil,
    not quick and { "wait10000", 10000, "wait-5000-5000" } or nil,
  }
  for _, one in ipairs(plan) do
    for _, step in ipairs(burst(table.unpack(one))) do steps[#steps + 1] = step end
  end
  steps[#steps + 1] = "finish:_"
  return steps
end

local function exit()
  return { call("_warm", "status", 100, 16), "open:wait-60000:1000", "pause:1500", "finish:waiting" }
end

local list = {
  { name = "startup", turns = 15, targets = all, steps = startup },
  { name = "cold", turns = 3, targets = all, steps = startup, cold = true, prefix = "cold." },
  { name = "calls", turns = 3, targets = all, steps = calls },
  { name = "growth", turns = 1, targets = { curl = true, lua = true, rcmcp = true }, steps = growth },
  { name = "delay", turns = 2, targets = callers, steps = delay },
  { name = "graph", turns = 3, targets = faithful, steps = graph },
  { name = "waits", turns = 1, targets = callers, steps = waits },
  { name = "exit", turns = 3, targets = callers, steps = exit },
  { name = "hostile", turns = 1, targets = { rcmcp = true }, parts = beside.parts, arguments = beside.arguments, prefix = beside.prefix,
    conclude = beside.conclude, print = beside.print },
}

local M = { list = list, names = {}, by_name = {} }
for i, group in ipairs(list) do
  M.names[i] = group.name
  M.by_name[group.name] = group
end

return M
