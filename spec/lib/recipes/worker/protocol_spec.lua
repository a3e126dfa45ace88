local json = require "core.json"
local protocol = require "lib.recipes.worker.protocol"

-- A message of each kind.
local to_worker = {
  hello = { memory = 0, level = "info", limits_lines = true },
  load = { recipe = "r1", name = "a", shown = "a.lua", text = "return 1", modules = { b = { shown = "b.lua", text = "" }, c = false },
    loaded_at = 1 },
  unload = { recipe = "r1" },
  call = {
    call = "c1", recipe = "r1", feature = "tool", key = "a", args = { {} }, tools = {}, limits = {}, chain = {}, wall = 1.5, speed = 1,
    seed = "0123456789abcdef", simulated = false, dry_run = false,
  },
  answer = { call = "c1", branch = "2:1", seq = 1, wall = 1.5, value = { 1 } },
  cancel = { call = "c1" },
  rested = { call = "c1", wall = 1.5 },
  turn = { number = 1 },
  settle = { number = 1 },
}

local from_worker = {
  ready = { walls = { { name = "memory", stands = true, refused = false, text = "1 MiB" } } },
  loaded = {
    recipe = "r1", missing = { "b" },
    declarations = { { feature = "tool", fields = { name = "a" }, functions = { "run" }, line = { source = "@a.lua", line = 3 } } },
  },
  effect = { call = "c1", branch = "", seq = 1, effect = "tool", name = "a", input = {} },
  undoes = { call = "c1" },
  rest = { call = "c1" },
  leave = { call = "c1", branch = "", seq = 1 },
  noted = { call = "c1", branch = "", seq = 1, effect = "now", name = "program", answer = 1.5 },
  progress = { call = "c1", done = 1, total = 2, message = "half" },
  log = { call = "c1", name = "a", level = "warning", text = "look" },
  done = { call = "c1", err = { message = "no", code = "busy", data = { 1 } } },
  turn = { number = 1 },
  settled = { number = 1 },
}

local function with(message, changes)
  local copy = {}
  for name, value in pairs(message) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value end
  return copy
end

local function problem_of(forms, message)
  return select(2, protocol.read(forms, json.pack(message)))
end

for side, case in pairs { TO_WORKER = to_worker, FROM_WORKER = from_worker } do
  describe("a message " .. side:lower():gsub("_", " "), function()
    local forms = protocol[side]

    it("of each kind is known here", function()
      for kind in pairs(forms) do assert.is_table(case[kind], kind) end
    end)

    for kind, fields in pairs(case) do
      local message = with(fields, { kind = kind })

      it("is read as it was written: " .. kind, function()
        local read = protocol.read(forms, protocol.write(forms, message))
        assert.same(message, read)
      end)

      it("is none where a field is missing, is more, or is of another type: " .. kind, function()
        for name in pairs(fields) do
          local without = with(message, {})
          without[name] = nil
          local missing = problem_of(forms, without)
          if not forms[kind].optional[name] then
            assert.equal(("a message '%s' is none: its field '%s' is missing"):format(kind, name), missing)
          end
          if name ~= "value" and name ~= "input" and name ~= "answer" then
            assert.equal(("a message '%s' is none: its field '%s' is not what it must be"):format(kind, name),
              problem_of(forms, with(message, { [name] = 0 / 0 })))
          end
        end
        assert.equal(("a message '%s' is none: it has a field that it may not have"):format(kind),
          problem_of(forms, with(message, { more = 1 })))
      end)
    end
  end)
end

describe("the protocol", function()
  it("raises where we would send what is none", function()
    assert.error_matches(function() protocol.write(protocol.TO_WORKER, { kind = "done", call = "c1" }) end, "no message of its kind")
    assert.error_matches(function() protocol.write(protocol.TO_WORKER, { kind = "cancel" }) end, "'call' is missing")
  end)

  it("bounds lists, texts and numbers", function()
    for _, changes in ipairs {
      { walls = { [2] = from_worker.ready.walls[1] } }, { walls = { name = "x" } }, { walls = { 5 } }, { walls = "" },
      { walls = { { name = ("x"):rep(2000), stands = true, refused = false, text = "" } } },
    } do
      assert.is_string(problem_of(protocol.FROM_WORKER, with({ kind = "ready", walls = {} }, changes)))
    end
    for _, seq in ipairs { 0, -1, 1.0, "1", math.mininteger } do
      assert.is_string(problem_of(protocol.FROM_WORKER, with(with(from_worker.leave, { kind = "leave" }), { seq = seq })))
    end
    local message = with(from_worker.progress, { kind = "progress", done = math.huge })
    assert.is_string(problem_of(protocol.FROM_WORKER, message))
  end)

  it("takes as many values as a recipe may return, each with its key", function()
    local entry, count = json.pack { a = 1 }, 499999
    local short = json.pack { kind = "done", call = "c1", result = {} }
    local varint = string.char(count & 0x7F | 0x80, count >> 7 & 0x7F | 0x80, count >> 14)
    local message = assert(protocol.read(protocol.FROM_WORKER, short:sub(1, -2) .. varint .. entry:rep(count)))
    assert.equal(count, #message.result)
    assert.same({ a = 1 }, message.result[count])
  end)

  it("says of a long one in steps what it says at once", function()
    local fiber, loop = require "lib.async.fiber", require "core.loop"
    local list = {}
    for i = 1, 50000 do list[i] = i end
    for _, bytes in ipairs {
      json.pack { kind = "done", call = "c1", result = list }, json.pack { kind = "done", call = 1, result = list }, "\99",
    } do
      local task = fiber.spawn(protocol.read_in_steps, protocol.FROM_WORKER, bytes)
      while task.status ~= "done" do loop.step(true) end
      local message, problem = protocol.read(protocol.FROM_WORKER, bytes)
      local _, in_steps, in_steps_problem = task:join()
      assert.equal(problem, in_steps_problem)
      assert.same(message and message.call, in_steps and in_steps.call)
    end
  end)
end)
