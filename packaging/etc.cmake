# SPDX-License-Identifier: Apache-2.0
# CPack stages a package in a prefix of its own, where the configuration is an example in share/xpu.
# A package is for /usr: there it is the configuration in force, in /etc.
set(stage ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/xpu-container-runtime)
if(EXISTS ${stage}/usr/share/xpu/config.toml)
  file(MAKE_DIRECTORY ${stage}/etc/xpu-container-runtime)
  file(RENAME ${stage}/usr/share/xpu/config.toml ${stage}/etc/xpu-container-runtime/config.toml)
endif()
# The unit names programs below the prefix.
set(stage ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/xpud)
set(unit ${stage}/usr/lib/systemd/system/xpud.service)
if(EXISTS ${unit})
  file(READ ${unit} text)
  string(REPLACE "${stage}/usr" "/usr" text "${text}")
  file(WRITE ${unit} "${text}")
endif()
