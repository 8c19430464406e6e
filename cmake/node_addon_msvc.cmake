# node_addon() with MSVC, for x64 and arm64.

# Small code, as the other compiler makes it.
string(REGEX REPLACE "/O2 /Ob2" "/O1 /Ob1" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

function(_node_addon_toolchain target libs)
  target_compile_options(${target} PRIVATE
    /W4 /WX /Gy /Gw /EHsc /utf-8 /permissive- /sdl /GS /guard:cf /Qspectre /ZH:SHA_256 /Brepro /external:W0)
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
