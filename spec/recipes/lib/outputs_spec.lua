local rc = { fail = function(message, fields) error({ message = message, data = fields }, 0) end }
local env = setmetatable({ require = function(name) return assert(name == "rc" and rc) end }, { __index = _G })
local outputs = assert(loadfile("recipes/lib/outputs.lua", "t", env))()

local saved, preview = { url = "https://x/a.png", type = "output" }, { url = "https://x/b.png", type = "temp" }

describe("recipes/lib/outputs", function()
  it("gives what was saved, without the previews", function()
    assert.same({ "https://x/a.png" }, outputs.urls { output_urls = { preview, saved } })
  end)

  it("gives the previews where nothing was saved", function()
    assert.same({ "https://x/b.png" }, outputs.urls { output_urls = { preview } })
  end)

  it("ends the call where there is nothing, with the ids and the way out", function()
    local ok, err = pcall(outputs.of, { output_urls = {}, request_id = "r", deployment_id = "d" })
    assert.is_false(ok)
    assert.matches("paying for another run", err.message)
    assert.same({ code = "no_outputs", request_id = "r", deployment_id = "d" }, err.data)
  end)
end)
