# How every target is compiled, and the three kinds of target a folder may declare:
#   sallyport_library(NAME SOURCES ... DEPS ...)          one library per folder
#   sallyport_test(NAME SOURCES ... DEPS ...)             GoogleTest, run by ctest
#   sallyport_fuzzer(NAME SOURCES ... DEPS ...)           libFuzzer, only in the fuzz preset
# DEPS of a library are what it may include: the layer table of docs/architecture.md.

add_library(sallyport_flags INTERFACE)
target_compile_options(sallyport_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -Wformat=2 -Werror -fno-omit-frame-pointer -fstack-protector-strong)
target_include_directories(sallyport_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/src)
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(sallyport_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  target_link_options(sallyport_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
if(SALLYPORT_SANITIZE STREQUAL "address+undefined")
  set(_san -fsanitize=address,undefined -fno-sanitize-recover=all -fno-sanitize=function)
elseif(SALLYPORT_SANITIZE STREQUAL "thread")
  set(_san -fsanitize=thread)
elseif(SALLYPORT_SANITIZE)
  message(FATAL_ERROR "SALLYPORT_SANITIZE must be empty, address+undefined or thread")
endif()
if(_san)
  target_compile_options(sallyport_flags INTERFACE ${_san})
  target_compile_definitions(sallyport_flags INTERFACE SALLYPORT_SANITIZED=1)
  target_link_options(sallyport_flags INTERFACE ${_san})
endif()
if(SALLYPORT_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "the fuzz preset needs clang")
  endif()
  target_compile_options(sallyport_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(SALLYPORT_MOLD mold)
if(SALLYPORT_MOLD)
  target_link_options(sallyport_flags INTERFACE -fuse-ld=mold)
endif()
find_program(SALLYPORT_CCACHE ccache)
if(SALLYPORT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SALLYPORT_CCACHE})
endif()

function(sallyport_library name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC ${A_DEPS} PRIVATE sallyport_flags)
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/src)
endfunction()

# An executable of the product; lands in bin/ or libexec/sallyport/ (KIND bin|libexec).
function(sallyport_executable name)
  cmake_parse_arguments(A "" "KIND" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_DEPS} sallyport_flags)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  if(A_KIND STREQUAL "libexec")
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/sallyport)
  elseif(A_KIND STREQUAL "bin")
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

function(sallyport_test name)
  if(NOT SALLYPORT_TESTS)
    return()
  endif()
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_DEPS} GTest::gtest GTest::gmock GTest::gtest_main sallyport_flags)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# The names go into a file that tools/fuzz reads.
file(WRITE ${CMAKE_BINARY_DIR}/fuzzers "")
function(sallyport_fuzzer name)
  if(NOT SALLYPORT_FUZZ)
    return()
  endif()
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_DEPS} sallyport_flags)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  file(APPEND ${CMAKE_BINARY_DIR}/fuzzers "${name}\n")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()

# Protocol Buffers, lite runtime: generated code is third-party code to the warnings.
function(sallyport_proto_library name)
  cmake_parse_arguments(A "" "" "PROTOS;DEPS" ${ARGN})
  set(_generated)
  foreach(proto ${A_PROTOS})
    file(RELATIVE_PATH _rel ${CMAKE_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR}/${proto})
    string(REGEX REPLACE "\\.proto$" "" _stem ${_rel})
    set(_out ${CMAKE_BINARY_DIR}/src/${_stem})
    add_custom_command(
      OUTPUT ${_out}.pb.cc ${_out}.pb.h
      COMMAND ${Protobuf_PROTOC_EXECUTABLE} -I ${CMAKE_SOURCE_DIR}/src --cpp_out=${CMAKE_BINARY_DIR}/src
              ${CMAKE_CURRENT_SOURCE_DIR}/${proto}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${proto} VERBATIM)
    list(APPEND _generated ${_out}.pb.cc ${_out}.pb.h)
  endforeach()
  add_library(${name} STATIC ${_generated})
  target_include_directories(${name} SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/src)
  target_link_libraries(${name} PUBLIC ${A_DEPS} protobuf::libprotobuf-lite)
  if(_san)
    target_compile_options(${name} PRIVATE ${_san})
  endif()
endfunction()
