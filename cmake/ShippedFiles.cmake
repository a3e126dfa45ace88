# What is installed in DATADIR/rcmcp lies as links in `share/rcmcp` beside the built program, too: a program that is not
# installed finds the recipes and definitions of its sources there, wherever the build folder lies (lua/lib/shipped.lua).
# At each link of the program, for its folder can differ by configuration.
add_custom_command(TARGET rcmcp POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E make_directory $<TARGET_FILE_DIR:rcmcp>/share/rcmcp
  COMMAND ${CMAKE_COMMAND} -E create_symlink ${PROJECT_SOURCE_DIR}/recipes $<TARGET_FILE_DIR:rcmcp>/share/rcmcp/recipes
  COMMAND ${CMAKE_COMMAND} -E create_symlink ${PROJECT_SOURCE_DIR}/lua/meta $<TARGET_FILE_DIR:rcmcp>/share/rcmcp/meta
  VERBATIM)
