--- What is known of single classes where names do not tell: the order of their outputs, and what they are for.
--- Each entry is read off the class's own source (RETURN_TYPES, or the outputs of its schema).

local M = {}

-- Outputs ------------------------------------------------------------------------------------------------

-- What the outputs of a class are, in their order, where they are not those of its inputs.
local BASIC = { "model", "clip", "vae", "positive", "negative" }
local BASIC_2 = { "pipe", "model", "clip", "vae", "positive", "negative" }
local EASY = { "pipe", "model", "positive", "negative", "latent", "vae", "clip", "image", "seed" }
local CONTEXT = { "pipe", "model", "clip", "vae", "positive", "negative", "latent", "image", "seed", "steps",
  "step_refiner", "cfg", "ckpt_name", "sampler", "scheduler", "clip_width", "clip_height", "text_pos_g", "text_pos_l",
  "text_neg_g", "text_neg_l", "mask", "control_net" }
local EFFICIENT = { "model", "positive", "negative", "latent", "vae", "clip" }
local LOADER = { "pipe", "model", "vae", "clip", "positive", "negative", "latent" }
local SHIFTED = { "model", "positive", "negative" }
local CONTROLLER = { "signal", "value" }

local SLOTS = {
  FromBasicPipe = BASIC, FromBasicPipe_v2 = BASIC_2, FromDetailerPipe = BASIC, FromDetailerPipe_v2 = BASIC_2,
  FromDetailerPipe_SDXL = BASIC_2,
  ["easy pipeOut"] = EASY, ["easy pipeIn"] = EASY, ["ttN pipeOUT"] = EASY, ["ttN pipeIN"] = EASY, ["easy pipeEdit"] = EASY,
  ["ttN pipeEDIT"] = EASY, ["Context (rgthree)"] = CONTEXT, ["Context Big (rgthree)"] = CONTEXT, ["Context Switch (rgthree)"] = CONTEXT,
  ["Context Switch Big (rgthree)"] = CONTEXT, ["Context Merge (rgthree)"] = CONTEXT, ["Context Merge Big (rgthree)"] = CONTEXT,
  ["Efficient Loader"] = EFFICIENT, ["KSampler (Efficient)"] = EFFICIENT, ["KSampler Adv. (Efficient)"] = EFFICIENT,
  ["easy fullLoader"] = LOADER, ["easy a1111Loader"] = LOADER, ["easy comfyLoader"] = LOADER, ["easy fluxLoader"] = LOADER,
  ApplyInstantID = SHIFTED, ApplyInstantIDAdvanced = SHIFTED, ["ApplyInstantIDControlNet"] = { "positive", "negative" },
  LayeredDiffusionCondApply = SHIFTED, LTXVReferenceAudio = SHIFTED, WanInfiniteTalkToVideo = SHIFTED,
  IPAdapterRegionalConditioning = { "params", "positive", "negative" },
  WanCameraEmbedding = { "camera", "width", "height", "length" }, ImpactExecutionOrderController = CONTROLLER,
}

-- Those of them that pass on what they were given, and make nothing.
local CARRIERS = { [BASIC] = true, [BASIC_2] = true, [EASY] = true, [CONTEXT] = true, [CONTROLLER] = true }

--- What an output of a class is, where that is known: "positive", "latent", "pipe", …
---@param node workflow.Node
---@param slot integer
---@return string|nil what, boolean known, boolean carries
function M.output(node, slot)
  local list = SLOTS[node.class]
  if not list then return nil, false, false end
  return list[slot + 1], true, CARRIERS[list] or false
end

-- Texts --------------------------------------------------------------------------------------------------

