--- The MCP server of a program: its tools and recipes, for the account of the moment.

local host = require "core.host"
local server = require "lib.mcp.server"

local M = {}

M.INSTRUCTIONS = "Drives RunComfy Serverless deployments: ComfyUI workflows on cloud GPUs. Running requests cost the user "
  .. "money. Begin with list_deployments; get_deployment with include_payload=true shows a workflow's nodes and inputs. "
  .. "submit_request sends one request; change inputs through overrides by node id. A cold start takes minutes: wait with "
  .. "wait_for_completion=true, and when the result says pending, ask get_request_status with the ids in it instead of "
  .. "submitting again; a recipe that says pending goes on: call it again with the same arguments, or run_recipe with collect. "
  .. "get_request_result gives the outputs' URLs, kept for seven days."

local function instructions(app)
  if not app.simulated then return M.INSTRUCTIONS end
  return require("lib.app.simulated").INSTRUCTIONS .. "\n\n" .. M.INSTRUCTIONS
end

---@param app App
---@return Server
function M.new(app)
  local recipes = app:may_have_recipes()
  local live = recipes and app.settings.hot_reload
  if recipes then require("lib.recipes.rc.lines").limit(true) end
  local instance ---@type Server
  instance = server.new {
    open = app:opener(function(snapshot) instance:tools_changed(snapshot) end),
    version = host.version,
    title = "RunComfy",
    instructions = instructions(app),
    list_changed = live,
    ttl_ms = live and 0 or nil,
    offers = { prompts = recipes, resources = recipes },
    account = function() return app:account() end,
    patience = function(client, listens)
      return require("lib.mcp.patience").seconds(app.settings.wait_slice, client, listens)
    end,
  }
  return instance
end

return M
