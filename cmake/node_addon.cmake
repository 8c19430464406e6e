# node_addon(<target> SOURCES a.cc b.cc [LIBS ncrypt ...])
# A Node-API module for Windows: cmake-js with MSVC (x64, arm64), or cmake-js with the mingw-w64 toolchain file on Linux.
# LIBS are system libraries. They are loaded from System32 only, wherever the addon lies (see the delay-load hook).

function(node_addon target)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${target} MODULE ${ARG_SOURCES} ${CMAKE_JS_SRC})
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".node"
    CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} SYSTEM PRIVATE ${CMAKE_JS_INC})
  target_include_directories(${target} PRIVATE
    ${CMAKE_CURRENT_SOURCE_DIR}/native ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../native-common/include)
  target_compile_definitions(${target} PRIVATE
    NAPI_VERSION=8 NODE_ADDON_API_CPP_EXCEPTIONS NODE_ADDON_API_DISABLE_DEPRECATED
    NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS # what an environment that is being torn down can no longer take
    UNICODE _UNICODE NOMINMAX WIN32_LEAN_AND_MEAN _WIN32_WINNT=0x0A00)

  if(MSVC)
    _node_addon_msvc(${target} "${ARG_LIBS}")
  elseif(MINGW)
    _node_addon_mingw(${target} "${ARG_LIBS}")
  else()
    message(FATAL_ERROR "node_addon: MSVC or mingw-w64 only")
  endif()
endfunction()

function(_node_addon_msvc target libs)
  target_compile_options(${target} PRIVATE
    /W4 /WX /EHsc /utf-8 /permissive- /sdl /GS /guard:cf /ZH:SHA_256 /Brepro /external:W0)
  target_link_libraries(${target} PRIVATE ${libs} ${CMAKE_JS_LIB} delayimp)
  # cmake-js puts /DELAYLOAD into CMAKE_SHARED_LINKER_FLAGS, which MODULE libraries do not use.
  # DEPENDENTLOADFLAG 0x800: imports come from System32, never from the folder of the addon.
  target_link_options(${target} PRIVATE
    /WX /DELAYLOAD:NODE.EXE /guard:cf /DYNAMICBASE /HIGHENTROPYVA /NXCOMPAT /DEPENDENTLOADFLAG:0x800 /Brepro)
  if(CMAKE_GENERATOR_PLATFORM STREQUAL "ARM64" OR CMAKE_SYSTEM_PROCESSOR STREQUAL "ARM64")
    # CETCOMPAT is for x64 alone.
  else()
    target_link_options(${target} PRIVATE /CETCOMPAT)
  endif()
  # node.lib from the .def of node-api-headers: nothing is downloaded. The flags carry /machine:X64 or ARM64.
  separate_arguments(lib_flags NATIVE_COMMAND "${CMAKE_STATIC_LINKER_FLAGS}")
  execute_process(
    COMMAND ${CMAKE_AR} /nologo /def:${CMAKE_JS_NODELIB_DEF} /out:${CMAKE_JS_NODELIB_TARGET} ${lib_flags}
    COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(_node_addon_mingw target libs)
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
    ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/delay_load_hook_mingw.cc ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/terminate_mingw.cc)
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
