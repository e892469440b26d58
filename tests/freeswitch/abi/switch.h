/* SPDX-License-Identifier: MIT */
/* What module/freeswitch/abi_check.cpp looks at of FreeSWITCH's headers, as it was measured from 1.6.20 to 1.11. */
#ifndef PNP_TEST_SWITCH_H
#define PNP_TEST_SWITCH_H

#include <stddef.h>
#include <stdint.h>

extern "C" {

#define SWITCH_API_VERSION 5

typedef enum { SWITCH_STATUS_SUCCESS = 0, SWITCH_STATUS_GENERR = 9 } switch_status_t;
typedef enum { SWITCH_API_INTERFACE = 5 } switch_module_interface_name_t;
typedef enum { SWITCH_CHANNEL_ID_LOG = 0 } switch_text_channel_t;
typedef enum { SWITCH_LOG_ERROR = 3, SWITCH_LOG_WARNING, SWITCH_LOG_NOTICE, SWITCH_LOG_INFO, SWITCH_LOG_DEBUG } switch_log_level_t;
typedef enum { SWITCH_STACK_BOTTOM = 1 } switch_stack_t;
typedef enum { SWITCH_EVENT_CUSTOM = 0, SWITCH_EVENT_RELOADXML = 56, SWITCH_EVENT_NOTIFY = 57 } switch_event_types_t;
typedef enum { SWITCH_XML_SECTION_DIRECTORY = 2, SWITCH_XML_SECTION_DIALPLAN = 4 } switch_xml_section_enum_t;
typedef uint32_t switch_xml_section_t;
typedef enum { SWITCH_FALSE = 0, SWITCH_TRUE = 1 } switch_bool_t;
typedef uint32_t switch_module_flag_t;

typedef struct apr_pool_t switch_memory_pool_t;
typedef struct switch_core_session switch_core_session_t;
typedef struct switch_event switch_event_t;
typedef struct switch_event_node switch_event_node_t;
typedef struct switch_loadable_module_interface switch_loadable_module_interface_t;
typedef struct switch_stream_handle switch_stream_handle_t;
typedef struct switch_xml *switch_xml_t;
typedef struct switch_xml_binding switch_xml_binding_t;

typedef switch_status_t (*switch_module_load_t)(switch_loadable_module_interface_t **, switch_memory_pool_t *);
typedef switch_status_t (*switch_module_shutdown_t)(void);
typedef switch_status_t (*switch_module_runtime_t)(void);
typedef switch_xml_t (*switch_xml_search_function_t)(const char *, const char *, const char *, const char *,
	switch_event_t *, void *);
typedef void (*switch_event_callback_t)(switch_event_t *);
typedef switch_status_t (*switch_api_function_t)(const char *, switch_core_session_t *, switch_stream_handle_t *);
typedef uint8_t *(*switch_stream_handle_read_function_t)(switch_stream_handle_t *, int *);
typedef switch_status_t (*switch_stream_handle_write_function_t)(switch_stream_handle_t *, const char *, ...);
typedef switch_status_t (*switch_stream_handle_raw_write_function_t)(switch_stream_handle_t *, uint8_t *, size_t);

typedef struct switch_loadable_module_function_table {
	int switch_api_version;
	switch_module_load_t load;
	switch_module_shutdown_t shutdown;
	switch_module_runtime_t runtime;
	switch_module_flag_t flags;
} switch_loadable_module_function_table_t;

struct switch_stream_handle {
	switch_stream_handle_read_function_t read_function;
	switch_stream_handle_write_function_t write_function;
	switch_stream_handle_raw_write_function_t raw_write_function;
	void *data;
};

struct switch_api_interface {
	const char *interface_name;
	const char *desc;
	switch_api_function_t function;
	const char *syntax;
};

struct switch_xml {
	char *name;
	char **attr;
	char *txt;
	char *free_path;
	size_t off;
	switch_xml_t next;
};

switch_loadable_module_interface_t *switch_loadable_module_create_module_interface(switch_memory_pool_t *, const char *);
void *switch_loadable_module_create_interface(switch_loadable_module_interface_t *, switch_module_interface_name_t);
switch_status_t switch_console_set_complete(const char *);
void switch_log_printf(switch_text_channel_t, const char *, const char *, int, const char *, switch_log_level_t,
	const char *, ...);

switch_xml_t switch_xml_open_cfg(const char *, switch_xml_t *, switch_event_t *);
switch_xml_t switch_xml_child(switch_xml_t, const char *);
const char *switch_xml_attr_soft(switch_xml_t, const char *);
void switch_xml_free(switch_xml_t);
switch_status_t switch_xml_bind_search_function_ret(switch_xml_search_function_t, switch_xml_section_t, void *,
	switch_xml_binding_t **);
switch_status_t switch_xml_unbind_search_function_ptr(switch_xml_search_function_t);
switch_xml_section_t switch_xml_parse_section_string(const char *);
switch_xml_t switch_xml_parse_str_dynamic(char *, switch_bool_t);

switch_status_t switch_event_bind_removable(const char *, switch_event_types_t, const char *, switch_event_callback_t,
	void *, switch_event_node_t **);
switch_status_t switch_event_unbind(switch_event_node_t **);
char *switch_event_get_header_idx(switch_event_t *, const char *, int);
switch_status_t switch_event_create_subclass_detailed(const char *, const char *, int, switch_event_t **,
	switch_event_types_t, const char *);
switch_status_t switch_event_add_header_string(switch_event_t *, switch_stack_t, const char *, const char *);
switch_status_t switch_event_fire_detailed(const char *, const char *, int, switch_event_t **, void *);

}

#endif
