# SPDX-License-Identifier: Apache-2.0
# At installation: states the hash of XPU_LIBRARY in XPU_MANIFEST, below the line of the library,
# because keys at the end would belong to the last section.
set(folder "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/xpu/backends")
file(SHA256 "${folder}/${XPU_LIBRARY}" hash)
file(READ "${folder}/${XPU_MANIFEST}" text)
string(REGEX REPLACE "(^|\n)sha256[ \t]*=[^\n]*" "" text "${text}")
string(REGEX REPLACE "(^|\n)(library[ \t]*=[^\n]*)" "\\1\\2\nsha256 = \"${hash}\"" pinned "${text}")
if(pinned STREQUAL text)
  message(FATAL_ERROR "${folder}/${XPU_MANIFEST} has no line that begins with \"library =\", below "
    "which the hash of ${XPU_LIBRARY} could stand")
endif()
file(WRITE "${folder}/${XPU_MANIFEST}" "${pinned}")
