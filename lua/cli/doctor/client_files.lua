--- Where MCP clients keep their servers.  The files are other programs' own: they are read, never written.

local home = require "lib.home"

local M = {}

-- Below the home folder; "APP" is where programs of the desktop keep their settings.
local PLACES = {
  { "Claude Code", "~/.claude.json" }, { "Claude Desktop", "APP/Claude/claude_desktop_config.json" },
  { "Cursor", "~/.cursor/mcp.json" }, { "VS Code", "APP/Code/User/mcp.json" }, { "VS Code Insiders", "APP/Code - Insiders/User/mcp.json" },
  { "VS Code (remote)", "~/.vscode-server/data/User/mcp.json" }, { "Windsurf", "~/.codeium/windsurf/mcp_config.json" },
  { "Windsurf (JetBrains)", "~/.codeium/mcp_config.json" }, { "Codex", "~/.codex/config.toml" },
  { "Gemini CLI", "~/.gemini/settings.json" }, { "Antigravity", "~/.gemini/antigravity/mcp_config.json" },
  { "Zed", "~/.config/zed/settings.json" }, { "Goose", "~/.config/goose/config.yaml" }, { "LM Studio", "~/.lmstudio/mcp.json" },
  { "opencode", "~/.config/opencode/opencode.json" }, { "Copilot CLI", "~/.copilot/mcp-config.json" },
  { "Cline", "APP/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json" },
  { "Kiro", "~/.kiro/settings/mcp.json" }, { "Kimi", "~/.kimi/mcp.json" }, { "Factory", "~/.factory/mcp.json" },
  { "Qoder", "~/.qoder/mcp.json" }, { "Amazon Q", "~/.aws/amazonq/mcp.json" }, { "Continue", "~/.continue/config.yaml" },
  { "Amp", "~/.config/amp/settings.json" }, { "Trae", "APP/Trae/User/mcp.json" }, { "Mistral Vibe", "~/.vibe/config.toml" },
}

local PROJECT = { { "Claude Code (project)", ".mcp.json" }, { "Cursor (project)", ".cursor/mcp.json" }, { "VS Code (project)",
  ".vscode/mcp.json" } }

local function app_folders(folder, env)
  local config = env("XDG_CONFIG_HOME")
  return { (config and config:sub(1, 1) == "/" and config) or folder .. "/.config", folder .. "/Library/Application Support" }
end

local function add(list, client, path)
  list[#list + 1] = { client = client, path = path }
end

---@class ClientFile
---@field client string
---@field path string

--- All files that are looked at.
---@param env? fun(name: string): string?
---@return ClientFile[]
function M.list(env)
  env = env or os.getenv
  local list, folder = {}, home.folder(env)
  for _, entry in ipairs(folder and PLACES or {}) do
    local client, path = entry[1], entry[2]
    if path:sub(1, 4) == "APP/" then
      for _, app in ipairs(app_folders(folder, env)) do add(list, client, app .. path:sub(4)) end
    elseif client == "Codex" and (env("CODEX_HOME") or "") ~= "" then
      add(list, client, env("CODEX_HOME") .. "/config.toml")
    else
      add(list, client, folder .. path:sub(2))
    end
  end
  for _, entry in ipairs(PROJECT) do add(list, entry[1], entry[2]) end
  return list
end

return M
