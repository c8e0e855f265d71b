# Linux on x86-64, glibc. The build on an x86-64 machine uses this file; elsewhere it names Debian's cross compiler
# (apt-get install g++-x86-64-linux-gnu). Baseline processor: any 64-bit Intel or AMD.
if(NOT CMAKE_HOST_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
  set(CMAKE_C_COMPILER x86_64-linux-gnu-gcc)
  set(CMAKE_CXX_COMPILER x86_64-linux-gnu-g++)
endif()
set(CMAKE_C_FLAGS_INIT "-march=x86-64 -fstack-protector-strong")
set(CMAKE_CXX_FLAGS_INIT "-march=x86-64 -fstack-protector-strong")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-Wl,-z,relro,-z,now")
set(CMAKE_MODULE_LINKER_FLAGS_INIT "-Wl,-z,relro,-z,now")
