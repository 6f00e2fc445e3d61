# SPDX-License-Identifier: MIT
# Finds Debian's libtre-dev. Gives TRE::TRE.

find_path(TRE_INCLUDE_DIR tre/tre.h)
find_library(TRE_LIBRARY tre)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TRE REQUIRED_VARS TRE_LIBRARY TRE_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libtre-dev (scripts/setup does)")
if(NOT TARGET TRE::TRE)
  add_library(TRE::TRE UNKNOWN IMPORTED)
  set_target_properties(TRE::TRE PROPERTIES IMPORTED_LOCATION "${TRE_LIBRARY}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${TRE_INCLUDE_DIR}")
endif()
