local effects = require "lib.recipes.source.effects"

-- "rc.download! rc.http": "!" where it is certain.
local function of(text, modules, alone)
  local words = {}
  for i, effect in ipairs(effects.of(text, modules or {}, alone ~= false)) do words[i] = effect.name .. (effect.certain and "!" or "") end
  return table.concat(words, " ")
end

describe("recipes.effects", function()
  for _, text in ipairs {
    'local rc = require "rc" rc.download(x)', 'local api = require("rc") local get = api.download', 'rc["download"](x)',
    "rc['download'](x)",
    'require "rc".download(x)',
    'local api <const> = 1 local rc = require "rc" rc.download(x)',
  } do
    it("sees rc.download in: " .. text, function() assert.equal("rc.download!", of(text)) end)
  end

  it("sees rc.http beside it", function()
    assert.equal("rc.download! rc.http!", of 'local rc = require "rc" rc.http { url = "u" } rc.download "u"')
  end)

  for _, text in ipairs {
    '-- rc.download(x)', 'local s = "rc.download(x)"', 'files.download(x)', 'self.rc.download(x)', 'rc.submit { download = true }',
    'local t = { download = 1 } return t.download',
  } do
    it("sees nothing in: " .. text, function() assert.equal("", of(text)) end)
  end

  it("is not certain of what a module has, nor of a file that declares several things", function()
    assert.equal("rc.download", of("", { 'local rc = require "rc" rc.download(x)' }))
    assert.equal("rc.download", of("rc.download(x)", {}, false))
  end)

  it("takes a module that is no Lua, whose failure the recipe caught", function()
    assert.equal("rc.download!", of("rc.download(x)", { 'rc.download("unfinished' }))
  end)
end)
