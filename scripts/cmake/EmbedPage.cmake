# SPDX-License-Identifier: MIT
# Run as a script at build time: makes one C file of the page's files, each a name, a content type and
# its bytes, and of its modules in order the one script that a report carries.
#
#   cmake -DOUT=page_files.c -DFOLDER=proxy/web/page "-DFILES=index.html;…" "-DMODULES=dom.js;…" -P EmbedPage.cmake

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

# A definition of the bytes of `file`, in hexadecimal.
function(put_bytes out name file)
  file(READ "${file}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR len "${digits} / 2")
  string(REGEX REPLACE "(................................................................)" "\\1\n    " hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  file(APPEND "${out}" "static const uint8_t ${name}[] = {\n    ${hex}\n};\n")
  set(len ${len} PARENT_SCOPE)
endfunction()

# The modules as one: each name is exported by one of them only, so what is left without their
# imports and exports is one script.
function(join_modules out)
  file(WRITE "${out}" "")
  foreach(module ${MODULES})
    file(READ "${FOLDER}/${module}" text)
    string(REGEX REPLACE "(^|\n)import [^\n]*" "\\1" text "${text}")
    string(REGEX REPLACE "(^|\n)export " "\\1" text "${text}")
    file(APPEND "${out}" "${text}")
  endforeach()
endfunction()

file(WRITE "${OUT}.new" "// Made by EmbedPage.cmake.\n#include \"web/page_files.h\"\n\n")
set(rows "")
foreach(file ${FILES})
  string(MAKE_C_IDENTIFIER "file_${file}" name)
  get_filename_component(ending "${file}" LAST_EXT)
  string(SUBSTRING "${ending}" 1 -1 ending)
  put_bytes("${OUT}.new" ${name} "${FOLDER}/${file}")
  string(APPEND rows "    {\"${file}\", \"${type_${ending}}\", {${name}, ${len}}},\n")
endforeach()
join_modules("${OUT}.js")
put_bytes("${OUT}.new" joined_modules "${OUT}.js")
file(APPEND "${OUT}.new" "const struct page_file page_files[] = {\n${rows}};\n"
  "const size_t page_file_count = sizeof(page_files) / sizeof(page_files[0]);\n"
  "const struct slice page_script = {joined_modules, ${len}};\n")
file(RENAME "${OUT}.new" "${OUT}")
