-- Prints what core.channel finds at the descriptor that a worker has from its host.
print(require("core.channel").inherited())
