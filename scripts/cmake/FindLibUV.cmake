# SPDX-License-Identifier: MIT
# Finds Debian's libuv1-dev. Gives LibUV::LibUV.

find_path(LibUV_INCLUDE_DIR uv.h)
find_library(LibUV_LIBRARY uv)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibUV REQUIRED_VARS LibUV_LIBRARY LibUV_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libuv1-dev (scripts/setup does)")
if(NOT TARGET LibUV::LibUV)
  add_library(LibUV::LibUV UNKNOWN IMPORTED)
  set_target_properties(LibUV::LibUV PROPERTIES IMPORTED_LOCATION "${LibUV_LIBRARY}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${LibUV_INCLUDE_DIR}")
endif()
