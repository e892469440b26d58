// SPDX-License-Identifier: MIT
// What a file is made of: the phone that asks, its accounts, and the URL that it gets.
#pragma once

#include "provisioning/inventory/device.hpp"
#include "provisioning/serve/file_settings.hpp"

#include <functional>
#include <optional>
#include <string>

namespace serve {

/// The account behind a number: from our own store or from the PBX; an error names why not.
using Accounts = std::function<base::Result<profile::Account>(const std::string& number)>;

/// The digit map of a line whose site wants one; nothing: it is not restricted. May block.
using DigitMaps = std::function<std::optional<std::string>(
    const profile::Vendor&, const profile::Site&, const profile::Account&)>;

/// A device, and what is known of it at this moment.
struct Phone {
    const inventory::Device& device;
    const profile::Vendor& vendor;
    std::string model;
    std::string firmware;
    base::Ipv4 address;
    bool from_request = false; ///< model and firmware are what the phone just said
};

/// Refused: a User-Agent of another phone, and a phone that no profile knows.
base::Result<Phone> recognise(const profile::Catalogue& catalogue,
                              const inventory::Device& device,
                              const std::string& user_agent,
                              base::Ipv4 address);

/// The facts of a phone's own file, but for its lines. `host` is our address on its network.
profile::Facts facts_of(const FileSettings& with,
                        const Phone& phone,
                        base::Ipv4 host,
                        const std::string& steady_token);

/// Its lines, in their order.
base::Status add_lines(profile::Facts& facts,
                       const Phone& phone,
                       const Accounts& accounts,
                       const DigitMaps& digit_maps);

/// The facts of a guest's file: asks again at the boot door.
profile::Facts guest_facts(const FileSettings& with, const Phone& phone, base::Ipv4 host);

/// Puts ******** in the place of every password and token.
void hide_secrets(profile::Facts& facts,
                  const FileSettings& with,
                  const Phone& phone,
                  base::Ipv4 host);

} // namespace serve
