// SPDX-License-Identifier: MIT
// Reads pnp.conf by the option table; Boost.Program_options is seen here and in the programs only.
#include "module/settings.hpp"

#include "module/option_table.hpp"
#include "provisioning/base/ini.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/rule_check.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <set>

#include <linux/magic.h>
#include <sys/vfs.h>

namespace engine {

namespace po = boost::program_options;

using base::Errc;
using base::fail;
using base::Status;

namespace {

constexpr std::string_view name_of_its_own = " NAME";

bool takes_a_name(const Row& row) {
    return row.option.name.ends_with(name_of_its_own);
}

/// "sales" of `pool sales`; empty: an option without a name of its own.
std::string_view own_name(std::string_view name) {
    const auto gap = std::min(name.find_first_of(" \t"), name.size());
    return base::trim(name.substr(gap));
}

/// Of "pool sales" it is that of "pool NAME".
const Row* row_of(std::string_view section, std::string_view written) {
    const std::string name =
        own_name(written).empty()
            ? std::string(written)
            : fmt::format("{}{}", written.substr(0, written.find_first_of(" \t")), name_of_its_own);
    const auto found =
        std::find_if(option_rows().begin(), option_rows().end(), [&](const Row& row) {
            return row.option.section == section && row.option.name == name;
        });
    return found == option_rows().end() ? nullptr : &*found;
}

std::string suggestion(std::string_view section, std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& row : option_rows()) {
        if (row.option.section == section) {
            names.push_back(row.option.name);
        }
    }
    if (std::find(names.begin(), names.end(), fmt::format("{}{}", name, name_of_its_own)) !=
        names.end()) {
        return fmt::format("; write a name behind it, such as {} sales", name);
    }
    const auto near = base::nearest(name, names);
    return near ? fmt::format("; did you mean {}?", *near)
                : fmt::format("; `pnpd --sample` lists all options");
}

/// Where an option was written, for messages.
struct Place {
    std::string file;
    int line = 0;

    std::string str() const { return line > 0 ? fmt::format("{}:{}", file, line) : file; }
};

/// One section on its way through Program_options.
class Section {
  public:
    explicit Section(std::string_view kind) : kind_(kind) {
        for (const auto& row : option_rows()) {
            if (row.option.section == kind && !takes_a_name(row)) {
                description_.add_options()(std::string(row.option.name).c_str(),
                                           po::value<std::string>(),
                                           std::string(row.option.help).c_str());
            }
        }
    }

    Status add(std::string_view name, std::string_view value, const Place& place) {
        if (row_of(kind_, name) == nullptr) {
            return fail(Errc::not_found, "{}: there is no option {} in [{}]{}", place.str(), name,
                        kind_, suggestion(kind_, name));
        }
        const auto [before, is_new] = places_.emplace(name, place);
        if (!is_new) {
            return fail(Errc::conflict, "{}: {} is set in {} already; write it once", place.str(),
                        name, before->second.str());
        }
        if (takes_a_name(*row_of(kind_, name))) {
            named_.emplace_back(name, value);
            return {};
        }
        po::option option;
        option.string_key = name;
        option.value.emplace_back(value);
        parsed_.options.push_back(std::move(option));
        return {};
    }

    Status add_all(const base::IniSection& section, const std::string& file) {
        for (const auto& entry : section.entries) {
            if (auto done = add(entry.name, entry.value, {file, entry.line}); !done) {
                return done;
            }
        }
        return {};
    }

    Status apply(Target target) {
        for (const auto& [name, value] : named_) {
            target.name = own_name(name);
            if (auto done = row_of(kind_, name)->set(target, value); !done) {
                return fail(done.error().code, "{}: {}: {}", places_.at(name).str(), name,
                            done.error().what);
            }
        }
        po::variables_map values;
        try {
            parsed_.description = &description_;
            po::store(parsed_, values);
            po::notify(values);
        } catch (const po::error& error) {
            return fail(Errc::malformed, "[{}]: {}", kind_, error.what());
        }
        for (const auto& row : option_rows()) {
            const std::string name(row.option.name);
            if (row.option.section != kind_ || values.count(name) == 0) {
                continue;
            }
            if (auto done = row.set(target, values[name].as<std::string>()); !done) {
                return fail(done.error().code, "{}: {}: {}", places_.at(name).str(), name,
                            done.error().what);
            }
        }
        return {};
    }

