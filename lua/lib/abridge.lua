--- JSON in fewer bytes.  Small things stay whole and large ones share what is left, so that of three large deployments each
--- is shown, and of a result its ids; URLs are never cut, and a list is cut behind a whole entry.  Members of an object that
--- are whole come before those that are cut.
---
--- Work is linear in the text, whatever it is: a value is looked into only where it is shown in part, at most
--- `DEEPEST` levels down, and of its entries at most `MOST_ENTRIES`.  But each level of what is nested is gone through once for each level
--- above it: in a fiber the loop turns in between.

local codec = require "core.codec"
local json = require "core.json"
local meter = require "lib.async.meter"

local M = {}

local DEEPEST = 16
local MOST_ENTRIES = 20000
local SHOWN = 48           -- bytes of a text that are worth showing, where it is longer
local ENTRY = 1024         -- bytes that an entry with entries of its own gets, where it needs them, before the next one is shown
local LONGEST_URL = 2048
local LONGEST_KEY = 256
local LONGEST_CHARACTER = 4
local MARK = 40            -- bytes for what says that something was cut

---@class AbridgeOptions
---@field plain? boolean  nothing is put in the place of what was left out, and the order stays: types stay what they are
---@field most? integer   bytes of a single value that is shown in part; default: what there is

---@class AbridgeRun: AbridgeOptions
---@field work Meter

---@class Entry
---@field label string    '"key":' or ""
---@field raw core.json.Raw
---@field size integer    bytes, with label and comma
---@field need integer    bytes that it needs to be worth showing
---@field share? integer  bytes that it gets

local function is_container(kind)
  return kind == "object" or kind == "array"
end

local function is_url(raw, size)
  return size <= LONGEST_URL and raw:text():find('^"https?://') ~= nil
end

local function label_of(key)
  if type(key) ~= "string" then return "" end
  if #key > LONGEST_KEY then key = codec.utf8_cut(key, LONGEST_KEY - 3) .. "…" end
  return json.encode(key) .. ":"
end

local STEP = 512 -- bytes that are passed over in the time of a step

