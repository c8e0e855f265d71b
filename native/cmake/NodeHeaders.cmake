# Sets ES_NODE_INCLUDE_DIRS: node_api.h and napi.h from devDependencies, uv.h from the Node installation (or Debian's
# libuv1-dev). Headers do not depend on the processor, so a cross build takes the same ones.
find_program(ES_NODE_PROGRAM node REQUIRED)

function(es_node_value variable expression)
  execute_process(COMMAND "${ES_NODE_PROGRAM}" -p "${expression}"
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/.."
    OUTPUT_VARIABLE value ERROR_VARIABLE problem RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "node -p \"${expression}\" failed; run `npm ci` first\n${problem}")
  endif()
  set(${variable} "${value}" PARENT_SCOPE)
endfunction()

es_node_value(ES_NODE_API_DIR "require('node-api-headers').include_dir")
es_node_value(ES_NODE_ADDON_API_DIR "require('path').resolve(require('node-addon-api').include_dir)")
es_node_value(ES_NODE_PREFIX_INCLUDE "require('path').resolve(process.execPath, '..', '..', 'include', 'node')")

find_path(ES_UV_DIR uv.h
  PATHS "${ES_NODE_PREFIX_INCLUDE}" /usr/include NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
if(NOT ES_UV_DIR)
  message(FATAL_ERROR "uv.h is neither in ${ES_NODE_PREFIX_INCLUDE} nor in /usr/include; "
    "install Node with its headers, or Debian's libuv1-dev")
endif()

set(ES_NODE_INCLUDE_DIRS "${ES_NODE_API_DIR}" "${ES_NODE_ADDON_API_DIR}")
# /usr/include is searched anyway; named as a system folder it would hide the order the C++ headers rely on.
if(NOT ES_UV_DIR STREQUAL "/usr/include")
  list(APPEND ES_NODE_INCLUDE_DIRS "${ES_UV_DIR}")
elseif(CMAKE_CROSSCOMPILING)
  # A cross compiler does not look into /usr/include: give it libuv's headers alone.
  set(ES_UV_COPY "${CMAKE_BINARY_DIR}/uv-headers")
  file(COPY /usr/include/uv.h /usr/include/uv DESTINATION "${ES_UV_COPY}")
  list(APPEND ES_NODE_INCLUDE_DIRS "${ES_UV_COPY}")
endif()
