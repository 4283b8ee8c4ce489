# SPDX-License-Identifier: Apache-2.0
include_guard()

# xpu_install_backend(NAME [COMPONENT COMPONENT]): the target xpu-NAME and its manifest NAME.toml,
# with the hash of the library as it is installed (without a build's search paths, perhaps
# stripped) written into the manifest. A file config.toml beside the sources, with the backend's
# section of the configuration, becomes its documentation.
function(xpu_install_backend name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" COMPONENT "")
  set(component)
  if(arg_COMPONENT)
    set(component COMPONENT ${arg_COMPONENT})
  endif()
  install(TARGETS xpu-${name} LIBRARY DESTINATION lib/xpu/backends ${component})
  install(FILES ${name}.toml DESTINATION lib/xpu/backends ${component})
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/config.toml)
    install(FILES config.toml DESTINATION share/doc/libxpu-${name} RENAME config.toml.example
            ${component})
  endif()
  install(CODE "set(XPU_LIBRARY $<TARGET_FILE_NAME:xpu-${name}>)
set(XPU_MANIFEST ${name}.toml)
include([[${CMAKE_CURRENT_FUNCTION_LIST_DIR}/XpuBackendPin.cmake]])" ${component})
endfunction()
