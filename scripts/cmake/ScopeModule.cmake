# SPDX-License-Identifier: MIT
# How a folder becomes a library, and how a test file becomes a test.

option(SCOPE_WERROR "Treat warnings as errors (on in CI)" OFF)
set(SCOPE_SANITIZE "" CACHE STRING "Sanitizers to build with, as the compiler spells them")
option(SCOPE_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(SCOPE_COVERAGE "Instrument for gcov" OFF)
option(SCOPE_COST "Let each basic block of the modules be counted, for test/cost (clang only)" OFF)

add_library(scope_flags INTERFACE)
target_compile_definitions(scope_flags INTERFACE _GNU_SOURCE)
target_compile_options(scope_flags INTERFACE
  $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wswitch-enum -Wvla -Wundef -Wcast-qual -Wwrite-strings
  -fno-common -fstack-protector-strong -fstack-clash-protection>
  $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=full>)
# No path of the machine that built it is in the program: two builds of one source are the same.
target_compile_options(scope_flags INTERFACE
  $<$<CONFIG:Release>:-ffile-prefix-map=${CMAKE_BINARY_DIR}=. -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.>)
target_link_options(scope_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
  $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-Wl,-z,shstk>)
# Only where the compiler optimises; sanitizers replace the functions that this one does.
if(NOT SCOPE_SANITIZE)
  target_compile_options(scope_flags INTERFACE
    $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
endif()
if(SCOPE_WERROR)
  target_compile_options(scope_flags INTERFACE -Werror)
endif()
if(SCOPE_SANITIZE)
  target_compile_options(scope_flags INTERFACE -fsanitize=${SCOPE_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(scope_flags INTERFACE -fsanitize=${SCOPE_SANITIZE})
endif()
if(SCOPE_FUZZ)
  target_compile_options(scope_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SCOPE_COVERAGE)
  target_compile_options(scope_flags INTERFACE --coverage)
  target_compile_definitions(scope_flags INTERFACE SCOPE_WATCHES_ITSELF) # it writes files of its own
  target_link_options(scope_flags INTERFACE --coverage -Wl,--wrap=_exit,--wrap=execvpe)
  add_library(scope_keep_counts STATIC "${CMAKE_CURRENT_LIST_DIR}/keep_counts.c")
  target_link_libraries(scope_flags INTERFACE scope_keep_counts)
endif()

# scope_module(NAME SOURCES a.c b.c DEPENDS base event PRIVATE BoringSSL::SSL)
# makes the library scope_NAME; DEPENDS names modules, PRIVATE the outside libraries.
function(scope_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(scope_${name} STATIC ${ARG_SOURCES})
  list(TRANSFORM ARG_DEPENDS PREPEND scope_)
  target_include_directories(scope_${name} PUBLIC "${CMAKE_SOURCE_DIR}/proxy" "${CMAKE_SOURCE_DIR}")
  target_link_libraries(scope_${name} PUBLIC ${ARG_DEPENDS} PRIVATE scope_flags ${ARG_PRIVATE})
  if(SCOPE_COST)
    target_compile_options(scope_${name} PRIVATE -fsanitize-coverage=trace-pc)
  endif()
endfunction()

# scope_unit_test(NAME SOURCES x_test.c MODULES smtp PRIVATE … LABELS e2e) makes a ctest named by its
# first label, which is `unit` if none is given. All of `unit` takes less than two seconds.
function(scope_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;MODULES;PRIVATE;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  list(GET ARG_LABELS 0 label)
  add_executable(${name} ${ARG_SOURCES})
  list(TRANSFORM ARG_MODULES PREPEND scope_)
  target_link_libraries(${name} PRIVATE ${ARG_MODULES} ${ARG_PRIVATE} scope_flags cmocka)
  add_test(NAME ${label}.${name} COMMAND ${name})
  set_tests_properties(${label}.${name} PROPERTIES LABELS "${ARG_LABELS}")
endfunction()

# scope_fuzzer(NAME SOURCES x_fuzz.c MODULES smtp) makes a libFuzzer program where SCOPE_FUZZ is on.
function(scope_fuzzer name)
  if(NOT SCOPE_FUZZ)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;MODULES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  list(TRANSFORM ARG_MODULES PREPEND scope_)
  target_link_libraries(${name} PRIVATE ${ARG_MODULES} scope_flags)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()
