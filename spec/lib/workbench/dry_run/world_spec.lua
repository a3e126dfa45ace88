local errors = require "lib.errors"
local json = require "core.json"
local worlds = require "lib.workbench.dry_run.world"

-- A world over these real deployments and requests, each by its id; what is asked is counted.
local function new(deployments, requests)
  local real = { asked = 0 }
  local function look(things, id)
    real.asked = real.asked + 1
    local thing = things and things[id]
    return thing or { err = errors.new("HTTP 404", { status_code = 404 }), refused = true }
  end
  function real.deployment(_, id) return look(deployments, id) end
  function real.request(_, _, id) return look(requests, id) end
  return worlds.new(real), real
end

local function deployment(id, more)
  local fields = { id = id, name = "real " .. id, min_instances = 1 }
  for key, value in pairs(more or {}) do fields[key] = value end
  return { data = { deployment = fields } }
end

local function ids(list)
  local all = {}
  for i, entry in ipairs(list) do all[i] = entry.id end
  return table.concat(all, " ")
end

describe("workbench.dry_run.world", function()
  it("gives each thing that is made an id of its own, and lists what was made in the order in which it was", function()
    local world = new()
    local expected = {}
    for n = 1, 30 do expected[n] = world:create({ name = "n" .. n }).id end
    assert.equal(table.concat(expected, " "), ids(world:all {}))
    local first, second = world:submit(), world:submit()
    assert.are_not.equal(first, second)
    world:change(expected[1], { name = "changed" })
    assert.equal(table.concat(expected, " "), ids(world:all {}))
    assert.equal("changed", world:all({})[1].name)
  end)

  it("makes a deployment of what it was given, with what RunComfy would add", function()
    local world = new()
    local made = world:create { name = "mine", hardware = "AMPERE_24", max_instances = 3, deployment_id = "not mine" }
    assert.same({ "mine", 3, 0, "standby", true, nil }, {
      made.name, made.max_instances, made.min_instances, made.status, made.is_enabled, made.deployment_id,
    })
    assert.equal('["AMPERE_24"]', json.encode(made.hardware))
    assert.equal(made, world:deployment(made.id))
    assert.is_true(world:concerns { deployment_id = made.id })
  end)

  it("shows a real deployment with what was changed, and leaves the real one alone", function()
    local there = deployment("d", { hardware = { "A" } })
    local world = new { d = there }
    local changed = world:change("d", { deployment_id = "d", min_instances = 0, hardware = "B" })
    assert.same({ "real d", 0 }, { changed.name, changed.min_instances })
    local seen = assert(world:deployment "d")
    assert.same({ 0, '["B"]', "real d" }, { seen.min_instances, json.encode(seen.hardware), seen.name })
    assert.same({ 1, "A" }, { there.data.deployment.min_instances, there.data.deployment.hardware[1] })
    assert.is_false(world:concerns { deployment_id = "d" })
    assert.equal(0, world:all({ { id = "d", min_instances = 1 }, { id = "e", min_instances = 1 } })[1].min_instances)
    assert.is_true(world:has_changes())
  end)

  it("lists nothing that was deleted, made or real", function()
    local world = new { d = deployment "d" }
    assert.is_false(world:has_changes())
    local made = world:create { name = "n" }
    world:delete "d"
    world:delete(made.id)
    assert.equal("e", ids(world:all { { id = "d" }, { id = "e" } }))
    assert.same({ true, true, false, false },
      { world:is_deleted "d", world:is_deleted(made.id), world:is_deleted "e", world:is_deleted(nil) })
    assert.equal("[]", json.encode(world:all {}))
  end)

  it("lets each request that was made go well, and looks at no real one for it", function()
    local world, real = new()
    local id = world:submit()
    assert.same({ id, "completed" }, { world:status(id).request_id, world:status(id).status })
    assert.equal("succeeded", world:result(id).status)
    local output = world:output_urls(id)[1]
    assert.equal(output.url, world:result(id).outputs["9"].images[1].url)
    assert.matches(id, output.url, 1, true)
    assert.is_nil(world:real_status("d", id))
    assert.equal(0, real.asked)
    assert.is_true(world:concerns { request_id = id })
    assert.is_false(world:concerns { request_id = "other" })
  end)

  it("looks at real requests for their status", function()
    local world = new(nil, { r = { data = { status = { status = "in_queue" } } }, odd = { data = { status = "text" } } })
    assert.same({ "in_queue", nil, nil }, { world:real_status("d", "r"), world:real_status("d", "odd"), world:real_status("d", "none") })
  end)

  it("knows what RunComfy would refuse for what it names, and nothing of what was made", function()
    local world = new({ d = deployment "d", broken = { err = errors.new("no answer") } }, { r = { data = {} } })
    assert.is_nil(world:refusal {})
    assert.is_nil(world:refusal { deployment_id = "d" })
    assert.is_nil(world:refusal { deployment_id = "d", request_id = "r" })
    assert.is_nil(world:refusal { deployment_id = "broken" }) -- that it could not be looked at refuses nothing
    assert.equal(404, world:refusal({ deployment_id = "none" }).status_code)
    assert.equal(404, world:refusal({ deployment_id = "d", request_id = "none" }).status_code)
    assert.is_nil(world:refusal { deployment_id = world:create({}).id })
    local none, err = world:deployment "broken"
    assert.same({ nil, "no answer" }, { none, err.message })
  end)

  it("takes what a sample names as new for made here", function()
    local world = new { d = deployment "d" }
    world:adopt({ submission = { request_id = "sample-1" } }, { deployment_id = "d" })
    assert.is_true(world:concerns { request_id = "sample-1" })
    world:adopt({ deployment = { id = "made-by-sample", name = "m" } }, {})
    world:adopt({ deployment = { id = "d" } }, { deployment_id = "d" }) -- it was there
    world:adopt("text", {})
    world:adopt({ submission = { request_id = 5 }, deployment = "odd" }, {})
    assert.equal("made-by-sample", ids(world:all {}))
    assert.is_false(world:concerns { deployment_id = "d" })
  end)
end)
