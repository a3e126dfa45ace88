---@meta core.sandbox
--- What of Lua's own library gives another result in each process, as recipes have it.  Once this is loaded, tables, functions
--- and coroutines are numbered as they are made.

---@class core.sandbox
local sandbox = {}

--- As `pairs`, in the order of `src/sandbox/order.h`.
---@param object any
---@return function iterator, any object, nil first
function sandbox.pairs(object) end

--- A `next` in that order, which remembers where it is in each table.
---@return fun(object: table, key: any?): any, any
function sandbox.new_next() end

--- As `table.sort`; what compares equal keeps its order.
---@param list table
---@param before? fun(a: any, b: any): boolean
function sandbox.sort(list, before) end

--- Sets what numbers objects for `tostring` and `string.format` in slices.
---@param number_of fun(object: any): integer
function sandbox.set_numbering(number_of) end

return sandbox