    /// As Settings holds them; `here` is the section's own.
    Settings::Places places(const Place& here) const {
        Settings::Places all{{"", here.str()}};
        for (const auto& [name, place] : places_) {
            all.emplace(name, place.str());
        }
        return all;
    }

  private:
    std::string kind_;
    po::options_description description_;
    po::parsed_options parsed_{&description_};
    std::vector<std::pair<std::string, std::string>> named_; ///< name and value, in their order
    std::map<std::string, Place, std::less<>> places_;
};

/// The PBX takes one meaning of a number: with two, it would be whichever was put there first.
Status check_codes(const Settings& settings) {
    const auto& codes = settings.claims;
    if (codes.claim.empty()) {
        return {};
    }
    if (codes.guests_context == settings.extensions_context) {
        return fail(Errc::conflict,
                    "guests_context: {} is the extensions_context too, and guests could call "
                    "everybody; name another",
                    codes.guests_context);
    }
    std::vector<std::string> numbers{codes.claim};
    const auto is_new = [&](const std::string& number) {
        return std::find(numbers.begin(), numbers.end(), number) == numbers.end();
    };
    if (!is_new(codes.release)) {
        return fail(Errc::conflict, "release_code: {} is the claim_code too; write another",
                    codes.release);
    }
    numbers.push_back(codes.release);
    for (const auto& number : codes.emergency) {
        if (!is_new(number)) {
            return fail(Errc::conflict,
                        "emergency_numbers: {} is there already, or a code; write each once",
                        number);
        }
        numbers.push_back(number);
    }
    return {};
}

Status check_pool(const ApprovalRule& rule, const Settings::Places& places) {
    if (rule.action == Action::assign && !rule.pool) {
        return fail(Errc::malformed,
                    "{}: [rule {}] assigns, but from which numbers? write pool, such as 200-299",
                    places.at(""), rule.name);
    }
    if (rule.action != Action::assign && rule.pool) {
        return fail(Errc::malformed, "{}: pool: only action = assign takes numbers from a pool",
                    places.at("pool"));
    }
    return {};
}

/// Pools may be written behind the rules that use them.
Status look_up_pools(Settings& settings) {
    for (auto& pool : settings.pools) {
        pool.quarantine = settings.pool_quarantine;
    }
    for (std::size_t i = 0; i < settings.approval_rules.size(); ++i) {
        auto& wanted = settings.approval_rules[i].pool;
        if (!wanted) {
            continue;
        }
        if (wanted->name.empty()) {
            wanted->quarantine = settings.pool_quarantine;
            continue;
        }
        std::vector<std::string_view> names;
        for (const auto& pool : settings.pools) {
            names.push_back(pool.name);
        }
        const auto found = std::find(names.begin(), names.end(), wanted->name);
        if (found == names.end()) {
            const auto near = base::nearest(wanted->name, names);
            return fail(Errc::not_found, "{}: pool: there is no pool {}; {}",
                        settings.approval_places[i].at("pool"), wanted->name,
                        near
                            ? fmt::format("did you mean {}?", *near)
                            : fmt::format("write into [general]: pool {} = 200-299", wanted->name));
        }
        wanted = settings.pools[static_cast<std::size_t>(found - names.begin())];
    }
    return {};
}

Status check_firmware(const profile::Firmware& firmware, const Settings::Places& places) {
    for (const auto& [name, value] :
         {std::pair<std::string_view, const std::string&>("vendor", firmware.vendor),
          {"version", firmware.version},
          {"file", firmware.file}}) {
        if (value.empty()) {
            return fail(Errc::malformed, "{}: [firmware {}] says no {}; write it", places.at(""),
                        firmware.name, name);
        }
    }
    return {};
}

} // namespace

