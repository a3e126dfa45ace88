local clock = require "lib.async.clock"
local json = require "core.json"
local models = require "lib.sim.model"

local NO_FAULTS = { run_failure = function() return nil end }

local function body(changes)
  local all = { name = "portraits", workflow_id = "00000000-0000-0000-0000-000000001111", workflow_version = "v1",
    hardware = json.as_array { "AMPERE_48" }, min_instances = 0, max_instances = 1, queue_size = 1, keep_warm_duration_in_seconds = 60 }
  for name, value in pairs(changes or {}) do all[name] = value end
  return all
end

describe("lib.sim.model", function()
  local model, time

  before_each(function()
    time = clock.virtual()
    model = models.new({ cold_start = 1, cancel_delay = 1, gate_status = 400, seed = 7 }, clock, NO_FAULTS)
  end)
  after_each(function()
    model.time:close()
    time:close()
  end)

  local function kinds(changes)
    local deployment, problem = model:create(body(changes))
    assert.is_nil(deployment)
    if type(problem.detail) ~= "table" then return problem.message or problem.detail end
    local list = {}
    for i, entry in ipairs(problem.detail) do list[i] = entry.loc[#entry.loc] .. ": " .. entry.type end
    return table.concat(list, ", ")
  end

  it("gives the same ids to the same seed", function()
    local other = models.new({ cold_start = 1, cancel_delay = 1, gate_status = 400, seed = 7 }, clock, NO_FAULTS)
    assert.equal(assert(other:create(body())).id, assert(model:create(body())).id)
    other.time:close()
  end)

  it("lists deployments as they were made, without the deleted ones, or only some", function()
    local made = assert(model:create(body()))
    local all = model:list()
    assert.equal(made.id, all[#all].id)
    assert.same({ made }, model:list { [made.id] = true, nonsense = true })
    model:delete(made)
    assert.equal(#all - 1, #model:list())
  end)

  it("knows a deleted deployment by its requests alone", function()
    local made = assert(model:create(body()))
    model:delete(made)
    local found, problem = model:find(made.id)
    assert.is_nil(found)
    assert.equal(404, problem.status)
    assert.equal(made, (model:find_any(made.id)))
  end)

  it("keeps to itself what is somebody else's", function()
    for _, find in ipairs { model.find, model.find_any } do
      local _, problem = find(model, models.FOREIGN_ID)
      assert.equal(403003, problem.error_code)
    end
  end)

  it("complains of all fields at once, in their order", function()
    assert.equal("name: missing, workflow_id: uuid_parsing, hardware: too_long, min_instances: greater_than_equal, "
      .. "max_instances: int_type, queue_size: greater_than_equal",
      kinds { name = json.null, workflow_id = "x", hardware = json.as_array {}, min_instances = -1, max_instances = 1.5, queue_size = -1 })
    assert.equal("name: string_too_short", kinds { name = "" })
    assert.equal("hardware: enum", kinds { hardware = json.as_array { "RTX" } })
    assert.equal("hardware: list_type", kinds { hardware = { sku = "AMPERE_48" } })
    assert.equal("max_instances: value_error", kinds { min_instances = 3, max_instances = 2 })
  end)

  it("wants a version of the workflow that may be", function()
    for _, version in ipairs { "v0", "1", "vx", "v1.0" } do
      local _, problem = model:create(body { workflow_version = version })
      assert.equal(404, problem.status, version)
    end
    assert.is_truthy(model:create(body { workflow_version = "v12" }))
  end)

  it("wants the name in each change, checks the range with what stays, and changes nothing where anything is wrong", function()
    local made = assert(model:create(body { max_instances = 2 }))
    for _, changes in ipairs {
      {}, { name = "" }, { name = json.null }, { name = "new", min_instances = 3 }, { name = "new", workflow_version = "v0" },
      { name = "new", is_enabled = "no" },
    } do
      local changed, problem = model:update(made, changes)
      assert.is_nil(changed)
      assert.is_truthy(problem)
      assert.equal("portraits", made.name)
    end
    assert.is_truthy(model:update(made, { name = "new", min_instances = 2, keep_warm_duration_in_seconds = json.null }))
    assert.same({ "new", 2, 60 }, { made.name, made.min_instances, made.keep_warm_duration_in_seconds })
  end)

  it("says when it was changed", function()
    local made = assert(model:create(body()))
    local before = made.updated_at
    model.time:advance(10)
    assert(model:update(made, { name = "later" }))
    assert.is_true(made.updated_at >= before + 10)
    assert.equal(before, made.created_at)
  end)
end)
