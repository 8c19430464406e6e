# node_addon(<target> SOURCES a.cc b.cc [LIBS ncrypt ...])
# A Node-API module for Windows: cmake-js with MSVC (x64, arm64), or cmake-js with the mingw-w64 toolchain file on Linux.
# LIBS are system libraries. They are loaded from System32 only, wherever the addon lies (see the delay-load hook).

if(MSVC)
  include(${CMAKE_CURRENT_LIST_DIR}/node_addon_msvc.cmake)
elseif(MINGW)
  include(${CMAKE_CURRENT_LIST_DIR}/node_addon_mingw.cmake)
else()
  message(FATAL_ERROR "node_addon: MSVC or mingw-w64 only")
endif()

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
    NAPI_VERSION=8 NODE_ADDON_API_CPP_EXCEPTIONS_ALL NODE_ADDON_API_DISABLE_DEPRECATED
    NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS # what an environment that is being torn down can no longer take
    UNICODE _UNICODE NOMINMAX WIN32_LEAN_AND_MEAN _WIN32_WINNT=0x0A00)

  _node_addon_toolchain(${target} "${ARG_LIBS}")
endfunction()
