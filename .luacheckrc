std = "lua54"
max_line_length = 140
include_files = { "**/*.lua", ".luacheckrc" }
exclude_files = { "**/node_modules", "build*" }
files["spec"] = { std = "+busted" }
files["lua/lib/features/built_in/definitions.lua"] = { max_line_length = false } -- made by scripts/built-in-tools
files["lua/meta"] = { ignore = { "212", "221", "241", "311", "211", "231", "631" } }
files["bench/floor"] = { globals = { "fetch", "nap", "send", "receive" } } -- given by bench/floor/lua.c
