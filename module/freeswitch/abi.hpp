// SPDX-License-Identifier: MIT
// FreeSWITCH's 18 functions and four layouts that the module needs, in declarations of our own:
// they are the same from 1.6.20 to 1.11, and FreeSWITCH's headers are in no package of Debian's.
#pragma once

#include <cstddef>
#include <cstdint>

/// Each function has a name of ours and the symbol of FreeSWITCH's, so that abi_check.cpp can
/// compare them with its headers in one file. What FreeSWITCH declares as an enum is an int here.
namespace freeswitch {

// NOLINTBEGIN(readability-redundant-declaration,cert-dcl50-cpp): variadic, because they are

struct Event;
struct EventNode;
struct ModuleInterface;
struct Pool;
struct Session;
struct XmlBinding;

using Status = int; ///< switch_status_t
constexpr Status success = 0;
constexpr Status general_error = 9; ///< SWITCH_STATUS_GENERR

constexpr int api_version = 5;      ///< SWITCH_API_VERSION
constexpr int api_interface = 5;    ///< SWITCH_API_INTERFACE
constexpr int log_channel = 0;      ///< SWITCH_CHANNEL_ID_LOG
constexpr int stack_bottom = 1;     ///< SWITCH_STACK_BOTTOM
constexpr int event_custom = 0;     ///< SWITCH_EVENT_CUSTOM
constexpr int event_reloadxml = 56; ///< SWITCH_EVENT_RELOADXML
constexpr int event_notify = 57;    ///< SWITCH_EVENT_NOTIFY

constexpr int section_directory = 2; ///< SWITCH_XML_SECTION_DIRECTORY
constexpr int section_dialplan = 4;  ///< SWITCH_XML_SECTION_DIALPLAN

enum class LogLevel : int { error = 3, warning = 4, notice = 5, debug = 7 };

/// What a module exports as <file>_module_interface.
struct FunctionTable {
    int version; ///< api_version
    Status (*load)(ModuleInterface** made, Pool* pool);
    Status (*shutdown)();
    Status (*runtime)(); ///< a thread of its own; may be null
    unsigned flags;
};

/// Where a command writes its text; longer than this.
struct Stream {
    void* read;
    Status (*write)(Stream* stream, const char* format, ...);
    void* write_raw;
    void* data;
};

/// A command; longer than this.
struct ApiInterface {
    const char* name;
    const char* description;
    Status (*function)(const char* text, Session* session, Stream* stream);
    const char* syntax;
};

/// An element; longer than this.
struct Xml {
    char* name;
    char** attributes;
    char* text;
    char* free_path;
    std::size_t offset;
    Xml* next; ///< of the same name below the same parent
};

using Search = Xml* (*)(const char* section,
                        const char* tag,
                        const char* key,
                        const char* value,
                        Event* params,
                        void* user_data);
using Callback = void (*)(Event* event);

ModuleInterface*
create_module_interface(Pool* pool,
                        const char* name) __asm__("switch_loadable_module_create_module_interface");
void* create_interface(ModuleInterface* module,
                       int kind) __asm__("switch_loadable_module_create_interface");
Status set_complete(const char* text) __asm__("switch_console_set_complete");
void log_printf(int channel,
                const char* file,
                const char* function,
                int line,
                const char* user_data,
                int level,
                const char* format,
                ...) __asm__("switch_log_printf");

/// The whole document that has the configuration, or nullptr; *found is that configuration.
Xml* xml_open_cfg(const char* name, Xml** found, Event* params) __asm__("switch_xml_open_cfg");
Xml* xml_child(Xml* parent, const char* name) __asm__("switch_xml_child");
const char* xml_attribute(Xml* element,
                          const char* name) __asm__("switch_xml_attr_soft"); ///< never null
void xml_free(Xml* root) __asm__("switch_xml_free");
Status xml_bind(Search search,
                int sections,
                void* user_data,
                XmlBinding** made) __asm__("switch_xml_bind_search_function_ret");
Status xml_unbind(Search search) __asm__("switch_xml_unbind_search_function_ptr");
int xml_sections(const char* names) __asm__("switch_xml_parse_section_string");
Xml* xml_parse(char* text, int copy) __asm__("switch_xml_parse_str_dynamic");

Status event_bind(const char* id,
                  int event,
                  const char* subclass,
                  Callback callback,
                  void* user_data,
                  EventNode** made) __asm__("switch_event_bind_removable");
Status event_unbind(EventNode** node) __asm__("switch_event_unbind");
char* event_header(Event* event,
                   const char* name,
                   int index) __asm__("switch_event_get_header_idx"); ///< index -1: the whole of it
Status event_create(const char* file,
                    const char* function,
                    int line,
                    Event** made,
                    int event,
                    const char* subclass) __asm__("switch_event_create_subclass_detailed");
Status event_add(Event* event,
                 int stack,
                 const char* name,
                 const char* value) __asm__("switch_event_add_header_string");
Status event_fire(const char* file,
                  const char* function,
                  int line,
                  Event** event,
                  void* user_data) __asm__("switch_event_fire_detailed");

// NOLINTEND(readability-redundant-declaration,cert-dcl50-cpp)

} // namespace freeswitch
