--- What kind of file some bytes are, by how they begin.

local M = {}

local function at(bytes, offset, magic)
  return bytes:sub(offset + 1, offset + #magic) == magic
end

local PREFIXES = {
  { "\x89PNG\r\n\x1A\n", "image/png" }, { "\xFF\xD8\xFF", "image/jpeg" }, { "GIF87a", "image/gif" }, { "GIF89a", "image/gif" },
  { "BM", "image/bmp" }, { "II*\0", "image/tiff" }, { "MM\0*", "image/tiff" }, { "OggS", "audio/ogg" }, { "fLaC", "audio/flac" },
  { "ID3", "audio/mpeg" }, { "\x1A\x45\xDF\xA3", "video/webm" }, { "%PDF-", "application/pdf" }, { "PK\3\4", "application/zip" },
  { "\x1F\x8B", "application/gzip" }, { "glTF", "model/gltf-binary" }, { "#?RADIANCE", "image/vnd.radiance" },
  { "\x76\x2F\x31\x01", "image/x-exr" },
}

local RIFF = { WEBP = "image/webp", ["WAVE"] = "audio/wav", ["AVI "] = "video/x-msvideo" }

-- Brands of ISO files; those not named are MP4 videos.
local BRANDS = {
  avif = "image/avif", avis = "image/avif", heic = "image/heic", heix = "image/heic", mif1 = "image/heif", msf1 = "image/heif",
  ["M4A "] = "audio/mp4", ["M4B "] = "audio/mp4", ["qt  "] = "video/quicktime",
}

local function mpeg_audio(bytes)
  local first, second, third = bytes:byte(1, 3)
  if first ~= 0xFF or not third or second & 0xE0 ~= 0xE0 or second & 0x06 == 0 then return false end
  return second & 0x18 ~= 0x08 and third & 0xF0 ~= 0xF0 and third & 0x0C ~= 0x0C
end

-- UTF-8, but for a character that is cut at the end.
local function is_text_so_far(bytes)
  local length, broken = utf8.len(bytes)
  return length ~= nil or bytes:find("^[\xC2-\xF4][\x80-\xBF]*$", broken) ~= nil
end

local HEAD = 65536 -- bytes that tell whether it is text

local function text_type(bytes)
  local head = bytes:sub(1, HEAD)
  if head:find("[%z\1-\8\14-\26\28-\31]") or not is_text_so_far(head) then return nil end
  local start = bytes:find("%S", at(bytes, 0, "\u{FEFF}") and 4 or 1) or 1
  if at(bytes, start - 1, "<svg") then return "image/svg+xml" end
  local first = bytes:sub(start, start)
  if (first == "{" or first == "[") and require("core.json").raw(bytes) then return "application/json" end
  return "text/plain"
end

--- The MIME type; "application/octet-stream" where it is none of those known.
---@param bytes string  the file, or at least its first 4,096 bytes
---@return string
function M.sniff(bytes)
  for _, prefix in ipairs(PREFIXES) do
    if at(bytes, 0, prefix[1]) then return prefix[2] end
  end
  if at(bytes, 0, "RIFF") and RIFF[bytes:sub(9, 12)] then return RIFF[bytes:sub(9, 12)] end
  if at(bytes, 4, "ftyp") then return BRANDS[bytes:sub(9, 12)] or "video/mp4" end
  if mpeg_audio(bytes) then return "audio/mpeg" end
  return text_type(bytes) or "application/octet-stream"
end

--- Whether content of the type is text.
---@param mime_type string
---@return boolean
function M.is_text(mime_type)
  return mime_type:find("^text/") ~= nil or mime_type:find("[/+]json") ~= nil or mime_type:find("[/+]xml") ~= nil
end

return M
