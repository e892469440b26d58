// SPDX-License-Identifier: MIT
// Where a phone stands, what is missing and what to do, and its timeline as a story.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/inventory/device.hpp"
#include "provisioning/inventory/workpoint.hpp"
#include "provisioning/profile/vendor.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace admin {

struct Story {
    std::vector<std::string> lines; ///< one per event: time, address, sentence
    std::string now;                ///< where the phone stands
    std::string next;               ///< what is missing and what to do; empty when all is well
};

/// Of a phone that speaks the Workpoint Interface, or may.
struct Calls {
    /// That was opened for this phone by its MAC.
    enum class Window : std::uint8_t { none, open, spent };

    bool is_on = false;      ///< the interface, here
    std::uint16_t port = 0;  ///< where phones call
    std::uint16_t polls = 0; ///< where they ask whether to; 0: nowhere
    std::shared_ptr<const inventory::Workpoint> phone = {}; ///< null: it never called
    std::vector<inventory::Job> jobs = {};                  ///< the oldest first
    std::optional<base::UnixMs> next_poll = {};             ///< of one that polls
    Window window = Window::none;
    std::vector<std::string> not_given = {}; ///< items that it should have, and does not yet
};

struct Around {
    base::UnixMs holds_since = 0; ///< what was held before waits no more
    base::UnixMs now = 0;
    bool sees_registrations = false;         ///< the PBX tells us
    const profile::Vendor* vendor = nullptr; ///< of the phone; null where no profile knows it
    /// Where TFTP is served; nothing: it is off.
    std::optional<std::vector<base::Endpoint>> tftp = {};
    Calls calls = {};
};

/// `served_elsewhere`: its files come from another server.
Story explain(const inventory::Device& device,
              const std::vector<inventory::Event>& timeline,
              bool served_elsewhere,
              const Around& around);

} // namespace admin
