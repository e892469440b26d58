// SPDX-License-Identifier: MIT
// The XML form of a configuration file (guide §2.4.4): the settings are attributes, and the element
// says where each belongs.
#pragma once

#include "provisioning/profile/kx/effective.hpp"
#include "provisioning/profile/kx/report.hpp"

#include <string_view>
#include <vector>

namespace profile::kx {

/// Whether a file is meant to be XML: nothing but blanks stands before its first <.
bool is_xml(std::string_view text) noexcept;

/// Adds what is wrong with the file and its values, and returns its settings in order.
std::vector<Effective> read_xml_file(const NamedFile& file, Report& report);

} // namespace profile::kx
