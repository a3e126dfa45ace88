---@meta core.png
--- Images of the simulator.

---@class core.png
local png = {}

--- Encodes 8-bit RGB pixels.  `text` becomes tEXt chunks before the image's data, in the order given: pairs of a
--- keyword (1 to 79 bytes) and a value of any length, neither with zero bytes.
---@param width integer                1 to 16,384
---@param height integer               1 to 16,384
---@param pixels string                rows from the top, width * height * 3 bytes
---@param text? { [1]: string, [2]: string }[]
---@return string|nil png, string? message, string? code
function png.encode(width, height, pixels, text) end

return png
