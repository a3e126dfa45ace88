--- A node that gives a text: the inputs that it takes its text from, by their names.

local names = require "lib.workflow.names"

local M = {}

local contains_any = names.contains_any

-- Names --------------------------------------------------------------------------------------------------

-- Nothing but how texts are put together.
local GLUE = { "name", "type", "path", "file", "folder", "directory", "device", "dtype",
  "delim", "separat", "find", "replace", "regex", "mode", "style", "action", "encoding", "title", "case", "tidy", "clean",
  "insert_lora", "insert_embedding", "insert_saved" }

-- Links that tell nothing of what flows through them, and set how a text is chosen.  Others may be who writes it.
local SETTINGS = {}
for name in ([[index idx start select selection choice boolean bool switch condition line row column position number int integer
  float enabled enable trigger signal run delay flow any_list list optional after wait]]):gmatch "%S+" do
  SETTINGS[name] = true
end

local WORDY = { "text", "prompt", "string", "word", "sentence", "phrase", "caption", "content", "multiline" }
local NO_WORDS = { "url", "uri", "http", "id", "key", "code", "script", "expression", "formula", "query", "category", "artist", "format",
  "date", "model", "image", "video", "audio", "option", "choice", "select", "preset", "picker", "random", "json", "yaml", "index" }
local WORDY_CLASSES = { "text", "string", "prompt", "words", "literal", "sentence", "multiline", "note" }
local PICKERS = { "random", "pick", "select", "choose", "style", "preset", "fetch", "load", "builder", "generat", "library", "template",
  "gallery", "history", "read", "civitai" }

-- Whether the only text of a node, under a name that is none of the usual ones, is what people write: the name says so, or
-- the class does and the name says nothing else.
local function is_wordy(node, name)
  local short = names.normal(name)
  if short:find("[\x80-\xFF]") then return true end
  local marked = "_" .. short .. "_"
  for _, word in ipairs(NO_WORDS) do
    if marked:find("_" .. word .. "_", 1, true) then return false end
  end
  if contains_any(short, WORDY) then return true end
  local class = node.class:sub(1, 64):lower()
  return contains_any(class, WORDY_CLASSES) and not contains_any(class, PICKERS)
end

-- A text that is put in for a part of another.
local function is_insert(name)
  return names.normal(name):find("replace", 1, true) ~= nil
end

-- Inputs -------------------------------------------------------------------------------------------------

local MOST_CHOICES = 2 -- further strings of a text node; one with more puts its text together of what is chosen

-- Without those for the other side, where a node has more than one text.
---@param texts string[]
---@param side "prompt"|"negative"
---@return string[]
local function for_side(texts, side)
  local list, other = {}, side == "negative" and "positive" or "negative"
  for _, name in ipairs(texts) do
    if names.words(name) ~= other then list[#list + 1] = name end
  end
  return list
end

--- The inputs by which a text node gets its text; whether it puts them together with much that is chosen besides.
---@param node workflow.Node
---@param side "prompt"|"negative"
---@return string[] list, boolean chosen
function M.inputs(node, side)
  local texts, strings, links, shows = {}, {}, {}, names.shows(node.class) ---@type string[], string[], string[], boolean
  for _, name in ipairs(node.names) do
    local value, link = node.inputs[name], node.links[name]
    if (link or type(value) == "string" and not shows) and not contains_any(names.normal(name), GLUE) then
      table.insert(names.is_text(name) and texts or link and links or strings, name)
    end
  end
  local chosen = #strings > MOST_CHOICES
  if #texts + #strings > 1 then texts = for_side(texts, side) end
  if #texts > 0 then return texts, chosen end
  if #links == 1 and #strings == 0 then return links, false end
  return #links == 0 and #strings == 1 and is_wordy(node, strings[1]) and strings or {}, false
end

--- Of a node whose texts are for two sides, those that the side of an output takes; nil: it is no such node.
---@param node workflow.Node
---@param side "prompt"|"negative"
---@param slot integer
---@return string[]|nil
function M.of_side(node, side, slot)
  local sides = { positive = {}, negative = {} }
  for _, name in ipairs(node.names) do
    local kind = names.words(name)
    if sides[kind] then table.insert(sides[kind], name) end
  end
  if #sides.positive == 0 or #sides.negative == 0 then return nil end
  local own = side == "negative" and "negative" or "positive"
  if #sides.positive == 1 and #sides.negative == 1 and slot <= 1 and slot ~= (own == "negative" and 1 or 0) then return {} end
  return sides[own]
end

--- Where a text is put in for a part of another, from a node of its own, both: which are the words, nobody knows.
---@param node workflow.Node
---@param side "prompt"|"negative"
---@return string[]|nil
function M.inserted(node, side)
  local list = nil
  for _, name in ipairs(node.names) do
    if node.links[name] and is_insert(name) then
      list = list or M.inputs(node, side)
      list[#list + 1] = name
    end
  end
  return list
end

-- Writers ------------------------------------------------------------------------------------------------

local MEDIA = { media = true, model = true, mask = true }
local ORDERS = { temperature = true, max_tokens = true, system_prompt = true }

local function has_text(node)
  for _, name in ipairs(node.names) do
    if names.is_text(name) and (node.links[name] or type(node.inputs[name]) == "string") then return true end
  end
  return false
end

-- Whether a link beside the text may be who writes it: an agent, a client, a model under a name of its own.
local function may_write(node, name)
  return names.edge(name) == "unknown" and not names.is_text(name) and not SETTINGS[names.normal(name)] and not is_insert(name)
    and has_text(node)
end

--- Whether a node writes its text itself instead of handing it on.
---@param node workflow.Node
---@return boolean
function M.writes(node)
  if names.writes(node.class) or names.looks(node.class) then return true end
  for _, name in ipairs(node.names) do
    local lower = name:lower()
    if node.links[name] and (MEDIA[names.edge(name)] and lower ~= "clip" or may_write(node, name)) or ORDERS[lower] then return true end
  end
  return false
end

return M
