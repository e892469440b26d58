// SPDX-License-Identifier: MIT
// The seam between a phone's life and its maker's habits: one table of functions per vendor.
#pragma once

#include "module/phone/account.hpp"
#include "module/phone/dial_plan.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phone {

struct Identity {
    base::Mac mac;
    std::string model;
    std::string version;
};

/// The parts of a SUBSCRIBE that are new at each start.
struct DialogIds {
    std::string branch;
    std::string tag;
    std::string call_id;
};

/// What the phone's flash holds: the vendor's own key → value. Passwords are among the values.
using Values = std::map<std::string, std::string>;

std::string text_of(const Values& values, std::string_view name, std::string_view otherwise = "");
std::uint64_t number_of(const Values& values, std::string_view name, std::uint64_t otherwise);

/// What one file said.
struct ReadFile {
    Values values;
    std::vector<std::string> unknown;  ///< names this phone does not know; kept, and worth a look
    std::vector<std::string> doubtful; ///< keys whose value a real phone may read otherwise
    std::vector<std::string> faults;   ///< lines it left out, each with its number and why
};

/// What a line costs that a maker calls wrong without saying what becomes of it.
enum class BadLine : std::uint8_t { refuses_file, is_left_out };

struct HttpLogin {
    std::string user;
    base::Secret password;
};

/// Where a file lies.
struct FileUrl {
    std::string url;   ///< ready to fetch; empty when none is set
    std::string fault; ///< why this phone does not fetch it
};

/// What the values say about files and firmware to a phone that is told three URLs, not a folder.
struct Provisioning {
    std::string boot_file; ///< by TFTP from the server of DHCP option 66
    bool asks_option66 = true;
    bool enabled = true;
    FileUrl master, product, standard; ///< the later wins
    bool cyclic = false;
    std::chrono::minutes interval{0};          ///< between two checks
    std::chrono::minutes retry{0};             ///< after a file it could not get
    std::optional<std::chrono::minutes> daily; ///< since midnight; switches both others off
    bool has_clock = false;
    std::string event; ///< of the NOTIFY that restarts it
    std::string user_agent;
    bool http10 = true;
    bool upgrades = true;
    std::string firmware; ///< version on offer, empty for none
    FileUrl firmware_file;
};

struct Vendor {
    std::string_view name; ///< as on the command line
    std::string_view title;
    std::string_view model;   ///< when none is named
    std::string_view version; ///< when none is named
    std::uint16_t pnp_port;   ///< the port its SUBSCRIBE comes from

    std::string (*sip_user_agent)(const Identity& phone, const Values& values);
    std::vector<Account> (*accounts)(const Values& values);

    /// It talks with its service by the Workpoint Interface, and needs nothing of what follows.
    bool is_workpoint = false;

    // A phone that is told its files' URLs by DHCP and by earlier files has these two.
    Provisioning (*provisioning)(const Values& values, const Identity& phone) = nullptr;
    base::Result<ReadFile> (*read_strictly)(std::string_view body, BadLine bad_line) = nullptr;
    /// What it makes of digits keyed on that line; null where they are sent as they are.
    Dialled (*dial)(const Values& values, int line, std::string_view keyed) = nullptr;

    // One that asks by SIP where its folder is has these.
    DialogIds (*new_dialog)(base::Endpoint local) = nullptr;
    std::string (*subscribe)(const Identity& phone,
                             const DialogIds& ids,
                             base::Endpoint local,
                             base::Ipv4 group) = nullptr;
    std::string (*http_user_agent)(const Identity& phone) = nullptr;
    /// The file names in the order the phone asks for them.
    std::vector<std::string> (*chain)(const Identity& phone) = nullptr;
    base::Result<ReadFile> (*read_file)(std::string_view body) = nullptr;
    std::string (*server_url)(const Values& values) = nullptr; ///< empty when no file set one
    bool (*asks_by_pnp)(const Values& values) = nullptr;
    HttpLogin (*http_login)(const Values& values) = nullptr;
    int (*http_seconds)(const Values& values) = nullptr;
};

/// Null for a name nobody knows.
const Vendor* find_vendor(std::string_view name) noexcept;
std::vector<std::string_view> vendor_names();

} // namespace phone
