local json = require "core.json"
local stray_urls = require "lib.runcomfy.stray_urls"

-- What is found, and how often the text is looked at anew: each such look copies a window of it.
local function found(find, text)
  local urls, looks = {}, 0
  find(assert(json.raw(text)), {
    step = function() end,
    pause = function() looks = looks + 1 end,
  }, function(url) urls[#urls + 1] = url end)
  return urls, looks
end

describe("lib.runcomfy.stray_urls", function()
  it("looks at each window once, however many texts in it begin as a URL does", function()
    for _, item in ipairs { '"http"', '"https://a/b"', '{"url":"http"}', '{"url":"http://a/b"}', '"\\"url\\":\\"http"' } do
      local text = "[" .. (item .. ","):rep(150000) .. item .. "]"
      for _, find in pairs(stray_urls) do
        local _, looks = found(find, text)
        assert.equal(math.ceil(#text / (1024 * 1024)), looks)
      end
    end
  end)

  it("finds what lies across the ends of windows, each once", function()
    for shift = 0, 30 do
      local urls = {}
      local parts = { '["' .. ("x"):rep(1024 * 1024 - 30 + shift) .. '"' }
      for i = 1, 3 do
        urls[i] = ("https://a/%d.png"):format(i)
        parts[#parts + 1] = ('{"url":"%s"}'):format(urls[i])
      end
      local text = table.concat(parts, ",") .. "]"
      for _, find in pairs(stray_urls) do assert.same(urls, (found(find, text))) end
    end
  end)

  it("passes over what is longer than a window", function()
    local long = "https://a/" .. ("x"):rep(3 * 1024 * 1024) .. ".png"
    local text = ('[{"url":"%s"},{"url":"http://b/2.png"}]'):format(long)
    for _, find in pairs(stray_urls) do assert.same({ long, "http://b/2.png" }, (found(find, text))) end
  end)
end)
