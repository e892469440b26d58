// SPDX-License-Identifier: MIT
// What the file door is told by the configuration.
#pragma once

#include "provisioning/profile/catalogue.hpp"
#include "provisioning/profile/firmware.hpp"
#include "provisioning/profile/offer_url.hpp"
#include "provisioning/serve/gate.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace serve {

/// Where phones of the Workpoint Interface find us.
struct WorkpointPorts {
    std::uint16_t service = 18443;
    std::uint16_t polls = 0; ///< 0: none is told to poll
    std::chrono::minutes poll_interval{5};
};

/// What may be swapped by a reload: a new value each time, never changed in place.
struct FileSettings {
    std::shared_ptr<const profile::Catalogue> catalogue;
    std::vector<profile::Rule> rules;
    profile::Ports ports = {}; ///< as written into URLs
    GateSettings gate = {};
    std::chrono::milliseconds reoffer_quiet = std::chrono::minutes(10);
    std::vector<profile::Firmware> firmware = {}; ///< the first that matches a phone counts
    std::string firmware_folder = {};             ///< where its files are
    WorkpointPorts workpoints = {};
};

} // namespace serve
