---@meta core.codec
--- Bytes and text.

---@class core.codec
local codec = {}

---@param bytes string
---@return string
function codec.base64_encode(bytes) end

--- Standard alphabet with padding; nothing else in the text, not even white space.
---@param text string
---@return string? bytes, string? message
function codec.base64_decode(text) end

--- Whether a string is valid UTF-8 (no surrogates, no overlong forms).
---@param text string
---@return boolean
function codec.is_utf8(text) end

--- The first `count` characters of a UTF-8 text, and whether that is less than all.  A byte that is not
--- UTF-8 counts as a character.
---@param text string
---@param count integer
---@return string head, boolean cut
function codec.utf8_head(text, count) end

--- A text that JSON can carry: U+FFFD stands for each piece that is no UTF-8, such as a character that was cut.
---@param text string
---@return string
function codec.utf8_clean(text) end

--- The text up to a number of bytes, cut between characters, and whether that is less than all.
---@param text string
---@param bytes integer
---@return string head, boolean cut
function codec.utf8_cut(text, bytes) end

--- The UTF-8 of UTF-16 without a byte order mark; where a surrogate stands alone or a byte is left over: nil, the text
--- before that place, and the place's offset in bytes.
---@param bytes string
---@param big_endian boolean
---@return string? text, string? before, integer? offset
function codec.utf16_decode(bytes, big_endian) end

--- Percent-encodes all but RFC 3986's unreserved characters.
---@param text string
---@return string
function codec.percent_encode(text) end

--- Decodes percent escapes; nil where one is malformed.
---@param text string
---@return string?
function codec.percent_decode(text) end

--- SHA-256 in lower-case hexadecimal digits: 200 MB take about a second.
---@param bytes string
---@return string
function codec.sha256(bytes) end

return codec
