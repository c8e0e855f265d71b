/* The C header seen by a plain C99 compiler: the sizes and offsets that a C program has, for layout_test.cpp. */
#include "abi_c99.h"

#include "edgestream.h"

#define SIZE(type) {#type, sizeof(type)}
#define AT(type, field) {#type "." #field, offsetof(type, field)}

const struct abi_number abi_numbers[] = {
    SIZE(es_policy), AT(es_policy, when_full), AT(es_policy, pick), AT(es_policy, on_stall), AT(es_policy, start),
    AT(es_policy, on_disconnect), AT(es_policy, no_reuse), AT(es_policy, max_held), AT(es_policy, max_wait_ms),
    AT(es_policy, max_lag), AT(es_policy, max_lag_total), AT(es_policy, label),
    SIZE(es_plane), SIZE(es_format), AT(es_format, width), AT(es_format, height), AT(es_format, plane_count),
    AT(es_format, planes), AT(es_format, size), AT(es_format, time_base_num), AT(es_format, time_base_den),
    SIZE(es_connection_info), AT(es_connection_info, state), AT(es_connection_info, pid),
    AT(es_connection_info, uid), AT(es_connection_info, policy), AT(es_connection_info, posted),
    AT(es_connection_info, latency_us), AT(es_connection_info, since), AT(es_connection_info, client),
    AT(es_connection_info, previous),
    SIZE(es_throughput), AT(es_throughput, bytes), AT(es_throughput, elapsed),
    SIZE(es_producer_info), AT(es_producer_info, layout), AT(es_producer_info, format),
    SIZE(es_event), AT(es_event, connection), AT(es_event, code), AT(es_event, text),
    {0, 0},
};
