// SPDX-License-Identifier: MIT
#include "freeswitch/fake_host.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <list>
#include <sched.h>
#include <set>
#include <shared_mutex>
#include <stdexcept>
#include <utility>

#include <libxml/parser.h>

// The layouts are said here once more, in FreeSWITCH's own words.
struct switch_xml {
    char* name;
    char** attr;
    char* txt;
    char* free_path;
    std::size_t off;
    switch_xml* next;
    switch_xml* sibling;
    switch_xml* ordered;
    switch_xml* child;
    // what a module never sees
    fake::Headers* attributes;
    std::string* name_text;
    std::vector<switch_xml*>* children;
    std::string* source; // of a root
    int references;
};

struct switch_event {
    int event_id;
    std::string subclass;
    fake::Headers headers;
    std::string body;

    void add(const std::string& name, const std::string& value) {
        headers.erase(name);
        if (!value.empty()) { // an empty one is none
            headers[name] = value;
        }
    }
};

using Search =
    switch_xml* (*)(const char*, const char*, const char*, const char*, switch_event*, void*);
using Callback = void (*)(switch_event*);

struct switch_event_node {
    int event_id;
    std::string subclass;
    Callback callback;
};

struct switch_stream_handle {
    void* read_function;
    int (*write_function)(switch_stream_handle*, const char*, ...);
    void* raw_write_function;
    void* data;
    void* more[8];
};

struct switch_api_interface {
    const char* interface_name;
    const char* desc;
    int (*function)(const char*, void*, switch_stream_handle*);
    const char* syntax;
    void* more[8];
};

struct switch_loadable_module_interface {
    std::string name;
    std::list<switch_api_interface> apis;
};

struct function_table {
    int api_version;
    int (*load)(switch_loadable_module_interface**, void*);
    int (*shutdown)();
    int (*runtime)();
    unsigned flags;
};

namespace fake {

struct Host::State {
    struct Binding {
        Search search;
        std::uint32_t sections;
        void* user_data;
    };

    /// Held while one is loaded (as older ones do), while a command is looked for, and while an
    /// unload waits for commands.
    std::recursive_mutex modules;
    std::shared_ptr<switch_loadable_module_interface> interface; // guarded by that
    mutable std::mutex running_mutex;                            // guards what follows
    std::condition_variable ended;
    std::size_t running = 0; // commands

    mutable std::shared_mutex bindings_mutex; // held while they are asked, as FreeSWITCH does
    std::list<Binding> bindings;
    mutable std::shared_mutex nodes_mutex; // held while they are told
    std::list<switch_event_node*> nodes;
    mutable std::mutex mutex; // guards what follows
    std::vector<Logged> logged;
    std::vector<Fired> fired;
    std::vector<std::string> completions;
    switch_xml* document = nullptr;
    std::size_t documents = 0;
    Host::Read read;
    std::map<int, std::string> names = {{0, "CUSTOM"}, {56, "RELOADXML"}, {57, "NOTIFY"}};
    std::set<switch_event*> made; // and not fired
    std::atomic<bool> scripts_answer = false;
    std::atomic<std::uint64_t> sequence = 0; // of events
    // Of the one thread that loads and unloads.
    void* file = nullptr;
    function_table* table = nullptr;

