// SPDX-License-Identifier: MIT
// R-URL: the addresses of files, with what the phone fills in (guide §5.4.5, §5.4.4, §5.5.2).
#pragma once

#include "provisioning/profile/kx/report.hpp"
#include "provisioning/profile/kx/table.hpp"

#include <string>
#include <string_view>

namespace profile::kx {

/// As a KX-UT670 with the MAC address 0080f0123456 and firmware 01.070 would fill it in.
std::string with_macros(std::string_view text);

/// Where a {word} stands that the phone does not fill in; npos: nowhere.
std::size_t unknown_macro(std::string_view text) noexcept;

void check_url(const Parameter& row, const Spot& spot, Report& report);

/// The address of a wallpaper or logo (guide §5.6.3).
void check_picture(const Parameter& row, const Spot& spot, Report& report);

} // namespace profile::kx
