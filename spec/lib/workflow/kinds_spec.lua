-- One graph a line of kinds.jsonl, of each kind that published workflows have: `changes` to the graph of spec.support.graphs,
-- or a whole `graph`, and the places of its roles.  false: nothing is sent, for nobody can know which input is meant.

local json = require "core.json"
local support = require "spec.support.graphs"

describe("workflow.roles: kinds of graphs", function()
  for line in io.lines "spec/lib/workflow/kinds.jsonl" do
    local case = json.decode(line)
    it(case.name, function()
      support.check(case.graph or support.base(case.changes), case.roles)
    end)
  end
end)
