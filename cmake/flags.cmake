# SPDX-License-Identifier: Apache-2.0
# One set of compiler and linker flags for everything: xpu_flags. xpu_library_flags adds what a
# backend library needs: C++ runtime inside, one exported symbol.
find_package(Threads REQUIRED)

add_library(xpu_flags INTERFACE)
target_include_directories(xpu_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/sdk/include)
target_compile_definitions(xpu_flags INTERFACE XPU_VERSION="${PROJECT_VERSION}" _GNU_SOURCE
  BOOST_DLL_USE_STD_FS)
target_compile_options(xpu_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  -fstack-protector-strong -ffunction-sections -fdata-sections
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
target_link_options(xpu_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 reports assignments of literals to std::string as overlapping copies (PR 105651).
  target_compile_options(xpu_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()
if(XPU_SANITIZE)
  target_compile_options(xpu_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g1)
  target_link_options(xpu_flags INTERFACE -fsanitize=address,undefined)
elseif(XPU_FUZZ)
  target_compile_options(xpu_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -O1)
  target_link_options(xpu_flags INTERFACE -fsanitize=address,undefined)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(xpu_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A start maps nearly all of the shim, and its code is most of the memory of a start. These take
    # a tenth off it; -Os takes a quarter, and a tenth of the speed, as it copies strings bytewise.
    target_compile_options(xpu_flags INTERFACE -fno-align-functions -fno-align-jumps
      -fno-align-loops -fno-tree-vectorize --param=max-inline-insns-single=30
      --param=inline-unit-growth=20)
  endif()
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
  target_compile_options(xpu_flags INTERFACE -fcf-protection)
endif()

add_library(xpu_library_flags INTERFACE)
target_link_libraries(xpu_library_flags INTERFACE xpu_flags)
if(NOT XPU_SANITIZE)
  target_link_options(xpu_library_flags INTERFACE -static-libstdc++ -static-libgcc)
endif()
# Hidden visibility is not enough: libstdc++ declares namespace std visible, and with it every
# template instantiation in a backend. The version script leaves one symbol.
target_link_options(xpu_library_flags INTERFACE -Wl,--exclude-libs,ALL -Wl,-z,defs
  -Wl,--version-script=${PROJECT_SOURCE_DIR}/sdk/cmake/backend.map)
if(XPU_SANITIZE)
  # The sanitizer's run time is in the host program.
  target_link_options(xpu_library_flags INTERFACE -Wl,-z,undefs)
endif()
