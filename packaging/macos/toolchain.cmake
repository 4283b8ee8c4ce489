# SPDX-License-Identifier: Apache-2.0
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR arm64)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES XPU_ZIG)
# Nothing of this machine's own.
set(CMAKE_OSX_SYSROOT "" CACHE STRING "")
set(CMAKE_OSX_DEPLOYMENT_TARGET "" CACHE STRING "")
set(CMAKE_FIND_ROOT_PATH /nonexistent)
set(CMAKE_C_COMPILER ${XPU_ZIG} cc -target aarch64-macos)
set(CMAKE_CXX_COMPILER ${XPU_ZIG} c++ -target aarch64-macos)
# zig's archiver, called as "zig ar", is one program with an argument, which CMake does not know.
set(CMAKE_CXX_ARCHIVE_CREATE "${XPU_ZIG} ar qc <TARGET> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_FINISH "${XPU_ZIG} ranlib <TARGET>")
