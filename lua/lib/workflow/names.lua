--- What the names of inputs and classes tell.  ComfyUI has thousands of classes, and a workflow does not say what flows
--- through a link: the names of inputs do, since core and custom nodes follow each other in them.

local M = {}

local LONGEST = 64 -- of a name that is looked at: names are foreign

local function set(text)
  local result = {}
  for word in text:gmatch "%S+" do result[word] = true end
  return result
end

--- Whether a text contains any of some words.
---@param text string
---@param words string[]
---@return boolean
function M.contains_any(text, words)
  for _, word in ipairs(words) do
    if text:find(word, 1, true) then return true end
  end
  return false
end

local contains_any = M.contains_any

--- A name without its number, group and case: "Image_2" and "model.image" are "image".
---@param name string
---@return string
function M.normal(name)
  local short = name:sub(1, LONGEST):lower()
  -- linear: the name was cut
  short = short:match("([^.]*)$") --[[@as string]]
  while short:find("^[^%d]", 1) and short:find("%d$") do short = short:sub(1, -2) end
  return (short:gsub("_$", ""))
end

local MOST = 4096 -- answers that are kept: names are foreign, and there is no end of them

-- A function of a text that remembers.
local function remembered(fn)
  local answers, count = {}, 0
  return function(text)
    local answer = answers[text]
    if answer ~= nil then return answer end
    if count == MOST then answers, count = {}, 0 end
    answer, count = fn(text), count + 1
    answers[text] = answer
    return answer
  end
end

local normal = remembered(M.normal)

-- Words --------------------------------------------------------------------------------------------------

local ANY_WORDS = set [[text prompt text_g text_l clip_l clip_g t5xxl bert mt5xl llama qwen25_7b tags user_prompt prompt_text text_prompt
  wildcard_text clip_h prompt_g prompt_l]]
local POSITIVE_WORDS = set [[positive positive_prompt text_positive positive_text prompt_positive pos text_positive_g
  text_positive_l positive_g
  positive_l text_pos_g text_pos_l]]
local NEGATIVE_WORDS = set [[negative negative_prompt text_negative negative_text prompt_negative neg neg_prompt n_prompt
  text_negative_g text_negative_l
  negative_g negative_l text_neg_g text_neg_l]]
local PARTNER_WORDS = set [[prompt positive_prompt prompt_text text_prompt user_prompt positive positive_text instruction edit_instruction
  edit_prompt input_prompt]]

--- Whether an input holds a picture's words, and which.
---@param name string
---@return "any"|"positive"|"negative"|nil
function M.words(name)
  local short = normal(name)
  if ANY_WORDS[short] then return "any" end
  if POSITIVE_WORDS[short] then return "positive" end
  if NEGATIVE_WORDS[short] then return "negative" end
end

local ENCODERS = set "clip_l clip_g clip_h t5xxl bert mt5xl llama qwen25_7b"

--- Whether an input is called after a text encoder: in some nodes the words for it, in others the encoder itself.
---@param name string
---@return boolean
function M.is_encoder(name)
  return ENCODERS[normal(name)] or false
end

-- What a song sounds like is said beside its lyrics.
local SONG_WORDS = set "style tags caption description"

--- Whether an input of a node that also takes lyrics says what the song sounds like.
---@param node workflow.Node
---@param name string
---@return boolean
function M.song_words(node, name)
  return node.inputs.lyrics ~= nil and SONG_WORDS[normal(name)] or false
end

--- The same for a node that makes pictures, videos or sound from words by itself.
---@param node workflow.Node
---@param name string
---@return "positive"|"negative"|nil
function M.partner_words(node, name)
  local short = normal(name)
  if NEGATIVE_WORDS[short] then return "negative" end
  if PARTNER_WORDS[short] or M.song_words(node, name) then return "positive" end
  local spoken = short == "text" or short == "tags" or short == "speech_text" or short == "speech"
  if spoken and M.speaks(node.class) then return "positive" end
end

-- Texts on their way to an encoder.
local TEXTS = set [[text string value prompt str words positive negative text_positive text_negative positive_prompt negative_prompt
  wildcard_text populated_text user_prompt prompt_text input any anything source string_a string_b string_c string_d text_a text_b text_c
  text_d text_e text_f text_g text_l prompt_a prompt_b input_string text_input input_text string_field multiline positive_text
  negative_text strings texts item inputs stringa stringb prefix suffix part]]

