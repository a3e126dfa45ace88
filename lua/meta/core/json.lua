---@meta core.json
--- JSON without losses.

---@class core.json
---@field null lightuserdata   JSON null; equal to itself only
---@field array table          metatable of arrays: setmetatable({}, json.array) encodes as []
local json = {}

--- Text to value.  Objects are tables that remember the order of their members for `encode` (in a hidden
--- metatable; of a repeated key the first place and the last value); arrays carry the metatable `json.array`;
--- integers within 64 bits signed are integers, other numbers without fraction and exponent are boxed
--- (`json.integer`) and keep their digits, all else are floats (-0.0 keeps its sign, -0 is the integer 0); null is
--- `json.null`.  Strict RFC 8259 and UTF-8; a number that a float cannot hold (1e999) is boxed too.
---@param text string
---@param lenient? boolean  takes "\\ud83e", half a surrogate pair, as U+FFFD: what a client makes of a cut text
---@return any value, string? message  nil and "line 3, column 14: …" when it is no JSON
function json.decode(text, lenient) end

--- What a JSON-RPC message is that may be no JSON, nested too deep or cut off, by the members of its outermost
--- object; in linear time and without memory.
---@param text string
---@return "request"|"notification"|"response"|"unknown" kind
---@return string? id  of a request, as it was written
function json.envelope(text) end

--- Value to text.  Members of decoded objects keep their places (also one that was removed and comes back),
--- new ones follow, sorted; `json.ordered` gives an order by hand; all else is sorted bytewise.  Integer keys
--- beside string keys become decimal strings; an empty table without metatable is {}; tables are read raw.  Floats
--- keep a fraction or an exponent (1.0).  Raises on what JSON cannot say (functions, NaN, invalid UTF-8, cycles,
--- sparse arrays, depth over 1,000), naming the place: "at .overrides.6: …".  In a slice of a budget, what is
--- written counts as the budget's memory, and it can be stopped.
---@param value any
---@param most? integer  bytes that the text may have; raises where it would be longer
---@return string text
function json.encode(value, most) end

--- As `encode`, in a coroutine of the host's, which yields nothing after every so many values and keys; what it has not come
--- to yet may change meanwhile.  See lib.async.long_json, which lets the loop turn then.
---@async
---@param value any
---@param steps integer
---@param most? integer  as encode's
---@return string text
function json.encode_in_steps(value, steps, most) end

--- A value with U+FFFD in place of what is no UTF-8 in its texts and keys: itself where there is none, which costs a fraction
--- of `encode`; else with copies of the tables that lead to it, and only of those.  Orders and arrays stay.  A value
--- of more than 1,000 levels, which `encode` refuses, stays as it is.  In a slice of a budget it can be stopped.
---@generic T
---@param value T
---@return T
function json.clean(value) end

--- Makes a metatable one whose tables `encode` takes as arrays, as it does those with `json.array`.
---@param meta table
---@param if_empty? boolean  only those that are empty
function json.mark_arrays(meta, if_empty) end

--- An exact integer of any size, from its digits: tostring, == (with its like) and < work, encode writes the
--- digits.
--- Within the range of Lua's integers it returns a plain integer.
---@param digits string
---@return integer|core.json.Integer
function json.integer(digits) end

--- Marks a table as an array (also an empty one) and returns it.
---@generic T: table
---@param list? T
---@return T
function json.as_array(list) end

--- Sets the order in which the keys of a table are written; keys not named follow, sorted.  Tables may share
--- a list (cheapest); it must not change afterwards.
---@generic T: table
---@param keys string[]
---@param object T
---@return T
function json.ordered(keys, object) end

--- A copy of the list of keys that gives a table its order (`decode` or `ordered`), nil if it has none.
---@param object table
---@return string[]?
function json.order(object) end

--- Whether a table has an order.
---@param object any
---@return boolean
function json.has_order(object) end