-- Of the classes with several texts and several outputs: which texts an output is made of.
local TEXTS = {
  ["Text String"] = { { "text" }, { "text_b" }, { "text_c" }, { "text_d" } },
  SDXLPromptStylerAdvanced = { { "text_positive_g" }, { "text_positive_l" }, { "text_positive_g", "text_positive_l" },
    { "text_negative" }, { "text_negative" }, { "text_negative" } },
  -- they write a longer prompt of the one that they are given, and take no orders
  TextGenerateLTX2Prompt = { { "prompt" } }, LTXVGemmaEnhancePrompt = { { "prompt" } }, LTXVPromptEnhancer = { { "prompt" } },
  ["Power Prompt (rgthree)"] = { {}, {}, {}, { "prompt" } },
}

--- The texts that an output is made of, where that is known.
---@param node workflow.Node
---@param slot integer
---@return string[]|nil names
function M.texts(node, slot)
  local list = TEXTS[node.class]
  return list and (list[slot + 1] or {}) or nil
end

local WILDCARDS = { ImpactWildcardProcessor = true, ImpactWildcardEncode = true, ["WildcardEncode //Inspire"] = true }

--- The input that a class with wildcards takes its text from: fixed, it is the populated text as it stands; else that is
--- made of the other one.  nil: it is no such class.
---@param node workflow.Node
---@return string|nil name
function M.wildcard_text(node)
  if not WILDCARDS[node.class] then return nil end
  local mode = node.inputs.mode
  return (mode == "fixed" or mode == "reproduce" or mode == false) and "populated_text" or "wildcard_text"
end

-- Conditionings ------------------------------------------------------------------------------------------

-- Nodes of core that have a positive and a negative output, in this order and first.
local PASSES = {}
for class in ([[ControlNetApplyAdvanced ControlNetApplySD3 ControlNetInpaintingAliMamaApply InpaintModelConditioning
  InstructPixToPixConditioning WanImageToVideo WanVaceToVideo WanFunControlToVideo WanFunInpaintToVideo
  WanFirstLastFrameToVideo WanCameraImageToVideo WanPhantomSubjectToVideo WanSoundImageToVideo LTXVConditioning
  LTXVImgToVideo LTXVAddGuide LTXVCropGuides CosmosImageToVideoLatent StableZero123_Conditioning ConditioningStableAudio
  PairConditioningSetProperties ConditioningSetPropertiesAndCombine CLIPVisionWanImageToVideo
  HunyuanImageToVideo WanAnimateToVideo WanHuMoImageToVideo Wan22FunControlToVideo WanTrackToVideo WanSoundImageToVideoExtend
  HunyuanVideo15ImageToVideo HunyuanVideo15SuperResolution HunyuanRefinerLatent SD_4XUpscale_Conditioning
  Kandinsky5ImageToVideo ICLightConditioning]]):gmatch "%S+" do
  PASSES[class] = true
end

-- Words that are for a part of the picture, not for all of it.
local PARTS = { GLIGENTextBoxApply = true }

--- Whether a class has a positive and a negative output, in this order and first.
---@param class string
---@return boolean
function M.passes(class)
  return PASSES[class] or false
end

--- Whether the words of a class are for a part of the picture only.
---@param class string
---@return boolean
function M.describes_part(class)
  return PARTS[class] or false
end

-- Sizes --------------------------------------------------------------------------------------------------

-- They take a picture and make a latent of the size that they say.
local SIZES = { SVD_img2vid_Conditioning = true, SV3D_Conditioning = true, StableZero123_Conditioning = true,
                StableZero123_Conditioning_Batched = true }

--- Whether a class makes what it gives in the size that it says, though its name does not tell.
---@param class string
---@return boolean
function M.has_size(class)
  return SIZES[class] or false
end

-- Seeds --------------------------------------------------------------------------------------------------

local SEEDS = {}
for class in ([[Rodin3D_Detail Rodin3D_Gen2 Rodin3D_Gen25_Image Rodin3D_Gen25_Text Rodin3D_Regular Rodin3D_Sketch
  Rodin3D_Smooth]]):gmatch "%S+" do
  SEEDS[class] = 65535
end

--- The largest seed of a class that takes fewer than 2^31.
---@param class string
---@return integer|nil
function M.seed_max(class)
  return SEEDS[class]
end

return M
