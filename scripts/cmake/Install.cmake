# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, beside the program, and the Debian package that `cpack` makes
# of it. scripts/release makes the package with SCOPE_DEBIAN: that lays it out as Debian's policy
# has it.
option(SCOPE_DEBIAN "Lay out for a Debian package: compressed pages, the service's options" OFF)
set(SCOPE_ZSH_FOLDER "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" CACHE STRING
  "Where zsh looks for completions; Debian's packages have another one")

set(packaging "${CMAKE_SOURCE_DIR}/scripts/packaging")
set(completions "${CMAKE_SOURCE_DIR}/scripts/completions")

install(PROGRAMS "${CMAKE_SOURCE_DIR}/scripts/redirect"
  DESTINATION "${CMAKE_INSTALL_BINDIR}" RENAME smtpscope-redirect)
install(FILES "${completions}/smtpscope.bash" RENAME smtpscope
  DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES "${completions}/_smtpscope" DESTINATION "${SCOPE_ZSH_FOLDER}")
install(FILES "${completions}/smtpscope.fish"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
configure_file("${packaging}/smtpscope.service.in" "${CMAKE_BINARY_DIR}/smtpscope.service" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/smtpscope.service" DESTINATION lib/systemd/system)

# ── the plain layout ────────────────────────────────────────────────────────────────────────────

if(NOT SCOPE_DEBIAN)
  install(FILES "${CMAKE_SOURCE_DIR}/proxy/smtpscope.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  install(FILES "${CMAKE_SOURCE_DIR}/proxy/smtpscope-redirect.8"
    DESTINATION "${CMAKE_INSTALL_MANDIR}/man8")
  install(FILES "${packaging}/options" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
  return()
endif()

# ── Debian's ────────────────────────────────────────────────────────────────────────────────────

# `gzip -n` writes no date and no name.
function(install_compressed source folder name)
  add_custom_command(OUTPUT "${name}.gz"
    COMMAND gzip -9nc "${source}" > "${name}.gz" DEPENDS "${source}" VERBATIM)
  add_custom_target("compressed-${name}" ALL DEPENDS "${name}.gz")
  install(FILES "${CMAKE_BINARY_DIR}/${name}.gz" DESTINATION "${folder}")
endfunction()

install_compressed("${CMAKE_SOURCE_DIR}/proxy/smtpscope.1" share/man/man1 smtpscope.1)
install_compressed("${CMAKE_SOURCE_DIR}/proxy/smtpscope-redirect.8" share/man/man8
  smtpscope-redirect.8)

# Debian's form of a changelog; the date is that of the last commit, which scripts/release knows.
string(TIMESTAMP changelog_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file("${packaging}/debian/changelog.in" "${CMAKE_BINARY_DIR}/debian-changelog" @ONLY)
install_compressed("${CMAKE_BINARY_DIR}/debian-changelog" share/doc/smtpscope changelog)
install(FILES "${packaging}/debian/copyright" DESTINATION share/doc/smtpscope)
install(FILES "${packaging}/debian/lintian-overrides" DESTINATION share/lintian/overrides
  RENAME smtpscope)
install(FILES "${packaging}/options" DESTINATION /etc/smtpscope)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME smtpscope)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "smtpscope <smtpscope@example.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "debugging proxy for SMTP, TLS included")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"It sits between a mail client and its server, ends the TLS of both, and
writes down what they say, with eight stars in the place of each password.
It relays every byte as it came, says what is wrong, which side did it and
which RFC says so, and gives a verdict for CI.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON) # the options are below /etc
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nftables, iproute2")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${packaging}/debian/postinst" "${packaging}/debian/prerm"
  "${packaging}/debian/postrm" "${packaging}/debian/conffiles")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_THREADS 1)
include(CPack)
