// SPDX-License-Identifier: MIT
// FreeSWITCH behind the engine's door: users, extensions, NOTIFY, events for each step, the log.
#include "module/freeswitch/module.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include <fmt/format.h>

namespace freeswitch {

namespace {

/// FreeSWITCH prints one it does not know as a line of its own, so control characters go.
std::string one_line(std::string_view text) {
    std::string out(text);
    std::replace_if(
        out.begin(), out.end(),
        [](char letter) { return static_cast<unsigned char>(letter) < ' '; }, ' ');
    return out;
}

/// Runs what may throw; nothing gets past it.
template <class Body>
int guarded(char* why, std::size_t size, int otherwise, const Body& body) noexcept {
    try {
        std::string said;
        const int done = body(said);
        if (why != nullptr && size > 0) {
            std::snprintf(why, size, "%s", said.c_str());
        }
        return done;
    } catch (const std::exception& error) {
        if (why != nullptr && size > 0) {
            std::snprintf(why, size, "%s", error.what());
        }
        return otherwise;
    }
}

Module& of(void* context) {
    return *static_cast<Module*>(context);
}

void log_line(void* /*context*/, pnp_level level, const char* room, const char* text) {
    static constexpr std::array<LogLevel, 4> levels = {LogLevel::debug, LogLevel::notice,
                                                       LogLevel::warning, LogLevel::error};
    guarded(nullptr, 0, 0, [&](std::string&) {
        log(levels.at(level), fmt::format("{}: {}", room, text));
        return 0;
    });
}

/// One event of FreeSWITCH, fired when this ends.
class Firing {
  public:
    Firing(int id, const char* subclass) {
        if (event_create(__FILE__, "pnp", __LINE__, &event_, id, subclass) != success) {
            event_ = nullptr;
        }
    }

    ~Firing() {
        if (event_ != nullptr) {
            event_fire(__FILE__, "pnp", __LINE__, &event_, nullptr);
        }
    }

    Firing(const Firing&) = delete;
    Firing& operator=(const Firing&) = delete;

    explicit operator bool() const noexcept { return event_ != nullptr; }

    Event* event() const noexcept { return event_; }

    void forget() noexcept { event_ = nullptr; }

    void add(const char* name, std::string_view value) {
        if (event_ != nullptr) {
            event_add(event_, stack_bottom, name, one_line(value).c_str());
        }
    }

