--- Numbers the effects of a call: the same code that gets the same answers makes the same effects under the same keys, in whatever
--- order those that run beside each other come.
---
--- The code of a call runs in branches: the function itself, each function of a group (`rc.all`, `rc.map`), each clean-up.  Each
--- branch counts its own effects; what it begins has a path of its own below it.  A coroutine of the recipe belongs to the branch
--- that resumes it, which waits meanwhile.

local coroutines = require "lib.recipes.load.coroutines"

local M = {}

---@class rc.Branch
---@field path string   "" of the function; below it "2:1", the first function of the group that is its second number
---@field seq integer   the last number given
---@field named? integer   objects that it was the first to name: see lib.recipes.load.names
---@field generator? table  of its math.random

local by_thread = setmetatable({}, { __mode = "k" }) ---@type table<thread, rc.Branch>

--- The branch that runs now.
---@return rc.Branch
function M.branch()
  local thread = coroutines.thread()
  local branch = by_thread[thread]
  if not branch then
    branch = { path = "", seq = 0 }
    by_thread[thread] = branch
  end
  return branch
end

local function next_number(branch)
  branch.seq = branch.seq + 1
  return branch.seq
end

--- An effect of the code that runs now, or, of a state that has `numbers` of its own, of what the host does there.
---@param state rc.State
---@param kind EffectKind
---@param name string
---@param input any  plain
---@return Effect
function M.effect(state, kind, name, input)
  local branch = state.numbers or M.branch()
  return { call = state.call_id, branch = branch.path, seq = next_number(branch), kind = kind, name = name, input = input }
end

--- The path of something that the code which runs now begins: a group, a clean-up.
---@return string
function M.fork()
  local branch = M.branch()
  local number = next_number(branch)
  return branch.path == "" and tostring(number) or branch.path .. "/" .. number
end

--- What the fiber runs from now on is this branch.
---@param path string
function M.enter(path)
  by_thread[coroutines.thread()] = { path = path, seq = 0 }
end

local function entered(path, fn)
  M.enter(path)
  fn()
end

--- Runs `fn` as a branch of its own, in the midst of the one that runs; raises nothing.
---@param path string
---@param fn fun()
---@return boolean ok, any err
function M.within(path, fn)
  local thread = coroutines.thread()
  local outer = by_thread[thread]
  local ok, err = pcall(entered, path, fn)
  by_thread[thread] = outer
  return ok, err
end

return M
