# embed_lua(TARGET DIR): an object library with every Lua file below DIR, and lua-argparse, as bytecode.
# The generated C file is sorted by module name and rewritten only when its text changes.
function(embed_lua target dir)
  find_file(ARGPARSE_LUA argparse.lua
    PATHS /usr/share/lua/5.4 /usr/local/share/lua/5.4 /opt/homebrew/share/lua/5.4 REQUIRED)

  add_executable(embed_lua_tool ${PROJECT_SOURCE_DIR}/cmake/embed_lua.c)
  target_link_libraries(embed_lua_tool PRIVATE PkgConfig::LUA)
  target_compile_definitions(embed_lua_tool PRIVATE _GNU_SOURCE)

  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${dir} ${dir}/*.lua)
  list(FILTER files EXCLUDE REGEX "^meta/")
  list(SORT files)
  list(TRANSFORM files PREPEND ${dir}/ OUTPUT_VARIABLE paths)

  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_lua.c)
  add_custom_command(
    OUTPUT ${output}.stamp
    BYPRODUCTS ${output}
    COMMAND embed_lua_tool ${output} ${dir} ${ARGPARSE_LUA} ${files}
    COMMAND ${CMAKE_COMMAND} -E touch ${output}.stamp
    DEPENDS embed_lua_tool ${paths} ${ARGPARSE_LUA}
    COMMENT "Embedding Lua"
    VERBATIM)
  add_custom_target(${target}_generate DEPENDS ${output}.stamp)

  set_source_files_properties(${output} PROPERTIES GENERATED ON)
  add_library(${target} OBJECT ${output})
  add_dependencies(${target} ${target}_generate)
  target_link_libraries(${target} PRIVATE rcmcp_flags PkgConfig::LUA)
endfunction()
