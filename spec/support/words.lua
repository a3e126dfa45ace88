--- Words that invite a reader to send a paid request once more.

local M = {}

local INVITES = { "again", "retry", "retri", "resubmit", "re%-submit", "resend", "repeat", "once more", "another time",
  "anew", "a new request", "submitting the same" }

-- What makes such a word harmless, before it in its sentence: that it is denied, or that one shall look first.
local GUARDS = { "not ", "never", "look", "no request", "shows", "tells", "instead of" }

-- A long foreign text in a message is not ours.
local function sentences(text)
  local list = {}
  for sentence in (text .. "\n"):gmatch "[^\n]*" do
    for part in (sentence:gsub("([.!?]) ", "%1\n") .. "\n"):gmatch "([^\n]+)\n" do list[#list + 1] = part end
  end
  return list
end

local function is_guarded(sentence, at)
  for _, guard in ipairs(GUARDS) do
    local first = sentence:find(guard, 1, true)
    if first and first < at then return true end
  end
  return false
end

--- The first sentence that invites to repeat, without having said to look first; nil: none.
---@param text string
---@return string? sentence
function M.invitation(text)
  for _, sentence in ipairs(sentences(text)) do
    local lower = sentence:lower()
    for _, word in ipairs(INVITES) do
      local at = lower:find(word)
      if at and not is_guarded(lower, at) then return sentence end
    end
  end
end

return M