--- Whether an input holds text that goes on to an encoder.
---@param name string
---@return boolean
function M.is_text(name)
  return TEXTS[normal(name)] or ANY_WORDS[normal(name)] or false
end

--- Whether a text says anything: marks and blanks between texts do not.
---@param text string
---@return boolean
function M.says(text)
  return text:find("[%w\x80-\xFF]") ~= nil
end

local HEAD = 64 -- bytes in which a schedule's first key stands

--- Whether a text is a schedule of texts by frame, as `"0": "a cat", "12": "a dog"` is: a plain sentence in its place is none.
---@param text string
---@return boolean
function M.is_schedule(text)
  local head = text:sub(1, HEAD)
  -- linear: the head was cut
  return head:find('^%s*"%d+"%s*:') ~= nil or head:find('^%s*%d+%s*:%s*"') ~= nil
end

-- Edges --------------------------------------------------------------------------------------------------

local EXACT = {
  pos = "positive", neg = "negative", conds = "conditioning", cond = "conditioning", clip_regions = "conditioning",
  text_embeds = "joint", hyvid_embeds = "joint", prompt_embeds = "joint", embeds = "joint", original_text_embeds = "joint",
  nag_text_embeds = "negative", uncond = "negative",
  base_sampler = "guider", mask_sampler = "guider", full_sampler_opt = "guider", advanced_sampler = "guider",
  regional_prompts = "guider",
  guider = "guider", noise = "noise", ctx = "pipe", context = "pipe", base_ctx = "pipe", sdxl_tuple = "pipe",
  samples = "media", seed = "seed", noise_seed = "seed", main_seed = "seed", rand_seed = "seed", base_seed = "seed",
  random_seed = "seed", seed_value = "seed",
  width = "width", height = "height", empty_latent_width = "width", empty_latent_height = "height",
  stage_c = "media", stage_b = "media", any = "unknown", source = "unknown", foreground = "media", background = "media",
  fps = "number", length = "number", steps = "number", cfg = "number", denoise = "number", megapixels = "number",
  video_frames = "number", total_frames = "number", resolution = "number", size = "number", strength = "number", weight = "number",
  guidance = "number", shift = "number", duration = "number", seconds = "number", amount = "number", factor = "number",
  scale_by = "number", upscale_by = "number", start_step = "number", end_step = "number", start_at_step = "number",
  end_at_step = "number", x = "number", y = "number", left = "number", top = "number", right = "number", bottom = "number",
  texture_prompt = "text",
}

-- Numbers are called after what they are numbers of: "frame_rate", "num_images".
local NUMBER_ENDS = { "_rate", "_count", "_length", "_scale", "_strength", "_weight", "_fps", "_number", "_index", "_idx", "_cap",
  "_shift", "_step", "_second", "_seconds", "_size", "_width", "_height", "_denoise", "_steps", "_percent", "_ratio" }
local NUMBER_STARTS = { "cfg_", "sigma_", "boundary", "num_", "number_of_", "max_", "min_", "skip_first_" }

