-- What must not get into the program from outside.
local child = require "spec.support.child"

describe("the program", function()
  it("takes no Lua file from LUA_PATH or the working directory", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir %s && echo 'io.stderr:write(\"intruder\") return {}' > %s/argparse.lua"):format(folder, folder)))
    local status, _, err = child.run({ "--help" }, { env = {
      "LUA_PATH=" .. folder .. "/?.lua", "LUA_INIT=io.stderr:write('intruder')", "LUA_CPATH=" .. folder .. "/?.so",
    } })
    assert(os.execute("rm -r " .. folder))
    assert.equal(0, status)
    assert.not_matches("intruder", err, 1, true)
    local missing = child.run({ "no-such-command" }, { env = { "LUA_PATH=" .. folder .. "/?.lua" } })
    assert.equal(64, missing)
  end)
end)
