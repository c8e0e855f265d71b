# Linux on arm64, glibc (Jetson, Raspberry Pi 4 and later, servers). Cross builds with Debian's compiler:
#   apt-get install g++-aarch64-linux-gnu
#   cmake -S . -B build/arm64 -DCMAKE_TOOLCHAIN_FILE=toolchains/linux-arm64.cmake && cmake --build build/arm64
# Baseline processor: ARMv8-A; newer atomics are picked at run time (outline atomics).
if(NOT CMAKE_HOST_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_SYSTEM_PROCESSOR aarch64)
  set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
  set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
endif()
set(CMAKE_C_FLAGS_INIT "-march=armv8-a -fstack-protector-strong")
set(CMAKE_CXX_FLAGS_INIT "-march=armv8-a -fstack-protector-strong")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-Wl,-z,relro,-z,now")
set(CMAKE_MODULE_LINKER_FLAGS_INIT "-Wl,-z,relro,-z,now")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
