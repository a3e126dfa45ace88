--- The pictures that simulated runs make: a landscape whose light comes from the prompt and whose shape comes
--- from all inputs, drawn when it is fetched, with the graph in the file as ComfyUI writes it.

local json = require "core.json"
local png = require "core.png"
local random = require "lib.sim.random"

local M = {}

local DETAIL = 640 -- cells along the longer side at most; larger pictures are drawn in coarser cells

-- Red, green, blue of 0 to 255 from hue (turns), saturation, lightness.
local function rgb(hue, saturation, lightness)
  local chroma = (1 - math.abs(2 * lightness - 1)) * saturation
  local function channel(shift)
    local k = (shift + hue * 12) % 12
    local value = lightness - chroma / 2 * math.max(-1, math.min(k - 3, 9 - k, 1))
    return math.floor(255 * math.max(0, math.min(1, value)) + 0.5)
  end
  return channel(0), channel(8), channel(4)
end

local function pixel(hue, saturation, lightness)
  return string.char(rgb(hue, saturation, lightness))
end

-- Heights of a ridge, as rows from the top, one for each column.
local function ridge(dice, columns, rows, level, relief)
  local waves = {}
  for octave = 1, 5 do
    waves[octave] = { frequency = (1.2 + dice:uniform()) * 2 ^ (octave - 1), phase = dice:uniform() * 2 * math.pi,
                      height = relief / 1.9 ^ (octave - 1) }
  end
  local heights = {}
  for column = 1, columns do
    local x, height = column / columns * 2 * math.pi, 0 ---@type number, number
    for _, wave in ipairs(waves) do height = height + wave.height * math.sin(wave.frequency * x + wave.phase) end
    heights[column] = math.floor((level - height) * rows)
  end
  return heights
end

---@class sim.Scene
---@field sky string[]         a pixel for each row
---@field sun string[]
---@field layers { heights: integer[], colours: string[] }[]  nearest first
---@field sun_x number
---@field sun_y number
---@field radius number
---@field horizon integer      the last row that is sky from side to side

local function layer_colours(rows, hue, nearness)
  local colours = {}
  for row = 1, rows do
    local light = 0.62 - 0.42 * nearness + 0.14 * (row / rows)
    colours[row] = pixel(hue, 0.25 + 0.2 * nearness, math.max(0.05, light))
  end
  return colours
end

---@param picture sim.Picture
---@return sim.Scene
local function compose(picture, columns, rows)
  local mood = random.new(picture.prompt)
  local shape = random.new(picture.inputs + picture.index * 0x2545F4914F6CDD1D)
  local hue, warmth = mood:uniform(), 0.04 + 0.12 * mood:uniform()
  local scene = { sky = {}, sun = {}, layers = {} }
  for row = 1, rows do
    local height = row / rows
    scene.sky[row] = pixel((hue + warmth * height * 2) % 1, 0.55, 0.28 + 0.5 * height ^ 0.8)
    scene.sun[row] = pixel((hue + warmth * 2 + 0.08) % 1, 0.9, math.min(0.95, 0.9 - 0.15 * height))
  end
  for depth = 4, 1, -1 do
    local nearness = (5 - depth) / 4
    local level = 0.48 + 0.13 * (4 - depth) + 0.04 * shape:uniform()
    table.insert(scene.layers, 1, {
      heights = ridge(shape, columns, rows, level, 0.05 + 0.05 * (1 - nearness) + 0.03 * shape:uniform()),
      colours = layer_colours(rows, (hue + 0.5 * warmth + 0.06 * nearness) % 1, nearness),
    })
  end
  scene.sun_x, scene.sun_y = columns * (0.15 + 0.7 * shape:uniform()), rows * (0.15 + 0.25 * shape:uniform())
  scene.radius = math.min(columns, rows) * (0.05 + 0.07 * shape:uniform())
  scene.horizon = rows
  for _, layer in ipairs(scene.layers) do
    scene.horizon = math.min(scene.horizon, table.unpack(layer.heights))
  end
  return scene
end

-- The columns that the sun covers in a row; an empty range where it does not.
local function sun_span(scene, row)
  local dy = row - scene.sun_y
  local square = scene.radius * scene.radius - dy * dy
  if square < 0 then return 1, 0 end
  local half = math.sqrt(square)
  return math.ceil(scene.sun_x - half), math.floor(scene.sun_x + half)
end

-- A row without land.
local function draw_sky(scene, row, columns, widths)
  local first, last = sun_span(scene, row)
  first, last = math.max(first, 1), math.min(last, columns)
  if last < first then return scene.sky[row]:rep(widths(1, columns)) end
  return scene.sky[row]:rep(widths(1, first - 1)) .. scene.sun[row]:rep(widths(first, last))
    .. scene.sky[row]:rep(widths(last + 1, columns))
end

-- One row as runs of equal pixels; `widths(from, to)` is how many pixels those columns take.
local function draw_row(scene, row, columns, widths)
  local first, last = sun_span(scene, row)
  local near, mid, far, edge = scene.layers[1], scene.layers[2], scene.layers[3], scene.layers[4]
  local h1, h2, h3, h4 = near.heights, mid.heights, far.heights, edge.heights
  local c1, c2, c3, c4 = near.colours[row], mid.colours[row], far.colours[row], edge.colours[row]
  local sky, sun = scene.sky[row], scene.sun[row]
  local runs, count, from, current = {}, 0, 1, nil
  for column = 1, columns do
    local colour
    if row > h1[column] then colour = c1
    elseif row > h2[column] then colour = c2
    elseif row > h3[column] then colour = c3
    elseif row > h4[column] then colour = c4
    elseif column >= first and column <= last then colour = sun
    else colour = sky end
    if colour ~= current then
      if current then
        count = count + 1
        runs[count] = current:rep(widths(from, column - 1))
      end
      from, current = column, colour
    end
  end
  runs[count + 1] = current --[[@as string]]:rep(widths(from, columns))
  return table.concat(runs)
end

-- The pixels of a picture, row after row.
local function draw(picture)
  local width, height = picture.width, picture.height
  local cell = math.ceil(math.max(width, height) / DETAIL)
  local columns, rows = math.ceil(width / cell), math.ceil(height / cell)
  local scene = compose(picture, columns, rows)
  local function widths(from, to)
    return math.min(to * cell, width) - (from - 1) * cell
  end
  local bands = {}
  for row = 1, rows do
    local line = (row <= scene.horizon and draw_sky or draw_row)(scene, row, columns, widths) --[[@as string]]
    bands[row] = line:rep(math.min(row * cell, height) - (row - 1) * cell)
  end
  return table.concat(bands)
end

-- JSON in ASCII, since a tEXt chunk is Latin-1.
local function ascii_json(value)
  return (json.encode(value):gsub("[\xC2-\xF4][\x80-\xBF]+", function(character)
    local code = utf8.codepoint(character)
    if code < 0x10000 then return ("\\u%04x"):format(code) end
    code = code - 0x10000
    return ("\\u%04x\\u%04x"):format(0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
  end))
end

--- Draws a picture.
---@param picture sim.Picture
---@return string|nil png, string? message, string? code
function M.render(picture)
  return png.encode(picture.width, picture.height, draw(picture), { { "prompt", ascii_json(picture.graph) } })
end

return M
