--- From the tree of a regular expression to the program that an automaton runs: a list of instructions, of which `set`
--- takes a character, `split` and `jump` lead on, and the others assert something about the place.  Its end is the match.

local M = {}

local MAX_SIZE = 10000 -- instructions; {n,m} unfolds

-- Size ---------------------------------------------------------------------------------------------

local size ---@type fun(node: table): integer

local SIZE = {}

function SIZE.sequence(node)
  local sum = 0
  for _, child in ipairs(node) do sum = sum + size(child) end
  return sum
end

function SIZE.alternatives(node)
  return SIZE.sequence(node) + 2 * (#node - 1)
end

SIZE["repeat"] = function(node)
  local one = size(node[1])
  if one == 0 then return 0 end
  local optional = node.high == math.huge and one + 2 or (node.high - node.low) * (one + 1)
  return node.low * one + optional
end

function size(node)
  local special = SIZE[node.op]
  return special and special(node) or 1
end

--- Checks that the program of a tree is not too large, without making it.  Raises `{ regex = message }`.
---@param tree table
function M.check_size(tree)
  if size(tree) > MAX_SIZE then error({ regex = "the pattern is too large: over " .. MAX_SIZE .. " steps" }, 0) end
end

-- Instructions -------------------------------------------------------------------------------------

local emit ---@type fun(program: table, node: table)

local function push(program, instruction)
  program[#program + 1] = instruction
  return instruction
end

local EMIT = {}

function EMIT.sequence(program, node)
  for _, child in ipairs(node) do emit(program, child) end
end

function EMIT.alternatives(program, node)
  local jumps = {}
  for i, child in ipairs(node) do
    local split = i < #node and push(program, { op = "split", #program + 2 })
    emit(program, child)
    if split then
      jumps[#jumps + 1] = push(program, { op = "jump" })
      split[2] = #program + 1
    end
  end
  for _, jump in ipairs(jumps) do jump[1] = #program + 1 end
end

EMIT["repeat"] = function(program, node)
  if size(node[1]) == 0 then return end -- nothing, however often
  for _ = 1, node.low do emit(program, node[1]) end
  if node.high == math.huge then
    local split = push(program, { op = "split", #program + 2 })
    local back = #program
    emit(program, node[1])
    push(program, { op = "jump", back })
    split[2] = #program + 1
    return
  end
  local splits = {}
  for _ = node.low + 1, node.high do
    splits[#splits + 1] = push(program, { op = "split", #program + 2 })
    emit(program, node[1])
  end
  for _, split in ipairs(splits) do split[2] = #program + 1 end
end

function emit(program, node)
  local special = EMIT[node.op]
  if special then special(program, node) else push(program, node) end
end

--- The program of a tree whose size was checked.
---@param tree table
---@return table[] program
function M.of(tree)
  local program = {}
  emit(program, tree)
  return program
end

return M
