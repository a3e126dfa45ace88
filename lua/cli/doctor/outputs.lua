--- Where downloads go: whether the folder is there or can be made, may be written to, and has room.

local exit_status = require "cli.shared.exit_status"
local fs = require "core.fs"
local home = require "lib.home"

local LITTLE = 1 << 30 -- bytes: a video or two

local function failed(text, advice)
  return { name = "outputs", ok = false, text = text, advice = advice, status = exit_status.tool_error }
end

local function shown_size(bytes)
  if bytes >= 10 * LITTLE then return ("%d GB"):format(bytes // 1000000000) end
  return ("%.1f GB"):format(bytes / 1e9)
end

return {
  ---@param app App
  ---@return Check
  check = function(app)
    local folder, message = home.expand(app.settings.output_folder or "~/rcmcp-outputs")
    if not folder then return failed(message, "Set output_folder (RCMCP_OUTPUT_FOLDER).") end
    local place, problem = require("lib.output_folder").place(folder)
    if not place then return failed(problem, "Set output_folder (RCMCP_OUTPUT_FOLDER), or let this user write there.") end
    local free
    free, problem = fs.space(place)
    if not free then return failed(problem) end
    local text = ("%s%s; %s free"):format(folder, place == folder and "" or " (the first download makes it)", shown_size(free))
    if free < LITTLE then return failed(text, "Make room, or set output_folder (RCMCP_OUTPUT_FOLDER).") end
    return { name = "outputs", ok = true, text = text }
  end,
}