std::vector<Option> option_table() {
    std::vector<Option> table;
    for (const auto& row : option_rows()) {
        table.push_back(row.option);
    }
    return table;
}

base::Result<Settings> read_settings(std::string_view text,
                                     const std::string& file,
                                     const std::vector<std::string>& overrides) {
    const auto sections = base::parse_ini(text, file);
    if (!sections) {
        return tl::unexpected(sections.error());
    }
    Settings settings;
    settings.vendors = "/etc/pnp/vendors";
    profile::Rule unused;
    ApprovalRule unused_too;
    profile::Firmware unused_as_well;
    Section general("general");
    std::set<std::string, std::less<>> overridden;
    for (const auto& line : overrides) {
        const auto equals = line.find('=');
        const std::string name = line.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : line.substr(equals + 1);
        if (auto done = general.add(name, value, {"command line", 0}); !done) {
            return tl::unexpected(done.error());
        }
        overridden.insert(name);
    }
    std::set<std::pair<std::string, std::string>> names;
    for (const auto& section : *sections) {
        const Place here{file, section.line};
        const bool is_rule = section.kind == "rule";
        const bool is_firmware = section.kind == "firmware";
        if (section.kind == "general" && section.name.empty()) {
            for (const auto& entry : section.entries) {
                if (overridden.count(entry.name) != 0) {
                    continue;
                }
                if (auto done = general.add(entry.name, entry.value, {file, entry.line}); !done) {
                    return tl::unexpected(done.error());
                }
            }
        } else if ((is_rule || is_firmware || section.kind == "profile") && !section.name.empty()) {
            if (!names.emplace(section.kind, section.name).second) {
                return fail(Errc::conflict, "{}: there is a [{} {}] already; rename one",
                            here.str(), section.kind, section.name);
            }
            profile::Rule rule;
            ApprovalRule approval;
            profile::Firmware firmware;
            rule.name = approval.name = firmware.name = section.name;
            Section reader(section.kind);
            auto done = reader.add_all(section, file);
            if (done) {
                done = reader.apply({settings, rule, approval, firmware});
            }
            if (done && is_rule) {
                done = check_pool(approval, reader.places(here));
            }
            if (done && is_firmware) {
                done = check_firmware(firmware, reader.places(here));
            }
            if (!done) {
                return tl::unexpected(done.error());
            }
            if (is_rule) {
                settings.approval_rules.push_back(std::move(approval));
                settings.approval_places.push_back(reader.places(here));
            } else if (is_firmware) {
                settings.firmware.push_back(std::move(firmware));
                settings.firmware_places.push_back(reader.places(here));
            } else {
                settings.rules.push_back(std::move(rule));
                settings.rule_places.push_back(reader.places(here));
            }
        } else {
            return fail(Errc::not_found,
                        "{}: there is no section [{}{}{}]; write [general], [rule NAME], "
                        "[profile NAME] or [firmware NAME]",
                        here.str(), section.kind, section.name.empty() ? "" : " ", section.name);
        }
    }
    if (auto done = general.apply({settings, unused, unused_too, unused_as_well}); !done) {
        return tl::unexpected(done.error());
    }
    if (auto done = look_up_pools(settings); !done) {
        return tl::unexpected(done.error());
    }
    if (auto done = check_codes(settings); !done) {
        return fail(done.error().code, "{}: {}", file, done.error().what);
    }
    if (settings.tls_certificate.empty() != settings.tls_key.empty()) {
        return fail(Errc::conflict, "{}: tls_certificate and tls_key go together; set both or none",
                    file);
    }
    return settings;
}

