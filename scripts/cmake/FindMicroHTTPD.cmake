# SPDX-License-Identifier: MIT
# Finds Debian's libmicrohttpd-dev. Gives MicroHTTPD::MicroHTTPD.

find_path(MicroHTTPD_INCLUDE_DIR microhttpd.h)
find_library(MicroHTTPD_LIBRARY microhttpd)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MicroHTTPD REQUIRED_VARS MicroHTTPD_LIBRARY MicroHTTPD_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libmicrohttpd-dev (scripts/setup does)")
if(NOT TARGET MicroHTTPD::MicroHTTPD)
  add_library(MicroHTTPD::MicroHTTPD UNKNOWN IMPORTED)
  set_target_properties(MicroHTTPD::MicroHTTPD PROPERTIES IMPORTED_LOCATION "${MicroHTTPD_LIBRARY}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${MicroHTTPD_INCLUDE_DIR}")
endif()