--- Gives `copy` the order of `model`, or makes it an array as that is; returns it.
---@generic T: table
---@param model table
---@param copy T
---@return T
function json.like(model, copy) end

--- Lets members that an object has not be read from `index(object, key)`; its order stays, copies made with `like` have
--- it, but not the guard.  The object must have no metatable but that of an order.
---@generic T: table
---@param object T
---@param index fun(object: table, key: any): any
---@return T
function json.guard(object, index) end

--- Checks JSON text and keeps it as bytes, white space removed, for `encode` to write unchanged.
---@param text string
---@return core.json.Raw? raw, string? message
function json.raw(text) end

--- Makes JSON of text that is nearly JSON: NaN, Infinity and -Infinity become null, halves of surrogate pairs and
--- bytes that are no UTF-8 U+FFFD, control characters in strings escapes; a byte order mark goes.  nil where there
--- was none of this.
---@param text string
---@return string? text     may still be no JSON, for other reasons
---@return integer? count   how many repairs
---@return string? first    what the first was: "NaN"
---@return string? place    where: "line 1, column 512"
function json.repair(text) end

--- Makes JSON of text that is JSON up to some place, or that is nested too deep: what stands before the place is kept,
--- without an entry that is not whole, and closed; what lies deeper than `depth` becomes null.  In linear time.  nil where not
--- one value of an object or array is whole.
---@param text string
---@param depth integer   1 to 1000
---@return string? text
---@return string? problem  what is wrong at the place, and where: "line 1, column 512: …"; nil: nothing
---@return integer? deep    how many values became null
function json.salvage(text, depth) end

---@class core.json.Integer

---@class core.json.Raw
local Raw = {}

--- The text: compact JSON.  tostring gives it too.
---@return string
function Raw:text() end

--- Whether its text is that one; copies nothing.
---@param text string
---@return boolean
function Raw:is(text) end

---@return "object"|"array"|"string"|"number"|"boolean"|"null"
function Raw:kind() end

--- Bytes of the text.
---@return integer
function Raw:size() end

--- Of a string the first bytes of its value, which may end within a character.
---@param most integer
---@return string
function Raw:beginning(most) end

--- How deep arrays and objects are nested in the text that it is a part of; 0: none.
---@return integer
function Raw:depth() end

--- The part that a path of keys and 1-based indexes leads to, without decoding; nil where there is none.
--- Of duplicate keys the last counts, as in `decode`.
---@param ... string|integer
---@return core.json.Raw?
function Raw:get(...) end

--- The members of an object that have these names, in one pass; {} for others than objects.  Of duplicate keys the last counts.
---@param wanted table<string, any>  names to anything but nil
---@return table<string, core.json.Raw>
function Raw:members(wanted) end

--- Decodes the part that a path leads to (all of it without one); nil where there is none.
---@param ... string|integer
---@return any
function Raw:value(...) end

--- The keys of the object that a path leads to, sorted bytewise, each once; nil where there is none.
---@param ... string|integer
---@return string[]?
function Raw:keys(...) end

--- Iterates an object (key, Raw; duplicates too) or an array (index, Raw) in document order.  Raises for others.
---@return fun(): string|integer|nil, core.json.Raw?
function Raw:pairs() end

--- A plain value as bytes, for another process of the same program: the same bytes for the same value.  Besides what JSON has: floats
--- that are none of its numbers, strings of any bytes, tables with integer keys or with both kinds, and nil as the whole value.
---@param value any
---@param most? integer  bytes that it may have
---@return string bytes
function json.pack(value, most) end

--- The value of bytes that `pack` has made.  Others are refused: what is read packs to the same bytes.
---@param bytes string
---@param values integer  how many there may be in it, keys included
---@return any value, string? message  nil and "byte 17: …"
function json.unpack(bytes, values) end

--- The same in a coroutine of the host's, which yields each time after about so many values.
---@param bytes string
---@param values integer
---@param steps integer
---@return any value, string? message
function json.unpack_in_steps(bytes, values, steps) end

return json
