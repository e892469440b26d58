// SPDX-License-Identifier: MIT
// Reads a phone's environment off its timeline. The manual's table is about the maker's own PBX;
// where its router is does not matter to ours, but whether DHCP names us does.
#include "provisioning/admin/installation.hpp"

#include "provisioning/profile/kx/environments.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

using inventory::Step;
using profile::kx::Environment;
using profile::kx::Way;

bool has_any(const std::vector<inventory::Event>& timeline, std::initializer_list<Step> steps) {
    return std::any_of(timeline.begin(), timeline.end(), [&](const inventory::Event& event) {
        return std::find(steps.begin(), steps.end(), event.step) != steps.end();
    });
}

/// Neither whose router it is nor what was typed into the phone can be seen from here.
Environment environment_of(const std::vector<inventory::Event>& timeline) {
    const bool is_inside = has_any(timeline, {Step::boot_served, Step::guest_served, Step::offered,
                                              Step::file_served, Step::configured, Step::leased});
    if (!is_inside && has_any(timeline, {Step::heard_outside})) {
        return Environment::external_router_outside;
    }
    const bool by_dhcp =
        std::any_of(timeline.begin(), timeline.end(), [](const inventory::Event& event) {
            const bool is_first_file =
                event.step == Step::boot_served || event.step == Step::guest_served;
            return event.step == Step::leased ||
                   (is_first_file && event.detail.find(".cfg") != std::string::npos &&
                    event.detail.find("Config") == std::string::npos);
        });
    return by_dhcp ? Environment::own_router_inside : Environment::external_router_inside;
}

} // namespace

std::string installation(const std::vector<inventory::Event>& timeline) {
    const auto environment = environment_of(timeline);
    std::vector<std::string> by_hand;
    std::vector<std::string_view> never;
    for (const auto& function : functions(profile::kx::Maker::panasonic, environment)) {
        if (function.way == Way::manual) {
            by_hand.push_back(fmt::format("{} ({})", function.name, function.by));
        } else if (function.way == Way::not_available) {
            never.push_back(function.name);
        }
    }
    std::string text = fmt::format("It is installed as in environment {} of the maker's HTS824: ",
                                   name(environment));
    text += by_hand.empty() ? std::string("all comes by itself")
                            : fmt::format("by hand stays {}", fmt::join(by_hand, ", "));
    if (!never.empty()) {
        text += fmt::format("; not to be had: {}", fmt::join(never, ", "));
    }
    return text + ".";
}

} // namespace admin