    void name(switch_event& event) {
        const std::lock_guard lock(mutex);
        event.add("Event-Name", names[event.event_id]);
        event.add("Event-Subclass", event.subclass);
    }
};

namespace {

Host::State* current = nullptr;

switch_xml* build(const xmlNode* from) {
    auto* node = new switch_xml{};
    node->name_text = new std::string(reinterpret_cast<const char*>(from->name));
    node->name = node->name_text->data();
    node->attributes = new Headers;
    node->children = new std::vector<switch_xml*>;
    for (const xmlAttr* each = from->properties; each != nullptr; each = each->next) {
        xmlChar* value = xmlNodeGetContent(reinterpret_cast<const xmlNode*>(each));
        (*node->attributes)[reinterpret_cast<const char*>(each->name)] =
            reinterpret_cast<const char*>(value);
        xmlFree(value);
    }
    for (const xmlNode* each = from->children; each != nullptr; each = each->next) {
        if (each->type != XML_ELEMENT_NODE) {
            continue;
        }
        switch_xml* made = build(each);
        const auto before = std::find_if(
            node->children->rbegin(), node->children->rend(),
            [&](const switch_xml* other) { return *other->name_text == *made->name_text; });
        if (before != node->children->rend()) {
            (*before)->next = made;
        }
        node->children->push_back(made);
    }
    return node;
}

void destroy(switch_xml* node) {
    for (switch_xml* each : *node->children) {
        destroy(each);
    }
    delete node->children;
    delete node->attributes;
    delete node->name_text;
    delete node->source;
    delete node;
}

switch_xml* parse(const std::string& text) {
    xmlDoc* const document =
        xmlReadMemory(text.data(), static_cast<int>(text.size()), "document", nullptr,
                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (document == nullptr) {
        return nullptr;
    }
    switch_xml* made = build(xmlDocGetRootElement(document));
    xmlFreeDoc(document);
    made->source = new std::string(text);
    made->references = 1;
    return made;
}

switch_xml* child(const switch_xml* parent, const std::string& name) {
    if (parent != nullptr) {
        for (switch_xml* each : *parent->children) {
            if (*each->name_text == name) {
                return each;
            }
        }
    }
    return nullptr;
}

switch_xml* named(const switch_xml* parent, const char* tag, const std::string& name) {
    for (switch_xml* each = child(parent, tag); each != nullptr; each = each->next) {
        if ((*each->attributes)["name"] == name) {
            return each;
        }
    }
    return nullptr;
}

__attribute__((format(printf, 1, 0))) std::string format(const char* text, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    std::string out(static_cast<std::size_t>(std::vsnprintf(nullptr, 0, text, again)), '\0');
    va_end(again);
    std::vsnprintf(out.data(), out.size() + 1, text, arguments);
    return out;
}

__attribute__((format(printf, 2, 3))) int
write(switch_stream_handle* stream, const char* text, ...) {
    va_list arguments;
    va_start(arguments, text);
    *static_cast<std::string*>(stream->data) += format(text, arguments);
    va_end(arguments);
    return 0;
}

} // namespace

Host::Host(const std::string& document) : state_(std::make_unique<State>()) {
    current = state_.get();
    this->document(document);
}

Host::~Host() {
    unload_by_force();
    for (auto* event : state_->made) {
        delete event;
    }
    destroy(state_->document);
    current = nullptr;
}

void Host::document(const std::string& text) {
    switch_xml* made = parse(text);
    if (made == nullptr) {
        throw std::invalid_argument("the document is no XML");
    }
    const std::lock_guard lock(state_->mutex);
    if (state_->document != nullptr && --state_->document->references == 0) {
        destroy(state_->document);
    }
    state_->document = made;
}

int Host::load(const std::string& file) {
    state_->file = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (state_->file == nullptr) {
        std::fprintf(stderr, "%s\n", ::dlerror());
        return -1;
    }
    auto name = file.substr(file.rfind('/') + 1);
    name = name.substr(0, name.find('.')) + "_module_interface";
    state_->table = static_cast<function_table*>(::dlsym(state_->file, name.c_str()));
    if (state_->table == nullptr || state_->table->api_version != 5) {
        return -1;
    }
    int pool = 0;
    switch_loadable_module_interface* made = nullptr;
    const std::lock_guard lock(state_->modules);
    const int status = state_->table->load(&made, &pool);
    state_->interface.reset(made);
    if (status != 0) {
        state_->table = nullptr;
        ::dlclose(std::exchange(state_->file, nullptr));
    }
    return status;
}

int Host::unload() {
    if (state_->file == nullptr) {
        return -1;
    }
    {
        const std::lock_guard lock(state_->modules);
        const std::lock_guard running(state_->running_mutex);
        if (state_->running > 0) {
            return in_use;
        }
        state_->interface.reset();
    }
    return end();
}

int Host::unload_by_force(std::chrono::seconds patience) {
    if (state_->file == nullptr) {
        return -1;
    }
    {
        const std::lock_guard lock(state_->modules);
        std::unique_lock running(state_->running_mutex);
        state_->ended.wait_until(running, std::chrono::system_clock::now() + patience,
                                 [&] { return state_->running == 0; });
        state_->interface.reset();
    }
    return end();
}

/// The file is closed right after; FreeSWITCH waits for no command there.
int Host::end() {
    const int status = state_->table->shutdown();
    state_->table = nullptr;
    ::dlclose(std::exchange(state_->file, nullptr));
    return status;
}

std::string Host::pnp(const std::string& text) {
    std::string out;
    switch_stream_handle stream{};
    stream.write_function = write;
    stream.data = &out;
    const auto function = [&] {
        const std::lock_guard lock(state_->modules);
        const auto& interface = state_->interface;
        const auto found =
            interface && !interface->apis.empty() ? interface->apis.front().function : nullptr;
        if (found != nullptr) {
            const std::lock_guard running(state_->running_mutex);
            ++state_->running;
        }
        return found;
    }();
    if (function != nullptr) {
        function(text.empty() ? nullptr : text.c_str(), nullptr, &stream);
        const std::lock_guard running(state_->running_mutex);
        --state_->running;
        state_->ended.notify_all();
    }
    return out;
}

std::size_t Host::commands() const {
    const std::lock_guard running(state_->running_mutex);
    return state_->running;
}

std::optional<std::string> Host::locate(const char* section,
                                        const char* tag,
                                        const char* key,
                                        const char* value,
                                        const Headers& params) {
    switch_event event{0, "", params, ""};
    const std::shared_lock asking(state_->bindings_mutex);
    const std::uint32_t bit = std::strcmp(section, "directory") == 0  ? 2
                              : std::strcmp(section, "dialplan") == 0 ? 4
                                                                      : 1;
    for (const auto& binding : state_->bindings) {
        if ((binding.sections & bit) == 0) {
            continue;
        }
        switch_xml* made = binding.search(section, tag, key, value, &event, binding.user_data);
        if (made != nullptr) {
            const std::string out = *made->source;
            destroy(made);
            const std::lock_guard lock(state_->mutex);
            --state_->documents;
            return out;
        }
    }
    return std::nullopt;
}

std::optional<std::string> Host::user(const std::string& number, const std::string& domain) {
    return locate("directory", "domain", "name", domain.c_str(),
                  {{"action", "sip_auth"},
                   {"sip_profile", "internal"},
                   {"sip_auth_username", number},
                   {"sip_auth_realm", "10.0.0.10"},
                   {"sip_to_user", number},
                   {"sip_auth_method", "REGISTER"},
                   {"key", "id"},
                   {"user", number},
                   {"domain", domain},
                   {"ip", "10.0.0.2"}});
}

std::optional<std::string> Host::call(const std::string& number, const std::string& context) {
    return locate("dialplan", nullptr, nullptr, nullptr,
                  {{"Hunt-Dialplan", "XML"},
                   {"Hunt-Context", context},
                   {"Hunt-Destination-Number", number},
                   {"Caller-Destination-Number", "0"},
                   {"Caller-Context", "elsewhere"}});
}

void Host::reloadxml(const std::string& text) {
    document(text);
    tell(56, "", {});
}

void Host::event(const std::string& subclass, const Headers& headers) {
    tell(0, subclass, headers);
}

Headers Host::fired_before(Headers headers) {
    headers["Event-Sequence"] = std::to_string(++state_->sequence);
    return headers;
}

void Host::tell(int id, const std::string& subclass, const Headers& headers) {
    const bool is_numbered = headers.count("Event-Sequence") > 0;
    switch_event event{id, subclass, is_numbered ? headers : fired_before(headers), ""};
    state_->name(event);
    const std::shared_lock telling(state_->nodes_mutex);
    for (const auto* node : state_->nodes) {
        // As older ones do: a name is found in longer ones, too.
        if (node->event_id == id && subclass.find(node->subclass) != std::string::npos) {
            node->callback(&event);
        }
    }
}

void Host::event_name(int id, const std::string& name) {
    const std::lock_guard lock(state_->mutex);
    state_->names[id] = name;
}

void Host::scripts_answer() {
    state_->scripts_answer = true;
}

std::vector<Logged> Host::logged() const {
    const std::lock_guard lock(state_->mutex);
    return state_->logged;
}

bool Host::has_logged(int level, const std::string& part) const {
    const auto all = logged();
    return std::any_of(all.begin(), all.end(), [&](const Logged& one) {
        return one.level == level && one.text.find(part) != std::string::npos;
    });
}

std::vector<Fired> Host::fired() const {
    const std::lock_guard lock(state_->mutex);
    return state_->fired;
}

std::vector<std::string> Host::completions() const {
    const std::lock_guard lock(state_->mutex);
    return state_->completions;
}

std::size_t Host::live_documents() const {
    const std::lock_guard lock(state_->mutex);
    return state_->documents + static_cast<std::size_t>(state_->document->references - 1);
}

Host::Read Host::take_read() {
    const std::lock_guard lock(state_->mutex);
    return std::exchange(state_->read, {});
}

std::size_t Host::live_bindings() const {
    const std::shared_lock asking(state_->bindings_mutex);
    const std::shared_lock telling(state_->nodes_mutex);
    return state_->bindings.size() + state_->nodes.size();
}

std::string Host::module_name() const {
    const std::lock_guard lock(state_->modules);
    return state_->interface == nullptr ? "" : state_->interface->name;
}

std::string Host::api_name() const {
    const std::lock_guard lock(state_->modules);
    return state_->interface == nullptr || state_->interface->apis.empty()
               ? ""
               : state_->interface->apis.front().interface_name;
}

} // namespace fake

using fake::current;

#define PNP_EXPORTED extern "C" __attribute__((visibility("default")))

PNP_EXPORTED switch_loadable_module_interface*
switch_loadable_module_create_module_interface(void* pool, const char* name) {
    return pool == nullptr ? nullptr : new switch_loadable_module_interface{name, {}};
}

PNP_EXPORTED void* switch_loadable_module_create_interface(switch_loadable_module_interface* module,
                                                           int kind) {
    return kind == 5 ? &module->apis.emplace_back() : nullptr;
}

PNP_EXPORTED int switch_console_set_complete(const char* text) {
    const std::lock_guard lock(current->mutex);
    current->completions.emplace_back(text);
    return 0;
}

PNP_EXPORTED __attribute__((format(printf, 7, 8))) void switch_log_printf(
    int, const char*, const char*, int, const char*, int level, const char* text, ...) {
    va_list arguments;
    va_start(arguments, text);
    const std::lock_guard lock(current->mutex);
    // Always "%s": what a stranger wrote is no format.
    current->logged.push_back({level,
                               std::strcmp(text, "%s") == 0 ? fake::format(text, arguments)
                                                            : std::string("FORMAT ") + text,
                               ::sched_getscheduler(0)});
    va_end(arguments);
}

PNP_EXPORTED switch_xml* switch_xml_open_cfg(const char* name, switch_xml** found, switch_event*) {
    if (current->scripts_answer) {
        const std::lock_guard looked_for(current->modules);
    }
    const std::lock_guard lock(current->mutex);
    ++current->read.documents;
    *found = fake::named(fake::named(current->document, "section", "configuration"),
                         "configuration", name);
    if (*found == nullptr) {
        return nullptr;
    }
    ++current->document->references;
    return current->document;
}

PNP_EXPORTED switch_xml* switch_xml_child(switch_xml* parent, const char* name) {
    return fake::child(parent, name);
}

PNP_EXPORTED const char* switch_xml_attr_soft(switch_xml* node, const char* name) {
    if (*node->name_text == "user" && std::strcmp(name, "id") == 0) {
        const std::lock_guard lock(current->mutex);
        ++current->read.users;
    }
    const auto found = node->attributes->find(name);
    return found == node->attributes->end() ? "" : found->second.c_str();
}

PNP_EXPORTED void switch_xml_free(switch_xml* root) {
    const std::lock_guard lock(current->mutex);
    if (root != nullptr && --root->references == 0) {
        fake::destroy(root);
    }
}

PNP_EXPORTED int switch_xml_bind_search_function_ret(Search search,
                                                     std::uint32_t sections,
                                                     void* user_data,
                                                     void** made) {
    const std::lock_guard lock(current->bindings_mutex);
    current->bindings.push_back({search, sections, user_data});
    return made == nullptr ? 0 : 1;
}

PNP_EXPORTED int switch_xml_unbind_search_function_ptr(Search search) {
    const std::lock_guard lock(current->bindings_mutex);
    return current->bindings.remove_if([&](const auto& one) { return one.search == search; }) > 0
               ? 0
               : 1;
}

PNP_EXPORTED std::uint32_t switch_xml_parse_section_string(const char* names) {
    const std::string text = names == nullptr ? "" : names;
    std::uint32_t out = 0;
    for (const auto& [name, bit] :
         std::map<std::string, std::uint32_t>{{"config", 1}, {"directory", 2}, {"dialplan", 4}}) {
        out |= text.find(name) == std::string::npos ? 0 : bit;
    }
    return out;
}

PNP_EXPORTED switch_xml* switch_xml_parse_str_dynamic(char* text, int copy) {
    switch_xml* made = copy == 1 ? fake::parse(text) : nullptr;
    if (made != nullptr) {
        const std::lock_guard lock(current->mutex);
        ++current->documents;
    }
    return made;
}

PNP_EXPORTED int switch_event_bind_removable(const char*,
                                             int event,
                                             const char* subclass,
                                             Callback callback,
                                             void*,
                                             switch_event_node** made) {
    if (event != 0 && subclass != nullptr) {
        return 1;
    }
    *made = new switch_event_node{event, subclass == nullptr ? "" : subclass, callback};
    const std::lock_guard lock(current->nodes_mutex);
    current->nodes.push_back(*made);
    return 0;
}

PNP_EXPORTED int switch_event_unbind(switch_event_node** node) {
    const std::lock_guard lock(current->nodes_mutex);
    current->nodes.remove(*node);
    delete std::exchange(*node, nullptr);
    return 0;
}

PNP_EXPORTED char* switch_event_get_header_idx(switch_event* event, const char* name, int index) {
    const auto found = event->headers.find(name);
    return found == event->headers.end() || index != -1 ? nullptr : found->second.data();
}

PNP_EXPORTED int switch_event_create_subclass_detailed(
    const char*, const char*, int, switch_event** made, int id, const char* subclass) {
    if (id != 0 && subclass != nullptr) {
        return 9;
    }
    *made = new switch_event{id, subclass == nullptr ? "" : subclass, {}, ""};
    current->name(**made);
    const std::lock_guard lock(current->mutex);
    current->made.insert(*made);
    return 0;
}

PNP_EXPORTED int switch_event_add_header_string(switch_event* event,
                                                int stack,
                                                const char* name,
                                                const char* value) {
    event->add(name, value);
    return stack == 1 ? 0 : 1;
}

PNP_EXPORTED __attribute__((format(printf, 2, 3))) int
switch_event_add_body(switch_event* event, const char* text, ...) {
    va_list arguments;
    va_start(arguments, text);
    event->body = fake::format(text, arguments);
    va_end(arguments);
    return 0;
}

PNP_EXPORTED int
switch_event_fire_detailed(const char*, const char*, int, switch_event** event, void*) {
    const std::lock_guard lock(current->mutex);
    current->made.erase(*event);
    current->fired.push_back(
        {(*event)->event_id, (*event)->subclass, (*event)->headers, (*event)->body});
    delete std::exchange(*event, nullptr);
    return 0;
}
