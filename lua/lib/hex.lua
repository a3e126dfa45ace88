--- Bytes as hexadecimal digits, two each.

---@param bytes string
---@return string
return function(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end
