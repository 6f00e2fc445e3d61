# SPDX-License-Identifier: MIT
# Finds BoringSSL: the build named by BORINGSSL_ROOT, else Debian's android-libboringssl-dev.
# Never falls back to /usr/include, where OpenSSL lives. Gives BoringSSL::Crypto, BoringSSL::SSL,
# BoringSSL_API_VERSION and BoringSSL_ORIGIN ("Debian" or "own").

set(BORINGSSL_ROOT "" CACHE PATH "A BoringSSL build to use instead of Debian's package")
if(BORINGSSL_ROOT)
  set(BoringSSL_ORIGIN "own")
  set(_include_dirs "${BORINGSSL_ROOT}/include" "${BORINGSSL_ROOT}/src/include" "${BORINGSSL_ROOT}/../include")
  set(_library_dirs)
  foreach(_dir lib lib64 build build/ssl build/crypto ssl crypto .)
    list(APPEND _library_dirs "${BORINGSSL_ROOT}/${_dir}")
  endforeach()
else()
  set(BoringSSL_ORIGIN "Debian")
  set(_include_dirs "/usr/include/android")
  set(_library_dirs "/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/android")
endif()

find_path(BoringSSL_INCLUDE_DIR openssl/ssl.h PATHS ${_include_dirs} NO_DEFAULT_PATH)
find_library(BoringSSL_SSL_LIBRARY ssl PATHS ${_library_dirs} NO_DEFAULT_PATH)
find_library(BoringSSL_CRYPTO_LIBRARY crypto PATHS ${_library_dirs} NO_DEFAULT_PATH)

set(BoringSSL_API_VERSION "")
if(BoringSSL_INCLUDE_DIR)
  file(STRINGS "${BoringSSL_INCLUDE_DIR}/openssl/base.h" _line REGEX "^#define BORINGSSL_API_VERSION [0-9]+")
  if(_line MATCHES "([0-9]+)$")
    set(BoringSSL_API_VERSION "${CMAKE_MATCH_1}")
  else()
    message(FATAL_ERROR "${BoringSSL_INCLUDE_DIR} holds OpenSSL, not BoringSSL")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(BoringSSL
  REQUIRED_VARS BoringSSL_SSL_LIBRARY BoringSSL_CRYPTO_LIBRARY BoringSSL_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install android-libboringssl-dev (scripts/setup does) or name a build by -DBORINGSSL_ROOT=")
if(BoringSSL_API_VERSION LESS 17)
  message(FATAL_ERROR "BoringSSL API ${BoringSSL_API_VERSION} is too old: 17 is the least")
endif()
message(STATUS "BoringSSL: ${BoringSSL_ORIGIN}, API ${BoringSSL_API_VERSION}")

# The kind is taken from the suffix: an UNKNOWN library would lose the C++ run-time library.
function(_boringssl_target name library)
  if(TARGET BoringSSL::${name})
    return()
  endif()
  if(library MATCHES "\\.a$")
    add_library(BoringSSL::${name} STATIC IMPORTED)
    set_target_properties(BoringSSL::${name} PROPERTIES IMPORTED_LINK_INTERFACE_LANGUAGES "C;CXX")
  else()
    add_library(BoringSSL::${name} SHARED IMPORTED)
  endif()
  set_target_properties(BoringSSL::${name} PROPERTIES IMPORTED_LOCATION "${library}"
    INTERFACE_INCLUDE_DIRECTORIES "${BoringSSL_INCLUDE_DIR}")
endfunction()
find_package(Threads REQUIRED)
_boringssl_target(Crypto "${BoringSSL_CRYPTO_LIBRARY}")
_boringssl_target(SSL "${BoringSSL_SSL_LIBRARY}")
set_property(TARGET BoringSSL::Crypto APPEND PROPERTY INTERFACE_LINK_LIBRARIES Threads::Threads)
set_property(TARGET BoringSSL::SSL APPEND PROPERTY INTERFACE_LINK_LIBRARIES BoringSSL::Crypto)
