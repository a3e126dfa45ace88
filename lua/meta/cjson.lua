---@meta cjson

--- lua-cjson 2.1's interface, in recipes, scripts and `rcmcp lua`: `require "cjson"`; `require "cjson.safe"` returns nil and the
--- message where `cjson` raises.  It stands on the codec of `rc.json`, without lua-cjson's losses: integers of any size and
--- floats (1.0) stay what they are, `[]` stays an array, members keep their order, text that is no UTF-8 is refused.
---
--- Each setting is set with a value, and returned; without one it is only returned.  `on` and `off` stand for true and false.
---@class cjson
---@field _NAME string
---@field _VERSION string      "2.1.0"
---@field null lightuserdata   JSON null, the same as rc.null
---@field empty_array userdata encodes as []
---@field array_mt table       metatable of tables that are arrays, with null for holes
---@field empty_array_mt table metatable of tables that are arrays where they are empty
local cjson = {}

--- A new instance with settings of its own.
---@return cjson
function cjson.new() end

---@param value any
---@return string text
function cjson.encode(value) end

---@param text string
---@return any value
function cjson.decode(text) end

--- How arrays with holes are written: null for each; where they are many (more than `safe` places, more than `ratio` to an
--- entry) an error, or an object with `convert`.
---@param convert? boolean|"on"|"off"  default false
---@param ratio? integer               default 2; 0: never too many
---@param safe? integer                default 10
---@return boolean convert, integer ratio, integer safe
function cjson.encode_sparse_array(convert, ratio, safe) end

---@param depth? integer  default 1000
---@return integer
function cjson.encode_max_depth(depth) end

---@param depth? integer  default 1000
---@return integer
function cjson.decode_max_depth(depth) end

--- Significant digits of floats: 1 to 16, or 17, the default: all of them, and 7.0 stays 7.0.
---@param precision? integer
---@return integer
function cjson.encode_number_precision(precision) end

--- Has no effect: a buffer lasts as long as its call.
---@param keep? boolean|"on"|"off"
---@return boolean
function cjson.encode_keep_buffer(keep) end

--- NaN and infinity: an error (false, the default), written as such (true), or as null.
---@param setting? boolean|"null"|"on"|"off"
---@return boolean|"null"
function cjson.encode_invalid_numbers(setting) end

--- Whether NaN, infinity, hexadecimal numbers and zeros in front are read; default true.
---@param setting? boolean|"on"|"off"
---@return boolean
function cjson.decode_invalid_numbers(setting) end

--- Default true.
---@param setting? boolean|"on"|"off"
---@return boolean
function cjson.encode_empty_table_as_object(setting) end

--- Default true: \/.
---@param setting? boolean|"on"|"off"
---@return boolean
function cjson.encode_escape_forward_slash(setting) end

--- Whether functions and the like are left out instead of raising; default false.
---@param setting? boolean|"on"|"off"
---@return boolean
function cjson.encode_skip_unsupported_value_types(setting) end

--- What each level is indented with; default "": all on one line.
---@param indent? string
---@return string
function cjson.encode_indent(indent) end

--- Whether decoded arrays have the metatable `array_mt`; default false.
---@param setting? boolean|"on"|"off"
---@return boolean
function cjson.decode_array_with_array_mt(setting) end

--- Whether // and /* */ are skipped; default false.
---@param setting? boolean|"on"|"off"
---@return boolean
function cjson.decode_allow_comment(setting) end

return cjson
