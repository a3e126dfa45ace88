-- One graph a line of kinds.jsonl, of each kind that published workflows have: `changes` to the graph of spec.support.graphs,
-- or a whole `graph`, and the places of its roles.  false: nothing is sent, for nobody can know which input is meant.

local graphs = require "lib.workflow.graph"
local json = require "core.json"
local roles = require "lib.workflow.roles"
local support = require "spec.support.graphs"

local function keys(role)
  if not role or role.how == "candidate" then return false end
  local list = {}
  for i, place in ipairs(role.places) do list[i] = place.id .. "." .. place.name end
  return table.concat(list, " ")
end

describe("workflow.roles: kinds of graphs", function()
  for line in io.lines "spec/lib/workflow/kinds.jsonl" do
    local case = json.decode(line)
    it(case.name, function()
      local found = roles.find(assert(graphs.read(case.graph or support.base(case.changes))))
      for role, places in pairs(case.roles) do assert.equal(places, keys(found[role]), role) end
    end)
  end
end)
