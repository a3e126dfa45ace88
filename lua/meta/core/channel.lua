---@meta core.channel
--- Messages between a host and its worker.

---@class core.channel
local channel = {}

---@class core.Descriptor  an open descriptor on its way to somebody; a to-be-closed value

--- Two ends that are connected.
---@return core.Descriptor|nil end, core.Descriptor|string other, string? code
function channel.pair() end

--- The end that the process was started with.
---@return core.Descriptor|nil end, string? message, string? code
function channel.inherited() end

---@class core.channel.Options
---@field most integer                    bytes that a message may have, in both directions
---@field on_message? fun(message: string)
---@field on_drained? fun()               what was queued is taken, after `queued` had said that it is full
---@field on_end? fun(reason: string?)    nothing comes any more; nil: the other end was closed between two messages

---@class core.channel.Channel: core.Handle  cancel() closes it; what is queued is lost
local Channel = {}

--- Sends and receives over an end, which is the channel's from now on.
---@param descriptor core.Descriptor
---@param options core.channel.Options
---@return core.channel.Channel|nil channel, string? message, string? code
function channel.open(descriptor, options) end

--- Queues a message of at least one byte: what one turn of the loop queues leaves in one write.  Where the other end is gone it
--- is dropped.
---@param message string
---@return true|nil ok, string? message, string? code
function Channel:send(message) end

---@return integer bytes    that the system has not taken
---@return boolean is_full  whoever can wait should, until on_drained
function Channel:queued() end

--- Receives nothing, and does not see the end, until `resume`.
function Channel:pause() end

function Channel:resume() end

return channel
