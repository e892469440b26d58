// SPDX-License-Identifier: MIT
// All options in one table: pnp.conf, --help, the sample file and the README's table come from it.
#pragma once

#include "module/rules.hpp"
#include "pnp/service.hpp"
#include "provisioning/base/interfaces.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/neighbours.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/profile/catalogue.hpp"
#include "provisioning/profile/firmware.hpp"
#include "provisioning/profile/site.hpp"
#include "provisioning/serve/gate.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/wpi/difference.hpp"
#include "provisioning/wpi/message.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace engine {

enum class UnknownPhone : std::uint8_t { hold, guest, silent };

/// Whether a phone that is configured gets a new credential when it asks again.
enum class Reoffer : std::uint8_t {
    quiet, ///< unless another address is registered as it or used its URL just now
    ask,   ///< only once somebody approved it again, or with an enrolment window for its MAC
    never, ///< only with an enrolment window for its MAC
};

/// What is dialled to claim a phone.
struct ClaimCodes {
    std::string claim; ///< "*77"; empty: nobody can, and guests have no account
    std::string release = "*78";
    std::string guests_context = "pnp-guests"; ///< of the PBX's dial plan: all that guests can dial
    std::vector<std::string> emergency;        ///< numbers that guests can dial besides
    std::string emergency_context;             ///< where they are dialled on

    /// Whether who dials this means a code.
    bool has(std::string_view number) const;
};

struct Settings {
    base::InterfaceChoice interfaces;
    UnknownPhone unknown_phone = UnknownPhone::hold;
    Reoffer reoffer = Reoffer::quiet;
    std::chrono::milliseconds reoffer_quiet = std::chrono::minutes(10);
    serve::SourceCheck source_check = serve::SourceCheck::served;
    std::vector<base::Network> allow; ///< beyond those of the served interfaces
    base::NeighbourCheck neighbour_check = base::NeighbourCheck::enforce;
    std::vector<base::Network> neighbour_allow; ///< believed without a look
    pnp::Settings pnp;
    std::uint16_t http_port = 5480;
    std::uint16_t https_port = 5481; ///< 0: none
    std::string tls_certificate;     ///< of the administrator; empty: ours
    std::string tls_key;

    struct Wpi {
        bool on = false;
        std::uint16_t port = 18443;
        std::uint16_t poll_port = 18080; ///< 0: none
        std::chrono::minutes poll_interval{5};
        bool tls_legacy = false;
        std::chrono::milliseconds keepalive = std::chrono::seconds(30);
        std::chrono::milliseconds restart_timeout = std::chrono::minutes(10);
        bool reject_replays = false; ///< else they are noted
        wpi::LocalChanges local_changes = wpi::LocalChanges::record;
        bool factory_reset = false;
        std::vector<base::Network> contact_networks; ///< beyond the address that a phone calls from
        wpi::Escape escape = wpi::Escape::normal;
    };

    Wpi wpi; ///< the Workpoint Interface
    bool tftp = false;
    std::uint16_t tftp_port = 69;
    std::uint16_t admin_port = 5482; ///< on loopback; 0: none
    serve::HttpLimits http;
    inventory::Limits limits;
    std::string data;
    std::string key_file; ///< empty: beside the database
    std::string control;
    std::string dhcp_control;    ///< takes dhcp-event alone; empty: there is none
    std::string vendors;         ///< the site's own templates
    std::string firmware_folder; ///< empty: beside the database
    std::string extensions_context = "pnp-extensions"; ///< of the PBX's dial plan, for our own
    ClaimCodes claims;
    std::vector<inventory::Pool> pools;
    std::chrono::milliseconds pool_quarantine = std::chrono::hours(24 * 7);
    std::vector<std::pair<std::string, base::log::Level>> levels;
    /// Where a rule's options stand, "FILE:LINE"; "" names the section itself.
    using Places = std::map<std::string, std::string, std::less<>>;

    std::vector<ApprovalRule> approval_rules; ///< [rule NAME]
    std::vector<Places> approval_places;      ///< of each
    std::vector<profile::Rule> rules;         ///< [profile NAME]
    std::vector<Places> rule_places;          ///< of each
    std::vector<profile::Firmware> firmware;  ///< [firmware NAME]
    std::vector<Places> firmware_places;      ///< of each
};

/// One row of the table.
struct Option {
    std::string_view section;  ///< "general", "rule", "profile" or "firmware"
    std::string_view name;     ///< with " NAME" at its end: there may be several, each with its own
    std::string_view value;    ///< what to write, such as "DURATION"
    std::string_view fallback; ///< the default, as it would be written; empty = none
    std::string_view help;
    bool reload_is_enough = true;
};

std::vector<Option> option_table();

/// Reads `text` (the content of `file`), then the overrides ("name=value", options of [general]).
/// Errors read "FILE:LINE: name: what is wrong, what to write".
base::Result<Settings> read_settings(std::string_view text,
                                     const std::string& file,
                                     const std::vector<std::string>& overrides);

/// Holds the rules against the vendors and templates they apply to. Errors as above.
base::Status check_rules(const Settings& settings, const profile::Catalogue& catalogue);

/// The names of the options that differ and need a restart.
std::vector<std::string> needs_restart(const Settings& before, const Settings& after);
/// Gives these options of `fresh` the values that run, so that all speak of what is the case.
void keep_until_restart(Settings& fresh, const Settings& running);

/// Whether what is written there is gone when the machine starts again.
bool is_in_memory(const std::string& folder);

std::string sample_file();    ///< conf/pnp.conf.sample
std::string markdown_table(); ///< the README's section

} // namespace engine
