# The program writes its completion scripts itself, from the options of its commands.  Not when it is
# built for another machine: then it cannot run here.
if(NOT CMAKE_CROSSCOMPILING)
  set(completions ${CMAKE_CURRENT_BINARY_DIR}/completions)
  foreach(shell bash zsh fish)
    set(script ${completions}/rcmcp.${shell})
    add_custom_command(
      OUTPUT ${script}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${completions}
      COMMAND ${CMAKE_COMMAND} -E env --unset=RCMCP_LUA_DIR $<TARGET_FILE:rcmcp> completion ${shell} > ${script}
      DEPENDS rcmcp
      COMMENT "Writing the completion script for ${shell}"
      VERBATIM)
    list(APPEND scripts ${script})
  endforeach()
  add_custom_target(completions ALL DEPENDS ${scripts})
  install(FILES ${completions}/rcmcp.bash RENAME rcmcp
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${completions}/rcmcp.zsh RENAME _rcmcp
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${completions}/rcmcp.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
