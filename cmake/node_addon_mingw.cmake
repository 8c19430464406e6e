# node_addon() with mingw-w64, the cross build on Linux.

function(_node_addon_toolchain target libs)
  # C++20: for C++17, libstdc++ links strings with all of their functions, and once more for wide characters.
  set_target_properties(${target} PROPERTIES CXX_STANDARD 20)
  # No path of this machine gets into the addon: two builds anywhere give the same bytes.
  get_filename_component(repository "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/.." ABSOLUTE)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror -fstack-protector-strong
    -Os -ffunction-sections -fdata-sections
    -ffile-prefix-map=${repository}=repository -ffile-prefix-map=${CMAKE_CURRENT_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=build)
  target_compile_definitions(${target} PRIVATE _FORTIFY_SOURCE=2)

  find_program(MINGW_DLLTOOL NAMES x86_64-w64-mingw32-dlltool dlltool REQUIRED)
  find_program(MINGW_NM NAMES x86_64-w64-mingw32-nm nm REQUIRED)
  # On a Linux host cmake-js gives neither node.lib nor a delay-load hook.
  list(GET CMAKE_JS_INC 0 napi_include)
  get_filename_component(napi_def "${napi_include}/../def/node_api.def" ABSOLUTE)
  set(delayed "${CMAKE_CURRENT_BINARY_DIR}/libnode_delayed.a")
  execute_process(COMMAND ${MINGW_DLLTOOL} -d ${napi_def} --output-delaylib ${delayed} COMMAND_ERROR_IS_FATAL ANY)
  set(imports ${delayed})
  foreach(lib IN LISTS libs)
    _mingw_delayed_import(${lib} import)
    list(APPEND imports ${import})
  endforeach()

  target_sources(${target} PRIVATE
    ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/delay_load_hook_mingw.cc ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/runtime_mingw.cc)
  target_link_libraries(${target} PRIVATE ${imports} delayimp)
  target_link_options(${target} PRIVATE -static -static-libgcc -static-libstdc++ -fstack-protector-strong
    -Wl,-s,--gc-sections,--dynamicbase,--nxcompat,--high-entropy-va,--no-insert-timestamp,--no-undefined)
endfunction()

# A delayed import library with the functions of mingw's own import library `lib<name>.a`.
function(_mingw_delayed_import name result)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=lib${name}.a
    OUTPUT_VARIABLE archive OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${MINGW_NM} --extern-only --defined-only ${archive}
    OUTPUT_VARIABLE symbols ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[0-9a-f]+ T [A-Za-z_][A-Za-z0-9_]*" functions "${symbols}")
  list(TRANSFORM functions REPLACE "^[0-9a-f]+ T " "")
  list(SORT functions)
  list(REMOVE_DUPLICATES functions)
  string(REPLACE ";" "\n" exports "${functions}")
  set(def "${CMAKE_CURRENT_BINARY_DIR}/${name}.def")
  file(WRITE ${def} "LIBRARY ${name}.dll\nEXPORTS\n${exports}\n")
  set(library "${CMAKE_CURRENT_BINARY_DIR}/lib${name}_delayed.a")
  execute_process(COMMAND ${MINGW_DLLTOOL} -d ${def} --output-delaylib ${library} COMMAND_ERROR_IS_FATAL ANY)
  set(${result} ${library} PARENT_SCOPE)
endfunction()
