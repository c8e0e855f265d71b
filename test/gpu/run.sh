#!/bin/sh
# Builds the GPU probe with whatever C compiler there is and runs it; arguments go to the probe (try --help). Where a
# CUDA toolkit is installed (CUDA_HOME, else /usr/local/cuda) it first compares our declarations with its cuda.h.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
include="${CUDA_HOME:-/usr/local/cuda}/include"
if [ -f "$include/cuda.h" ]; then
  "${CC:-cc}" -std=c11 -Wall -Wextra -Werror -fsyntax-only -isystem "$include" "$here/abi_check.c"
  echo "abi_check: declarations agree with $include/cuda.h" >&2
else
  echo "abi_check: not run, there is no $include/cuda.h" >&2
fi
"${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Werror -o "$build/gpu-probe" "$here"/probe*.c "$here"/checks_*.c -ldl -lpthread
status=0
"$build/gpu-probe" "$@" || status=$?
exit "$status"
