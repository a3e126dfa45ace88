--- What busted keeps of a file once it has run: its functions, and with them whatever their upvalues hold.
---
--- Every file has modules of its own, so after two hundred files that is 400 MB, which each full collection goes through; the
--- specs that run out of memory on purpose make thousands of those.  Reports need names and traces alone.

local busted = require "busted"

local function forget(element)
  for _, child in ipairs(busted.children(element)) do
    forget(child)
    child.run = nil
  end
  element.env = nil
end

busted.subscribe({ "file", "end" }, function(file)
  forget(file)
  return nil, true -- the others hear of it, too
end)
