// SPDX-License-Identifier: MIT
// The rows of the option table: what may be written, its default, its help, and where it goes.
#pragma once

#include "module/settings.hpp"

#include <string_view>
#include <vector>

namespace engine {

/// What a row sets: the settings, or what its section is about.
struct Target {
    Settings& settings;
    profile::Rule& rule;    ///< of [profile]
    ApprovalRule& approval; ///< of [rule]
    profile::Firmware& firmware;
    std::string_view name = {}; ///< of an option that has one: "sales" of `pool sales`
};

struct Row {
    Option option;
    base::Status (*set)(Target, std::string_view value);
};

const std::vector<Row>& option_rows();

} // namespace engine
