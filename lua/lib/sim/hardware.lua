--- The seven GPU tiers, as far as the simulation needs them.

---@class sim.Hardware
---@field device string  name that ComfyUI shows
---@field vram integer   bytes
---@field ram integer    bytes
---@field speed number   against an A6000

local GIB = 1 << 30

---@type { [string]: sim.Hardware }
return {
  TURING_16 = { device = "Tesla T4", vram = 16 * GIB, ram = 16 * GIB, speed = 0.35 },
  AMPERE_24 = { device = "NVIDIA A10G", vram = 24 * GIB, ram = 32 * GIB, speed = 0.8 },
  AMPERE_48 = { device = "NVIDIA RTX A6000", vram = 48 * GIB, ram = 48 * GIB, speed = 1.0 },
  ADA_48_PLUS = { device = "NVIDIA L40S", vram = 48 * GIB, ram = 64 * GIB, speed = 1.8 },
  AMPERE_80 = { device = "NVIDIA A100 80GB PCIe", vram = 80 * GIB, ram = 96 * GIB, speed = 1.9 },
  ADA_80_PLUS = { device = "NVIDIA H100 80GB HBM3", vram = 80 * GIB, ram = 180 * GIB, speed = 3.0 },
  HOPPER_141 = { device = "NVIDIA H200", vram = 141 * GIB, ram = 240 * GIB, speed = 3.3 },
}