local function is_number(short)
  for _, ending in ipairs(NUMBER_ENDS) do
    if short:sub(-#ending) == ending then return true end
  end
  for _, start in ipairs(NUMBER_STARTS) do
    if short:sub(1, #start) == start then return true end
  end
  return false
end

-- What is no conditioning, whichever side it is for: "image_negative", "model_negative".
local NO_SIDES = { "image", "model", "latent", "mask", "coords", "points" }

-- The first that a name contains decides, with a mark before each name: "_cond_" is no part of "second_image".
local SIDES = { { "positive", "positive" }, { "negative", "negative" }, { "neg_cond", "negative" }, { "pos_cond", "positive" } }
local CONTAINED = {
  { "conditioning", "conditioning" }, { "_cond_", "conditioning" }, { "task_id", "media" }, { "model_file", "media" },
  { "model_3d", "media" }, { "texture", "media" },
  { "pipe", "pipe" }, { "mask", "mask" }, { "_vae", "model" }, { "_encoder_output", "media" }, { "_encoder", "model" },
  { "sampler", "model" }, { "sigmas", "model" }, { "scheduler", "model" }, { "control_net", "model" }, { "clip_vision", "model" },
  { "image", "media" }, { "latent", "media" }, { "controlnet", "model" }, { "sample", "media" }, { "video", "media" }, { "frame", "media" },
  { "pixel", "media" }, { "audio", "media" }, { "sound", "media" }, { "_view", "media" },
  { "model", "model" }, { "clip", "model" }, { "vae", "model" }, { "lora", "model" },
  { "unet", "model" }, { "ipadapter", "model" }, { "options", "model" }, { "args", "model" }, { "prompt", "text" },
  { "text", "text" }, { "string", "text" }, { "filename", "text" },
}

local function contained(short, list)
  local marked = "_" .. short
  for _, entry in ipairs(list) do
    if marked:find(entry[1], 1, true) then return entry[2] end
  end
end

local edge = remembered(function(name)
  if name == "cond2" then return "cond2" end
  local short = normal(name)
  if EXACT[short] then return EXACT[short] end
  if short:sub(-5) == "_seed" then return "seed" end
  if is_number(short) then return "number" end
  local side = not contains_any(short, NO_SIDES) and contained(short, SIDES)
  return side or contained(short, CONTAINED) or (short:sub(-7) == "_embeds" or short:sub(-5) == "_cond") and "joint" or "unknown"
end)

--- What flows through an input that is a link: "positive", "negative", "conditioning", "joint" (both at once), "cond2",
--- "guider", "noise", "pipe", "seed", "width", "height", "number", "mask", "model", "media", "text" or "unknown".
---@param name string
---@return string
function M.edge(name)
  return edge(name)
end

local ASIDE = { "control", "ref", "end_", "last_", "tail", "style", "hint", "face", "pose", "depth", "background", "negative", "gradient",
  "garment" }

--- Whether an input takes a picture that only guides: a control picture, a reference, a last frame.
---@param name string
---@return boolean
function M.is_aside(name)
  return contains_any(normal(name), ASIDE)
end

-- Files --------------------------------------------------------------------------------------------------

local FILES = { image = "image", images = "image", video = "video", audio = "audio", file = "file", audio_file = "audio",
  video_file = "video", image_file = "image" }

--- Which kind of file an input takes, if it takes one.
---@param class string
---@param name string
---@param value any
---@return "image"|"video"|"audio"|nil
function M.file(class, name, value)
  local kind = FILES[normal(name)]
  local lower = class:sub(1, LONGEST):lower()
  if not kind or type(value) ~= "string" or not lower:find("load", 1, true) or lower:find("base64", 1, true) then return nil end
  if kind ~= "file" then return kind end
  return lower:find("video", 1, true) and "video" or lower:find("audio", 1, true) and "audio" or "image"
end

local CUSTOM = { "custom", "自定义", "manual", "none" }
local PRESETS = { "aspect", "preset", "resolution", "dimensions" }

--- Whether an input chooses a size by its name, beside numbers that count where it says "custom" only.
---@param name string
---@param value any
---@return boolean
function M.is_preset(name, value)
  local short = normal(name)
  if short:find("style", 1, true) or not (short == "ratio" or contains_any(short, PRESETS)) then return false end
  return type(value) == "string" and not contains_any(value:sub(1, LONGEST):lower(), CUSTOM)
end

local VARYING = set "variation_seed var_seed subseed"

--- Whether a seed only varies what another one makes.
---@param name string
---@return boolean
function M.varies(name)
  return VARYING[normal(name)] or false
end

--- Whether an input is a seed by its name.
---@param name string
---@return boolean
function M.is_seed(name)
  return edge(name) == "seed"
end

-- Classes ------------------------------------------------------------------------------------------------

local function class_test(words, except)
  return remembered(function(class)
    local lower = class:sub(1, LONGEST):lower()
    return contains_any(lower, words) and not (except ~= nil and contains_any(lower, except))
  end)
end

local keeps = class_test { "save", "videocombine", "video_combine", "video combine", "export", "sendimage", "outputimage" }
local puts_out = class_test({ "image output", "imageoutput", "image_output", "video output", "videooutput" }, { "load" })
local uploads = class_test({ "upload" }, { "loadvideo", "loadaudio", "loadimagesupload", "loadimageupload", "loader" })

--- Classes that save what they are given, or send it away; those that load what was uploaded do not.
---@param class string
---@return boolean
function M.saves(class)
  return keeps(class) or puts_out(class) or uploads(class)
end

--- Classes that load models.
M.loads = class_test { "loader", "loadclip", "textencoder" }
--- Classes that only note what was done, for a file's metadata.
M.notes = class_test { "metadata" }
--- Classes that only show it.
M.shows = class_test { "preview", "display", "show", "compare", "viewer" }
--- Classes that make speech or song of a text.
M.speaks = class_test { "tts", "speech", "voice", "speak", "kokoro", "bark", "chatterbox", "song", "music", "sing", "sound", "audio",
  "lipsync" }
--- Classes that write texts of their own, or read them off a picture: the words at their inputs are orders to them.
M.writes = class_test({ "llm", "gpt", "ollama", "chat", "gemini", "claude", "florence", "caption", "tagger", "interrogat", "describe",
  "llava", "joy", "qwen", "vlm", "enhanc", "rewrite", "translat", "moondream", "deepseek", "minicpm", "vision",
  "openai", "blip", "ocr", "textgenerat", "text generat", "generatetext", "expansion", "promptexpan", "promptexten", "magicprompt",
  "superprompt", "promptupsampl", "griptape", "mistral", "llama", "anthropic", "completion", "lmstudio" },
  { "textencode", "ltx2prompt", "chatglm" })
local THRESHOLDS = set "threshold box_threshold text_threshold confidence confidence_threshold conf"

local FARTHEST = 8 -- reroutes behind each other

-- Whether others take a mask of a node, straight or through reroutes.
local function gives_mask(graph, id, far)
  for _, taker in ipairs(graph.consumers[id] or {}) do
    graph.work:step()
    if edge(taker.name) == "mask" then return true end
    if far < FARTHEST and #graph.nodes[taker.id].names == 1 and gives_mask(graph, taker.id, far + 1) then return true end
  end
  return false
end

--- Whether a node looks for something in a picture, as its class, a threshold or its masks tell; those with a seed make one.
---@param graph workflow.Graph
---@param node workflow.Node
---@return boolean
function M.looks_for(graph, node)
  if M.looks(node.class) then return true end
  local threshold, picture = gives_mask(graph, node.id, 1), false
  for _, name in ipairs(node.names) do
    if edge(name) == "seed" then return false end
    threshold = threshold or THRESHOLDS[normal(name)] or false
    picture = picture or node.links[name] ~= nil and edge(name) == "media"
  end
  return threshold and picture
end

local VIEWS = set "left right top bottom back front"

--- Whether an input is one of the views of a thing that a node takes, not a distance.
---@param node workflow.Node
---@param name string
---@return boolean
function M.is_view(node, name)
  return node.links.front ~= nil and VIEWS[normal(name)] or false
end

--- Classes that take a part out of a text: one in its place need not have that part.
M.cuts = class_test({ "split", "extract", "substring", "json", "parse", "slice", "between", "nthitem" }, { "text parse" })
--- Classes that look for something in a picture.
M.looks = class_test { "segment", "sam2", "sam3", "sam_", "samseg", "dino", "detect", "mask", "matting", "rembg", "birefnet",
  "clipseg", "yolo", "florence",
  "caption", "tagger", "interrogat", "overlay", "drawtext", "draw text", "addtext", "textimage" }
--- Classes that take a text a frame.
M.schedules = class_test { "promptschedule", "prompt schedule", "encodeschedule", "scheduleencode", "scheduled prompt" }
--- Classes that prepare a picture to guide by: their seeds make no noise.
M.prepares = class_test { "preprocess" }
--- Classes that steer a model away from what they are given.
M.steers = class_test { "nag", "perpneg", "perp_neg", "negativeguidance" }
--- Classes behind which there are no words any more.
M.zeroes = class_test { "zeroout", "zero out", "zeroconditioning", "emptyconditioning" }
--- Classes that only change a picture's size.
M.scales = class_test({ "scale", "resize", "crop", "pad", "upsc", "composite", "rotate", "blank", "solid" }, { "imagetovideo", "tovideo" })
--- Classes with a choice among inputs.
M.switches = class_test({ "switch", "conditionalbranch", "selector", "ifelse", "if else" }, { "inversed" })

return M