  private:
    Event* event_ = nullptr;
};

void tell_step(void* /*context*/, const pnp_step* step) {
    guarded(nullptr, 0, 0, [&](std::string&) {
        Firing event(event_custom, "pnp::device");
        event.add("PnP-Step", step->step);
        event.add("PnP-MAC", step->mac);
        event.add("PnP-State", step->state);
        event.add("PnP-Lines", step->lines);
        event.add("PnP-Address", step->address);
        event.add("PnP-Detail", step->detail);
        return 0;
    });
}

int find_account(
    void* context, const char* number, pnp_account* account, char* why, std::size_t why_size) {
    return guarded(why, why_size, PNP_UNUSABLE, [&](std::string& said) {
        auto& module = of(context);
        return module.is_started ? module.directory.find(number, *account, said)
                                 : module.directory.find_seen(number, *account, said);
    });
}

void list_accounts(void* context,
                   void (*visit)(void* to, const char* number, const char* name),
                   void* to) {
    guarded(nullptr, 0, 0, [&](std::string&) {
        auto& module = of(context);
        if (module.is_started) {
            (void)module.directory.look(); // or those that were seen last
        }
        module.directory.each([&](const std::string& number, const std::string& name) {
            visit(to, number.c_str(), name.c_str());
        });
        return 0;
    });
}

int look(void* context, char* why, std::size_t why_size) {
    return guarded(why, why_size, PNP_UNUSABLE, [&](std::string& said) {
        auto& module = of(context);
        const auto seen = module.is_started ? module.directory.look() : module.directory.looked();
        said = seen ? "" : seen.error().what;
        return seen ? 0 : static_cast<int>(PNP_UNUSABLE);
    });
}

int may_own(void* context, const char* number, const char* home, char* why, std::size_t why_size) {
    return guarded(why, why_size, PNP_UNUSABLE, [&](std::string& said) {
        if (!is_plain_number(number)) {
            said = fmt::format("{} cannot be dialled in FreeSWITCH: choose a number of digits",
                               number);
            return static_cast<int>(PNP_UNUSABLE);
        }
        if (auto other = of(context).directory.in_the_way(number, home)) {
            said = std::move(*other);
            return static_cast<int>(PNP_UNUSABLE);
        }
        return 0;
    });
}

int put_extension(void* context, const pnp_extension* extension, char* why, std::size_t why_size) {
    if (const int done = may_own(context, extension->number, extension->home, why, why_size);
        done != 0) {
        return done;
    }
    return guarded(why, why_size, PNP_UNUSABLE, [&](std::string&) {
        of(context).users.put(*extension);
        return 0;
    });
}

void remove_extension(void* context, const char* number) {
    guarded(nullptr, 0, 0, [&](std::string&) {
        of(context).users.remove(number);
        return 0;
    });
}

/// As `sofia profile … reboot` sends it. FreeSWITCH tells nobody what became of it.
int send_notify(void* context,
                const char* number,
                const char* address,
                std::uint16_t port,
                const char* event_string,
                char* why,
                std::size_t why_size) {
    return guarded(why, why_size, PNP_NONE, [&](std::string& said) {
        const auto contact = of(context).contacts.of(number, address, port);
        if (!contact) {
            said = fmt::format("{} did not register from {} since mod_pnp was loaded", number,
                               address);
            return static_cast<int>(PNP_NONE);
        }
        Firing event(event_notify, nullptr);
        if (!event) {
            said = "FreeSWITCH makes no event";
            return static_cast<int>(PNP_NONE);
        }
        event.add("profile", contact->profile);
        event.add("event-string", event_string);
        event.add("content-type", "application/simple-message-summary");
        event.add("user", contact->number);
        event.add("host", contact->host);
        event.add("call-id", contact->call_id); // of all that the number has, this one
        return 0;
    });
}

} // namespace

bool is_named(Event* event, std::string_view name) noexcept {
    const char* known = event == nullptr ? nullptr : event_header(event, "Event-Name", -1);
    return known != nullptr && known == name;
}

bool numbers_events_as_ours() {
    Firing notify(event_notify, nullptr); // with no headers it goes to nobody
    const bool is_same = is_named(notify.event(), "NOTIFY");
    if (!is_same) {
        notify.forget(); // lost, since whoever hears it might do anything
    }
    return is_same;
}

void log(LogLevel level, std::string_view text) noexcept {
    try {
        log_printf(log_channel, "mod_pnp.cpp", "pnp", 1, nullptr, static_cast<int>(level), "%s",
                   (one_line(text) + "\n").c_str());
    } catch (const std::exception&) { // there is no memory for a line
    }
}

void fill_host(pnp_host& host, Module& context) {
    host.version = PNP_HOST_VERSION;
    host.name = "FreeSWITCH";
    host.config_file = context.configuration.file.c_str();
    host.data_dir =
        context.configuration.data.empty() ? nullptr : context.configuration.data.c_str();
    host.control =
        context.configuration.control.empty() ? nullptr : context.configuration.control.c_str();
    host.context = &context;
    host.log = log_line;
    host.step = tell_step;
    host.find_account = find_account;
    host.list_accounts = list_accounts;
    host.look = look;
    host.may_own = may_own;
    host.put_extension = put_extension;
    host.remove_extension = remove_extension;
    host.send_notify = send_notify;
    host.sees_registrations = 1;
}

} // namespace freeswitch
