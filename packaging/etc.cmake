# SPDX-License-Identifier: Apache-2.0
# PREFIX/etc is right for a private prefix; the configuration of a package in /usr is in /etc.
foreach(component ${CPACK_COMPONENTS_ALL})
  set(stage ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component})
  if(EXISTS ${stage}/usr/etc)
    file(RENAME ${stage}/usr/etc ${stage}/etc)
  endif()
endforeach()
