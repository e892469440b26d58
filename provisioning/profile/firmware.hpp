// SPDX-License-Identifier: MIT
// Which firmware which phones shall have, as the administrator says in pnp.conf.
#pragma once

#include "provisioning/base/net.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace profile {

/// One `[firmware NAME]` section: what it matches, and what it brings. An empty matcher matches
/// all.
struct Firmware {
    std::string name;
    std::string vendor; ///< as in conf/vendors, such as "panasonic"
    std::string model;  ///< as in a Rule
    std::optional<base::Network> network;

    std::string version;        ///< "01.100", as the phone itself writes it
    std::string file;           ///< in the folder of firmware
    std::size_t at_a_time = 10; ///< phones on their way to it; 0: the roll-out is held
};

/// What a phone is told to fetch.
struct FirmwareOffer {
    std::string version;
    std::string file; ///< in the phone's own folder
};

/// Numbers with dots between them: "01.100", "2.0.4.2".
bool is_version(std::string_view text);

/// Compares part by part as numbers, a part that is missing as 0; false where either is no version:
/// of what we do not understand nobody can say that it is older.
bool is_older(std::string_view version, std::string_view than);

/// Whether both are versions and neither is older.
bool is_same_version(std::string_view one, std::string_view other);

/// The first section that matches; nullptr where none does.
const Firmware* firmware_for(const std::vector<Firmware>& all,
                             std::string_view vendor,
                             std::string_view model,
                             base::Ipv4 phone);

/// A name that stands as it is in a URL, and in which no phone fills in anything: letters, digits,
/// dot, dash and underscore, at most 64 of them and no dot in front.
bool is_firmware_file(std::string_view name);

} // namespace profile
