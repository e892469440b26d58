// SPDX-License-Identifier: MIT
// Compares our declarations of FreeSWITCH's functions and layouts with its own headers, where there
// are any; there is nothing here to run.
#include "module/freeswitch/abi.hpp"

#include <switch.h>

#include <cstddef>
#include <type_traits>

namespace freeswitch {
namespace {

/// What a compiled caller sees of a type: a pointer, nothing, or a number of so many bytes.
template <class T>
constexpr std::size_t shape = std::is_pointer_v<T> ? 100
                              : std::is_void_v<T>  ? 200
                                                   : sizeof(T);
template <> constexpr std::size_t shape<void> = 200;

template <class Ours, class Theirs> constexpr bool same = false;

template <class R, class... A, class S, class... B>
constexpr bool same<R (*)(A...), S (*)(B...)> = sizeof...(A) == sizeof...(B) &&
                                                ((shape<R> == shape<S>)&&... &&
                                                 (shape<A> == shape<B>));

template <class R, class... A, class S, class... B>
constexpr bool same<R (*)(A..., ...), S (*)(B..., ...)> = same<R (*)(A...), S (*)(B...)>;

#define PNP_SAME(ours, theirs) static_assert(same<decltype(&(ours)), decltype(&(theirs))>, #theirs)
PNP_SAME(create_module_interface, switch_loadable_module_create_module_interface);
PNP_SAME(create_interface, switch_loadable_module_create_interface);
PNP_SAME(set_complete, switch_console_set_complete);
PNP_SAME(log_printf, switch_log_printf);
PNP_SAME(xml_open_cfg, switch_xml_open_cfg);
PNP_SAME(xml_child, switch_xml_child);
PNP_SAME(xml_attribute, switch_xml_attr_soft);
PNP_SAME(xml_free, switch_xml_free);
PNP_SAME(xml_bind, switch_xml_bind_search_function_ret);
PNP_SAME(xml_unbind, switch_xml_unbind_search_function_ptr);
PNP_SAME(xml_sections, switch_xml_parse_section_string);
PNP_SAME(xml_parse, switch_xml_parse_str_dynamic);
PNP_SAME(event_bind, switch_event_bind_removable);
PNP_SAME(event_unbind, switch_event_unbind);
PNP_SAME(event_header, switch_event_get_header_idx);
PNP_SAME(event_create, switch_event_create_subclass_detailed);
PNP_SAME(event_add, switch_event_add_header_string);
PNP_SAME(event_fire, switch_event_fire_detailed);
#undef PNP_SAME

static_assert(same<Search, switch_xml_search_function_t>);
static_assert(same<Callback, switch_event_callback_t>);
static_assert(same<decltype(ApiInterface::function), switch_api_function_t>);
static_assert(same<decltype(Stream::write), switch_stream_handle_write_function_t>);

using Table = switch_loadable_module_function_table_t;
static_assert(sizeof(FunctionTable) == sizeof(Table));
static_assert(offsetof(FunctionTable, version) == offsetof(Table, switch_api_version));
static_assert(offsetof(FunctionTable, load) == offsetof(Table, load));
static_assert(offsetof(FunctionTable, shutdown) == offsetof(Table, shutdown));
static_assert(offsetof(FunctionTable, runtime) == offsetof(Table, runtime));
static_assert(offsetof(FunctionTable, flags) == offsetof(Table, flags));

static_assert(offsetof(Stream, write) == offsetof(switch_stream_handle, write_function));
static_assert(offsetof(Stream, data) == offsetof(switch_stream_handle, data));

static_assert(offsetof(ApiInterface, name) == offsetof(switch_api_interface, interface_name));
static_assert(offsetof(ApiInterface, description) == offsetof(switch_api_interface, desc));
static_assert(offsetof(ApiInterface, function) == offsetof(switch_api_interface, function));
static_assert(offsetof(ApiInterface, syntax) == offsetof(switch_api_interface, syntax));

static_assert(offsetof(Xml, name) == offsetof(switch_xml, name));
static_assert(offsetof(Xml, next) == offsetof(switch_xml, next));

static_assert(api_version == SWITCH_API_VERSION && api_interface == SWITCH_API_INTERFACE);
static_assert(success == SWITCH_STATUS_SUCCESS && general_error == SWITCH_STATUS_GENERR);
static_assert(log_channel == SWITCH_CHANNEL_ID_LOG && stack_bottom == SWITCH_STACK_BOTTOM);
static_assert(event_custom == SWITCH_EVENT_CUSTOM && event_notify == SWITCH_EVENT_NOTIFY);
static_assert(event_reloadxml == SWITCH_EVENT_RELOADXML);
static_assert(section_directory == SWITCH_XML_SECTION_DIRECTORY);
static_assert(section_dialplan == SWITCH_XML_SECTION_DIALPLAN);
static_assert(static_cast<int>(LogLevel::error) == SWITCH_LOG_ERROR);
static_assert(static_cast<int>(LogLevel::warning) == SWITCH_LOG_WARNING);
static_assert(static_cast<int>(LogLevel::notice) == SWITCH_LOG_NOTICE);
static_assert(static_cast<int>(LogLevel::debug) == SWITCH_LOG_DEBUG);

} // namespace
} // namespace freeswitch
