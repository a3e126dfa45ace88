--- URLs in JSON whose layout nobody knows: a file that was paid for must not be overlooked because it stands in another place.

local json = require "core.json"

local M = {}

local KEY = '"url":"http'  -- compact JSON; inside of a text the quotes would be escaped
local VALUE = '"http'
local WINDOW = 1024 * 1024 -- bytes that are looked through between two turns of the loop

-- Files, by the ends of their names: a URL that is called something else, or nothing, may be a link to a page.
local FILES = {}
for name in ("png jpg jpeg webp gif avif bmp tif tiff exr svg mp4 webm mov mkv avi m4v wav mp3 flac ogg opus m4a aac glb gltf obj ply stl "
  .. "fbx usdz splat spz zip safetensors pt latent"):gmatch "%S+" do FILES[name] = true end

local QUOTE = ('"'):byte()

-- The place of the quote that ends the string which begins at `at`.
local function end_of(text, at)
  repeat
    at = text:find('["\\]', at + 1)
    local ends = text:byte(at) == QUOTE
    if not ends then at = at + 1 end -- the character behind the backslash
  until ends
  return at
end

local function url_at(text, at)
  local stop = end_of(text, at)
  if not text:find("^https?:", at + 1) then return nil, stop end
  local url = json.decode(text:sub(at, stop))
  return url:find "^https?://[^%s/]" and url or nil, stop
end

-- Where the name of its file ends in an ending that files have.
local function is_file(url)
  local stop = (url:find("[?#]") or #url + 1) - 1
  local dot = url:sub(math.max(1, stop - 16), stop):reverse():find(".", 1, true)
  return dot ~= nil and FILES[url:sub(stop - dot + 2, stop):lower()] == true
end

local STEPS = 10 -- of the meter, for a text that is read

-- The URLs in what begins with `what`, whose text begins `to_value` behind that.  By windows: one plain find through all of it would
-- keep the loop, and a copy of the rest for each would never end.
local function look(text, what, to_value, work, fn)
  local from = 1
  for start = 1, #text, WINDOW do
    local window = text:sub(start, start + WINDOW + #what - 2)
    local at = window:find(what, math.max(1, from - start + 1), true)
    while at do
      local url, stop = url_at(text, start + at - 1 + to_value)
      if url then fn(url, text:byte(stop + 1)) end
      work:step(STEPS)
      from = stop + 1
      at = window:find(what, from - start + 1, true)
    end
    work:pause()
  end
end

--- The URLs that are called `url`, in their order.
---@param raw core.json.Raw
---@param work Meter
---@param fn fun(url: string)
function M.named(raw, work, fn)
  look(raw:text(), KEY, #'"url":', work, fn)
end

local COLON = (":"):byte()

--- The URLs of files, whatever they are called.
---@param raw core.json.Raw
---@param work Meter
---@param fn fun(url: string)
function M.files(raw, work, fn)
  look(raw:text(), VALUE, 0, work, function(url, behind)
    if behind ~= COLON and is_file(url) then fn(url) end
  end)
end

return M
