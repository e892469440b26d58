// SPDX-License-Identifier: MIT
// As much of FreeSWITCH as a module sees: 19 functions, its documents, bindings, events and
// console, from any thread, with the locks that FreeSWITCH holds. It knows none of the module's own
// declarations.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <strings.h>
#include <vector>

namespace fake {

/// Large letters are small ones in FreeSWITCH's names.
struct ByName {
    bool operator()(const std::string& one, const std::string& other) const {
        return ::strcasecmp(one.c_str(), other.c_str()) < 0;
    }
};

using Headers = std::map<std::string, std::string, ByName>;

struct Logged {
    int level = 0;
    std::string text;
    int scheduler = 0; ///< of the thread that said so
};

struct Fired {
    int id = 0;
    std::string subclass;
    Headers headers;
    std::string body;
};

/// One at a time.
class Host {
  public:
    /// `document` is freeswitch.xml after its preprocessor.
    explicit Host(const std::string& document);
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    /// As `load` and `unload` of its console: the status of the module, -1 where the file is none.
    /// An unload is refused while a command runs ("Module in use."), and the module not told.
    int load(const std::string& file);
    int unload();
    static constexpr int in_use = 1;
    /// As `unload -f`: it waits so long for commands that run, and then goes on.
    int unload_by_force(std::chrono::seconds patience = std::chrono::seconds(10));

    /// freeswitch.xml, and as `reloadxml` takes it in.
    void document(const std::string& text);
    void reloadxml(const std::string& text);

    /// What the console's command `pnp` prints; nothing where it is not there.
    std::string pnp(const std::string& text);
    /// How many of them run.
    std::size_t commands() const;

    /// As switch_xml_locate asks its bindings: the text of the answer; nothing: NULL.
    std::optional<std::string> locate(const char* section,
                                      const char* tag,
                                      const char* key,
                                      const char* value,
                                      const Headers& params);
    /// A user as mod_sofia looks for it, a call as mod_dialplan_xml does.
    std::optional<std::string> user(const std::string& number, const std::string& domain);
    std::optional<std::string> call(const std::string& number, const std::string& context);

    /// Delivers an event of mod_sofia's.
    void event(const std::string& subclass, const Headers& headers);
    /// As one that is fired now, and delivered when its thread has its turn.
    Headers fired_before(Headers headers);
    /// As a fork that has another event at this number.
    void event_name(int id, const std::string& name);
    /// A script answers for configurations, and looks for a command of FreeSWITCH meanwhile.
    void scripts_answer();

    std::vector<Logged> logged() const;
    bool has_logged(int level, const std::string& part) const;
    std::vector<Fired> fired() const;             ///< in their order
    std::vector<std::string> completions() const; ///< every set_complete
    std::size_t live_documents() const;           ///< not freed, without its own
    std::size_t live_bindings() const;            ///< of documents and events

    struct Read {
        std::size_t documents = 0; ///< that were opened for a configuration
        std::size_t users = 0;     ///< whose id was asked for
    };

    Read take_read(); ///< since it was asked last
    std::string module_name() const;
    std::string api_name() const;

    struct State;

  private:
    int end();
    void tell(int id, const std::string& subclass, const Headers& headers);

    std::unique_ptr<State> state_;
};

} // namespace fake