-- To find where an entry of so many bytes ends is to go through it.
local function note(size, work)
  work:step(size // STEP + 1)
end

-- Bytes that a value of this size needs to be worth showing, at most `limit` or little more.
local function need_of(raw, size, limit, depth, work)
  if size <= SHOWN then return size end
  local kind = raw:kind()
  if kind == "string" then return is_url(raw, size) and size or SHOWN + MARK end
  if not is_container(kind) or depth > DEEPEST then return SHOWN end
  local need = 2
  for key, part in raw:pairs() do
    local part_size = part:size()
    note(part_size, work)
    need = need + #label_of(key) + 1 + need_of(part, part_size, limit - need, depth + 1, work)
    if need >= limit then return limit end
  end
  return need
end

local function cut_string(raw, budget)
  local value = raw:beginning(math.max(0, budget) + LONGEST_CHARACTER)
  local mark = ("… [%d bytes in all]"):format(raw:size() - 2) -- as JSON: the rest is not looked at
  local keep = math.max(0, budget - #mark - 2) --[[@as integer]]
  local text
  repeat -- escapes take more room than the characters
    text = json.encode(codec.utf8_cut(value, keep) .. mark)
    keep = keep // 2
  until #text <= budget or keep == 0
  return text
end

-- The first entries, as many as `budget` bytes may show; how many there are, and whether more than that were not counted.
local function entries_of(raw, budget, work)
  local list, count, least, most = {}, 0, 0, math.min(MOST_ENTRIES, budget // 2 + 1)
  for key, part in raw:pairs() do
    if count == most then return list, count, true end
    local part_size = part:size()
    note(part_size, work)
    count = count + 1
    if least <= budget then
      local label = label_of(key)
      local size = #label + 1 + part_size
      list[count] = { label = label, raw = part, size = size }
      least = least + math.min(size, SHOWN)
    end
  end
  return list, count, false
end

-- Bytes that an entry needs, with its label.
local function need_in(entry, depth, work)
  local beside = #entry.label + 1
  return math.min(entry.size, beside + need_of(entry.raw, entry.size - beside, ENTRY, depth, work))
end

-- How many of the entries are shown, and what is left of the budget beyond their needs.
local function shown(list, budget, depth, more, work)
  local needs, fitting, left_of_fitting = 2, 0, budget
  for i, entry in ipairs(list) do
    local size = entry.size
    entry.need = size <= SHOWN and size or need_in(entry, depth + 1, work)
    needs = needs + entry.need
    if needs <= budget - MARK then fitting, left_of_fitting = i, budget - MARK - needs end
    if needs > budget then return fitting, left_of_fitting end
  end
  if more then return fitting, left_of_fitting end
  return #list, budget - needs
end

---@class abridge.Entry
---@field label string
---@field raw core.json.Raw
---@field size integer
---@field need integer
---@field share integer   once it was given

-- Gives each entry its need, and the rest to all alike, but to none more than it can use.
local function share_out(list, count, left, most)
  local order = {}
  for i = 1, count do
    local entry = list[i]
    entry.share = entry.size
    if entry.need < entry.size then order[#order + 1] = entry end
  end
  table.sort(order, function(a, b) return a.size - a.need < b.size - b.need end)
  for i, entry in ipairs(order) do
    local more = math.min(entry.size - entry.need, left // (#order - i + 1))
    left = left - more
    entry.share = entry.need + more
    if entry.share < entry.size and most then entry.share = math.min(entry.share, most) end
  end
end

-- The members that are whole, then those that are cut: names before payloads.
local function whole_first(list, count)
  local order, cut = {}, {}
  for i = 1, count do
    local entry = list[i]
    table.insert(entry.share < entry.size and cut or order, entry)
  end
  return table.move(cut, 1, #cut, #order + 1, order)
end

local function mark_of(count, kind)
  local text = count and ("… %d more"):format(count) or "… and more"
  return (kind == "object" and '"…":' or "") .. json.encode(text)
end

local shortened ---@type fun(raw: core.json.Raw, budget: integer, depth: integer, options: AbridgeRun): string

local function cut_entries(raw, kind, budget, depth, options)
  local list, all, more = entries_of(raw, budget, options.work)
  ---@cast list abridge.Entry[]
  local count, left = shown(list, budget, depth, more or all > #list, options.work)
  local hidden = all - count
  share_out(list, count, left, options.most)
  if kind == "object" and not options.plain then list = whole_first(list, count) end
  local parts = {}
  for i = 1, count do
    local entry = list[i] --[[@as abridge.Entry]]
    local whole = entry.share == entry.size
    parts[i] = entry.label .. (whole and entry.raw:text() or shortened(entry.raw, entry.share - #entry.label - 1, depth + 1, options))
  end
  if (hidden > 0 or more) and not options.plain then parts[count + 1] = mark_of(not more and hidden or nil, kind) end
  local open, close = kind == "object" and "{" or "[", kind == "object" and "}" or "]"
  return open .. table.concat(parts, ",") .. close
end

function shortened(raw, budget, depth, options)
  if raw:size() <= budget then return raw:text() end
  local kind = raw:kind()
  if kind == "string" then return is_url(raw, raw:size()) and raw:text() or cut_string(raw, budget) end
  if not is_container(kind) then return raw:size() <= SHOWN and raw:text() or "null" end
  if depth > DEEPEST then return kind == "object" and "{}" or "[]" end
  return cut_entries(raw, kind, budget, depth, options)
end

--- The JSON in about `budget` bytes; a little more where there is much of what is never cut.
---@param raw core.json.Raw
---@param budget integer
---@param options? AbridgeOptions
---@return string text  JSON
---@return boolean cut  whether anything was left out
function M.text(raw, budget, options)
  if raw:size() <= budget then return raw:text(), false end
  options = options or {}
  local run = { plain = options.plain, most = options.most, work = meter.new { shielded = true } }
  return shortened(raw, budget, 1, run), true
end

return M
