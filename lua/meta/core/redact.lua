---@meta core.redact
--- Secrets cut out of text.

---@class core.redact
local redact = {}

---@class core.redact.Rules
local Rules = {}

---@class core.redact.Options
---@field texts? string[]    cut wherever they stand: as they are, with escapes (JSON, C, Python, percent, HTML), in JSON within JSON
---@field numbers? string[]  numbers of JSON that are cut, as they are written
---@field wholes? string[]   name, text, name, text, …: cut where that is the whole string of a member of this name
---@field names? table<string, "cut"|"inputs"|"outputs"|"output"|"kept"|"word">  what members of these names are: cut as a whole, also in
---  text that looks like it; the inputs of a node, where no member is cut so; outputs: in them URLs and strings under names of
---  outputs stay; a name of outputs; kept: a string under it stays; word: it is no whole secret

--- Rules by which secrets are cut; "[redacted]" stands in their place.
---@param options core.redact.Options
---@return core.redact.Rules
function redact.new(options) end

--- Whether nothing that is looked for is in a text, JSON or not, in any spelling: a quick look, which sees it of most texts that
--- have nothing.  false says nothing.
---@param text string
---@return boolean
function Rules:passes(text) end

--- A text without the secrets; in linear time.
---@param text string
---@return string
function Rules:text(text) end

--- The same for JSON, or text that is nearly JSON: strings, numbers and what is cut as a whole change, so that it stays what it
--- is.  nil where it is none.
---@param text string
---@param outputs? boolean  all of it counts as outputs
---@return string?
function Rules:json(text, outputs) end

--- What `json`, or where that is nil `text`, gives, in a coroutine of the host's, which yields nothing after every so many bytes.  It is
--- the same text where nothing is cut.
---@async
---@param text string
---@param as "text"|"json"|"outputs"  text: as `text`; outputs: as JSON, all of which counts as outputs
---@param bytes integer
---@return string
function Rules:cut_in_steps(text, as, bytes) end

--- From now on each line of the log is cut by these rules, at most 64; they stay alive.
---@param list core.redact.Rules[]
function redact.log(list) end

return redact