base::Status check_rules(const Settings& settings, const profile::Catalogue& catalogue) {
    for (std::size_t i = 0; i < settings.rules.size(); ++i) {
        if (const auto good = profile::check_rule(settings.rules[i], catalogue); !good) {
            // The error starts with the option's name, where it is about one.
            const auto& what = good.error().what;
            const auto& places = settings.rule_places[i];
            const auto place = places.find(what.substr(0, what.find(':')));
            return fail(good.error().code, "{}: [profile {}] {}",
                        place != places.end() ? place->second : places.at(""),
                        settings.rules[i].name, what);
        }
        if (settings.rules[i].scheme == "https" && settings.https_port == 0) {
            return fail(Errc::conflict, "{}: scheme: https needs an https_port in [general]",
                        settings.rule_places[i].at("scheme"));
        }
    }
    for (std::size_t i = 0; i < settings.firmware.size(); ++i) {
        if (const auto good = profile::check_firmware(settings.firmware[i], catalogue); !good) {
            const auto& places = settings.firmware_places[i];
            const auto& what = good.error().what;
            const auto place = places.find(what.substr(0, what.find(':')));
            return fail(good.error().code, "{}: {}",
                        place != places.end() ? place->second : places.at(""), what);
        }
    }
    // Rules may be about phones of any vendor, but what looks like a slip is one.
    std::vector<std::string_view> known;
    for (const auto* vendor : catalogue.vendors()) {
        known.push_back(vendor->name);
    }
    for (std::size_t i = 0; i < settings.approval_rules.size(); ++i) {
        const auto& vendor = settings.approval_rules[i].vendor;
        const auto near = base::nearest(vendor, known);
        if (!vendor.empty() && catalogue.named(vendor) == nullptr && near) {
            return fail(Errc::not_found, "{}: vendor: there is no '{}'; did you mean {}?",
                        settings.approval_places[i].at("vendor"), base::printable(vendor, 60),
                        *near);
        }
    }
    return {};
}

std::vector<std::string> needs_restart(const Settings& before, const Settings& after) {
    std::vector<std::string> names;
    const auto differs = [&](std::string_view name, bool does) {
        if (does) {
            names.emplace_back(name);
        }
    };
    differs("http_connections", before.http.connections != after.http.connections);
    differs("http_connections_per_source",
            before.http.connections_per_source != after.http.connections_per_source);
    differs("http_requests", before.http.rates.in_all != after.http.rates.in_all);
    differs("http_requests_per_source",
            before.http.rates.per_source != after.http.rates.per_source);
    differs("group", before.pnp.group.address != after.pnp.group.address);
    differs("group_port", before.pnp.group.port != after.pnp.group.port);
    differs("notify_port", before.pnp.notify_port != after.pnp.notify_port);
    differs("max_heard", before.limits.max_heard != after.limits.max_heard);
    differs("timeline_events", before.limits.events_per_device != after.limits.events_per_device);
    differs("timeline_for", before.limits.events_for != after.limits.events_for);
    differs("first_token_life", before.limits.first_token_life != after.limits.first_token_life);
    differs("data", before.data != after.data);
    differs("key_file", before.key_file != after.key_file);
    differs("control", before.control != after.control);
    differs("dhcp_control", before.dhcp_control != after.dhcp_control);
    return names;
}

void keep_until_restart(Settings& fresh, const Settings& running) {
    fresh.http = running.http;
    fresh.pnp.group = running.pnp.group;
    fresh.pnp.notify_port = running.pnp.notify_port;
    fresh.limits = running.limits;
    fresh.data = running.data;
    fresh.key_file = running.key_file;
    fresh.control = running.control;
    fresh.dhcp_control = running.dhcp_control;
}

bool is_in_memory(const std::string& folder) {
    struct statfs found {};

    return ::statfs(folder.c_str(), &found) == 0 &&
           (found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC);
}

bool ClaimCodes::has(std::string_view number) const {
    return !claim.empty() &&
           (number == claim || number == release || number.starts_with(claim + "*"));
}

} // namespace engine
