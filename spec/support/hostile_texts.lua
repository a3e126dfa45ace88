--- Texts that are made to be slow to read, by name: functions that make one of about so many bytes.

---@type table<string, fun(bytes: integer): string>
local M = {}

local function fill(unit) return function(bytes) return unit:rep(bytes // #unit) end end

local function around(head, unit, tail)
  return function(bytes) return head .. unit:rep(bytes // #unit) .. (tail or "") end
end

-- `format` with the numbers 1, 2, 3, …, as often as there is room, between `head` and `tail`.
local function numbered(head, format, tail)
  return function(bytes)
    local parts, left, number = {}, bytes, 0
    while left > 0 do
      number = number + 1
      parts[number] = format:gsub("N", ("%d"):format(number)):gsub("B", ("%d"):format(number - 1))
      left = left - #parts[number]
    end
    return head .. table.concat(parts, ",") .. tail
  end
end

-- As deep as an answer of the API is taken, and on the innermost level the rest.
local function nested(open, unit, close)
  return function(bytes) return open:rep(100) .. '"' .. unit:rep(bytes // #unit) .. '"' .. close:rep(100) end
end

-- Plain ones: of one thing, over and over.
for name, unit in pairs {
  blanks = " ", letters = "a", digits = "7", lines = "\n", ["lines that begin a frame"] = "\n\ta:1: ", brackets = "[", braces = '{"a":',
  slashes = "/", dots = ".", tags = "<", scripts = "<script>", ampersands = "&#", percents = "%25", backslashes = "\\", quotes = '"',
  addresses = "https://", broken = "\xE2\x80", controls = "\27[", colons = ":", commas = ",", ["extra data"] = "extra_data {",
  turns = "\u{202E}", ["control characters of C1"] = "\u{9B}", ["at signs"] = "@", hyphens = "-", ["header lines"] = "\nretry-after: 1",
  words = "token ", assignments = "a=a\n", ["functions"] = "local function f() end ", ["quoted cells"] = '"a""b",', cells = "a,b\n",
  comments = "-- a\n", ["long brackets"] = "[==", tabs = "\t", ["half numbers"] = "1e", minus = "-1,",
} do M[name] = fill(unit) end

-- Something that a pattern looks for behind what it repeats, or in front of it.
M["blanks and a letter"] = around("", " ", "x")
M.zeros = around("", "0", "x")
M["a title of blanks"] = around("<title>", " ")
M.users = around("http://", "a@")
M.queries = around("http://a/", "?")
M["a path of dots"] = around("https://a/", "../")
M["a header of blanks"] = around("retry-after: ", " ", "1")
M["a name with a value"] = around("a=", "a")
M["names with values"] = around("", "a=b ", "")

-- JSON.
M["a list of lists"] = around("[", "[],", "[]]")
M["a list of texts"] = around("[", '"",', '""]')
M["a list of numbers"] = around("[", "1,", "1]")
M["a list of floats"] = around("[", "1.5e-300,", "1]")
M["a list of long numbers"] = around("[", "18446744073709551615,", "1]")
M["a list of nulls"] = around("[", "null,", "1]")
M["a list of objects"] = around("[", '{"a":"b"},', "1]")
M["a list of empty objects"] = around("[", "{},", "{}]")
M["a list of addresses"] = around("[", '"https://a/?b",', '""]')
M["a text of escapes"] = around('"', "\\u0061", '"')
M["a text of emojis"] = around('"', "\\ud83e\\udd8a", '"')
M["an object in text"] = around('{"error":"', " ", '"}')
M["an object of escapes"] = around('{"a":"', '\\"', '"}')
M.NaN = around("[", "NaN,", "1]")
M["members"] = numbered("{", '"kN":1', "}")
M["members of texts"] = numbered("{", '"N":"a"', "}")
M["members of the same name"] = around("{", '"error":1,', '"error":2}')
M["a message"] = around('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"probe","arguments":{"a":"', "a", '"}}}')
M["a cursor"] = around('{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"', "a", '"}}')
M["a batch"] = around("[", '{"jsonrpc":"2.0","method":"a"},', '{"jsonrpc":"2.0","method":"a"}]')
M["a lone method"] = around('{"jsonrpc":"2.0","id":"', "a", '","method":"a"}')

-- What the API may answer.
M["errors in errors"] = nested('{"detail":', "a", ',"z":1}')
M["errors beside errors"] = numbered('{"detail":[', '{"msg":"a","loc":["b",N]}', "]}")
M["lists of errors"] = around('[', '[{"a":1},{"a":1},{"a":1}],', '1]')
M["outputs"] = numbered('{"status":"completed","outputs":{', '"N":{"images":[{"url":"https://a/N.png","filename":"N.png"}]}', "}}")
M["deployments"] = numbered('{"payload":{"workflow_api_json":{', '"N":{"class_type":"A","inputs":{"a":1}}', "}}}")

-- Workflows: a chain, one node that takes all, one that all take, switches, words put together, pipes.
M["a chain of nodes"] = numbered("{", '"N":{"class_type":"SaveImage","inputs":{"images":["B",0]}}', "}")
M["a chain of texts"] = numbered('{"0":{"class_type":"PrimitiveString","inputs":{"value":"a"}},', '"N":{"class_type":"StringConcatenate",'
  .. '"inputs":{"string_a":["B",0],"string_b":["B",0]}}', ',"s":{"class_type":"KSampler","inputs":{"positive":["9",0],"seed":1}},'
  .. '"t":{"class_type":"SaveImage","inputs":{"images":["s",0]}}}')
M["a chain of conditionings"] = numbered('{"0":{"class_type":"CLIPTextEncode","inputs":{"text":"a"}},', '"N":{"class_type":'
  .. '"ConditioningCombine","inputs":{"conditioning_1":["B",0],"conditioning_2":["B",0]}},"kN":{"class_type":"KSampler","inputs":'
  .. '{"positive":["N",0],"negative":["N",0],"latent_image":["kB",0],"seed":["B",0]}}',
  ',"t":{"class_type":"SaveImage","inputs":{"images":["k9",0]}}}')
M["many samplers"] = numbered("{", '"N":{"class_type":"KSampler","inputs":{"seed":N,"positive":["pN",0],"width":N}},'
  .. '"pN":{"class_type":"CLIPTextEncode","inputs":{"text":"N"}},"sN":{"class_type":"SaveImage","inputs":{"images":["N",0]}}', "}")
M["many inputs"] = numbered('{"1":{"class_type":"A","inputs":{', '"iN":N', "}}}")
M["many pictures"] = numbered('{"s":{"class_type":"SaveImage","inputs":{"images":["1",0]}},', '"N":{"class_type":"LoadImage","inputs":'
  .. '{"image":"N.png","media":["B",0]}}', "}")
M["many switches"] = numbered('{"s":{"class_type":"SaveImage","inputs":{"images":["9",0]}},', '"N":{"class_type":"ImpactSwitch","inputs":'
  .. '{"select":1,"input1":["B",0],"input2":["B",0]}}', "}")
M["sets and gets"] = numbered('{"s":{"class_type":"SaveImage","inputs":{"images":["g9",0]}},', '"N":{"class_type":"SetNode","inputs":'
  .. '{"IMAGE":["gB",0],"widget_0":"N"}},"gN":{"class_type":"GetNode","inputs":{"widget_0":"N"}}', "}")
M["dotted inputs"] = numbered("{", '"6.iN":N', "}")
M["a node and dotted inputs"] = numbered('{"6":{"inputs":{"a":1}},', '"6.inputs.iN":N', "}")
M["ids of many parts"] = numbered("{", '"N:1:1:1:1:1:1:1:1:1:1:1:1:1:1":{"class_type":"A"}', "}")
M["entries that are no nodes"] = numbered("{", '"N":1', "}")
M["workflows in wrappers"] = nested('{"prompt":', "a", "}")
M["workflows as text"] = numbered("{", '"N":"{\\"class_type\\":\\"A\\"}"', "}")

-- Files.
M["a tape of calls"] = around('{"rcmcp_tape":1}\n', '{"name":"a","input":{},"result":{"text":"b"}}\n')
M["a tape of errors"] = around('{"rcmcp_tape":1}\n', '{"name":"a"}\n')
M["a table of rows"] = around("a,b\n", "1,2\n")
M["a table of quotes"] = around('a\n"', '""', '"\n')
M["a table of columns"] = numbered("", "cN", "\n1\n")
M["a token"] = around('{"access_token":"', "a", '"}')
M["settings"] = around("return { a = {", "{},", "} }")
M["a text for settings"] = around('return { base_url = "https://', "a@", '" }')
M["clients"] = numbered('{"mcpServers":{', '"N":{"command":"/bin/rcmcp"}', "}}")

return M
